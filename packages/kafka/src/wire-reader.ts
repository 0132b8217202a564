/** Reads the primitive types of the Kafka protocol. Reading past the end throws a RangeError. */
export class WireReader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  int8(): number {
    return this.#buffer.readInt8(this.#skip(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#skip(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#skip(4))
  }

  int64(): bigint {
    return this.#buffer.readBigInt64BE(this.#skip(8))
  }

  string(): string | null {
    const length = this.int16()
    if (length < 0) return null
    const start = this.#skip(length)
    return this.#buffer.toString('utf8', start, start + length)
  }

  /** A view of the bytes; null becomes empty. */
  bytes(): Buffer {
    const length = Math.max(0, this.int32())
    const start = this.#skip(length)
    if (start + length > this.#buffer.length) throw new RangeError(`${length} bytes announced, fewer are there`)
    return this.#buffer.subarray(start, start + length)
  }

  /** A null array becomes an empty one. */
  array<Item>(read: () => Item): Item[] {
    const items: Item[] = []
    const length = this.int32()
    for (let i = 0; i < length; i++) items.push(read())
    return items
  }

  #skip(bytes: number): number {
    const start = this.#at
    this.#at += bytes
    return start
  }
}
