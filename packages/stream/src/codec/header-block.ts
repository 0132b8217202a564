import { MAX_VARINT_BYTES, varintSize, writeVarint } from './varint.ts'

/** Header bytes in the record format v2, without the count. */
export interface HeaderBlock {
  readonly bytes: Uint8Array
  readonly length: number
  readonly count: number
}

const INITIAL_BYTES = 256
/** UTF-8 takes at most three bytes per UTF-16 unit. */
const UTF8_BYTES_PER_UNIT = 3

/**
 * Encodes headers once so that they can be written to any number of records; cleared and filled again it allocates nothing
 * (text outside ASCII excepted). Headers keep the order of the calls, and a name may come twice.
 */
export class HeaderBlockBuilder implements HeaderBlock {
  #bytes = new Uint8Array(INITIAL_BYTES)
  #length = 0
  #count = 0
  readonly #encoder = new TextEncoder()

  get bytes(): Uint8Array {
    return this.#bytes
  }

  get length(): number {
    return this.#length
  }

  get count(): number {
    return this.#count
  }

  clear(): void {
    this.#length = 0
    this.#count = 0
  }

  text(name: string, value: string): this {
    this.#reserve(2 * MAX_VARINT_BYTES + (name.length + value.length) * UTF8_BYTES_PER_UNIT)
    this.#writeText(name)
    this.#writeText(value)
    this.#count++
    return this
  }

  /** `null` writes a header without a value, which the format tells from an empty one. */
  binary(name: string, value: Uint8Array | null): this {
    this.#reserve(2 * MAX_VARINT_BYTES + name.length * UTF8_BYTES_PER_UNIT + (value?.length ?? 0))
    this.#writeText(name)
    const start = writeVarint(this.#bytes, this.#length, value?.length ?? -1)
    if (value !== null) this.#bytes.set(value, start)
    this.#length = start + (value?.length ?? 0)
    this.#count++
    return this
  }

  #writeText(text: string): void {
    const bytes = this.#bytes
    const start = writeVarint(bytes, this.#length, text.length)
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) {
        this.#writeUnicode(text)
        return
      }
      bytes[start + i] = unit
    }
    this.#length = start + text.length
  }

  /** The byte length is known only after encoding, so the text is encoded past the widest length and moved back. */
  #writeUnicode(text: string): void {
    const encodedAt = this.#length + MAX_VARINT_BYTES
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(encodedAt))
    const start = this.#length + varintSize(written)
    writeVarint(this.#bytes, this.#length, written)
    this.#bytes.copyWithin(start, encodedAt, encodedAt + written)
    this.#length = start + written
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
