import { HEADERS } from '@sluice/contracts'
import type { HeaderBlock } from '@sluice/stream'

const COLON = 0x3a
const ZERO = 0x30
/** A partition has at most 10 digits, an offset 19. */
const MAX_VALUE_BYTES = 30

/** A zigzag varint of a length below 64 is one byte, twice the length. */
const lengthByte = (length: number): number => 2 * length

/**
 * The `sluice-origin` header, written in place for every record: nothing is allocated unless an offset passes 2^53.
 */
export class OriginHeader implements HeaderBlock {
  readonly bytes: Uint8Array
  readonly count = 1
  length = 0
  readonly #valueLengthAt: number
  #offsetAt = 0

  constructor() {
    const name = new TextEncoder().encode(HEADERS.origin)
    this.#valueLengthAt = 1 + name.length
    this.bytes = new Uint8Array(this.#valueLengthAt + 1 + MAX_VALUE_BYTES)
    this.bytes[0] = lengthByte(name.length)
    this.bytes.set(name, 1)
    this.partition(0)
  }

  /** Partition of the records that follow. */
  partition(partition: number): void {
    const end = this.#digits(partition, this.#valueLengthAt + 1)
    this.bytes[end] = COLON
    this.#offsetAt = end + 1
  }

  /** Offset `base + delta` of the record that comes next. */
  offset(base: bigint, delta: number): void {
    const offset = Number(base) + delta
    if (Number.isSafeInteger(offset)) this.#end(this.#digits(offset, this.#offsetAt))
    else {
      const text = String(base + BigInt(delta))
      for (let i = 0; i < text.length; i++) this.bytes[this.#offsetAt + i] = text.charCodeAt(i)
      this.#end(this.#offsetAt + text.length)
    }
  }

  #end(end: number): void {
    this.bytes[this.#valueLengthAt] = lengthByte(end - this.#valueLengthAt - 1)
    this.length = end
  }

  /** Writes a non-negative safe integer in decimal and returns the position after it. */
  #digits(value: number, at: number): number {
    let places = 1
    for (let limit = 10; value >= limit; limit *= 10) places++
    let rest = value
    for (let i = at + places - 1; i >= at; i--) {
      const shorter = Math.floor(rest / 10)
      this.bytes[i] = ZERO + (rest - shorter * 10)
      rest = shorter
    }
    return at + places
  }
}
