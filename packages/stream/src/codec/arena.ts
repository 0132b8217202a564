const INITIAL_BYTES = 64 * 1024

/** Growing memory for inflated bytes; kept and refilled, so a steady stream allocates nothing. */
export class Arena {
  bytes: Uint8Array = new Uint8Array(0)
  /** All of `bytes`. */
  view = new DataView(this.bytes.buffer)
  length = 0

  reset(): void {
    this.length = 0
  }

  /** Makes room for `extra` bytes behind `length` and returns the memory, which may have moved. */
  reserve(extra: number): Uint8Array {
    const needed = this.length + extra
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.bytes.length, INITIAL_BYTES))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    return this.bytes
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes, this.length)
    this.length += bytes.length
  }
}
