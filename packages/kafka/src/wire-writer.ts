const INITIAL_BYTES = 512

/** Writes the primitive types of the Kafka protocol, big-endian, into one growing buffer. */
export class WireWriter {
  #buffer: Buffer
  #length = 0

  constructor(bytes = INITIAL_BYTES) {
    this.#buffer = Buffer.allocUnsafe(bytes)
  }

  /** What has been written, in the form that kafkajs copies a request from. */
  finish(): { readonly buf: Buffer; readonly buffer: Buffer } {
    const buffer = this.#buffer.subarray(0, this.#length)
    return { buf: buffer, buffer }
  }

  int8(value: number): this {
    this.#reserve(1)
    this.#length = this.#buffer.writeInt8(value, this.#length)
    return this
  }

  int16(value: number): this {
    this.#reserve(2)
    this.#length = this.#buffer.writeInt16BE(value, this.#length)
    return this
  }

  int32(value: number): this {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
    return this
  }

  int64(value: bigint): this {
    this.#reserve(8)
    this.#length = this.#buffer.writeBigInt64BE(value, this.#length)
    return this
  }

  string(text: string | null): this {
    if (text === null) return this.int16(-1)
    const bytes = Buffer.byteLength(text)
    this.int16(bytes)
    this.#reserve(bytes)
    this.#length += this.#buffer.write(text, this.#length)
    return this
  }

  bytes(bytes: Uint8Array): this {
    this.int32(bytes.length)
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  array<Item>(items: readonly Item[], write: (item: Item) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}
