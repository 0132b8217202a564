import type { FaultCode } from '@sluice/contracts'
import type { DecoderLimits } from '../decoder-limits.ts'

const NO_BYTES = new Uint8Array(0)

/** Bytes of the longest varint of an int and of a long, and the most its last byte may add to the value. */
const INT_BYTES = 5
const INT_LAST_BYTE_MAX = 0x0f
const LONG_BYTES = 10
const LONG_LAST_BYTE_MAX = 0x01

/**
 * Reads Avro's binary encoding. Methods answer false when the bytes end or break a limit; `faultCode` and `position` then say
 * how and where. Numbers come in two int32 halves (`high * 2^32 + (low >>> 0)`), so that none is boxed.
 */
export class AvroCursor {
  bytes: Uint8Array = NO_BYTES
  view: DataView = new DataView(NO_BYTES.buffer)
  position = 0
  end = 0
  low = 0
  high = 0
  faultCode: FaultCode = 'E_RECORD_UNDECODABLE'
  #items = 0
  readonly #limits: DecoderLimits

  constructor(limits: DecoderLimits) {
    this.#limits = limits
  }

  open(bytes: Uint8Array, start: number, length: number): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.position = start
    this.end = start + length
    this.faultCode = 'E_RECORD_UNDECODABLE'
    this.#items = 0
  }

  /** A zigzag varint of 32 bits into `low`, with `high` as its sign. */
  int(): boolean {
    const first = this.position < this.end ? this.bytes[this.position]! : 0x80
    if (first < 0x80) {
      this.position++
      this.low = (first >>> 1) ^ -(first & 1)
      this.high = this.low >> 31
      return true
    }
    let raw = 0
    for (let i = 0; i < INT_BYTES; i++) {
      if (this.position >= this.end) return false
      const byte = this.bytes[this.position++]!
      if (i === INT_BYTES - 1 && byte > INT_LAST_BYTE_MAX) return false
      raw |= (byte & 0x7f) << (7 * i)
      if (byte < 0x80) {
        this.low = (raw >>> 1) ^ -(raw & 1)
        this.high = this.low >> 31
        return true
      }
    }
    return false
  }

  /** A zigzag varint of 64 bits into `low` and `high`. */
  long(): boolean {
    const first = this.position < this.end ? this.bytes[this.position]! : 0x80
    if (first < 0x80) {
      this.position++
      this.low = (first >>> 1) ^ -(first & 1)
      this.high = this.low >> 31
      return true
    }
    let low = 0
    let high = 0
    for (let i = 0; i < LONG_BYTES; i++) {
      if (this.position >= this.end) return false
      const byte = this.bytes[this.position++]!
      if (i === LONG_BYTES - 1 && byte > LONG_LAST_BYTE_MAX) return false
      const bits = byte & 0x7f
      if (i < 4) low |= bits << (7 * i)
      else if (i === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (7 * i - 32)
      if (byte < 0x80) {
        const sign = -(low & 1)
        this.low = ((low >>> 1) | (high << 31)) ^ sign
        this.high = (high >>> 1) ^ sign
        return true
      }
    }
    return false
  }

  skipInt(): boolean {
    return this.#skipVarint(INT_BYTES, INT_LAST_BYTE_MAX)
  }

  skipLong(): boolean {
    return this.#skipVarint(LONG_BYTES, LONG_LAST_BYTE_MAX)
  }

  #skipVarint(longest: number, lastMax: number): boolean {
    for (let i = 1; i <= longest; i++) {
      if (this.position >= this.end) return false
      const byte = this.bytes[this.position++]!
      if (byte < 0x80) return i < longest || byte <= lastMax
    }
    return false
  }

  advance(count: number): boolean {
    if (count > this.end - this.position) return false
    this.position += count
    return true
  }

  /** The length of a string or bytes value into `low`; that many bytes lie ahead. */
  length(): boolean {
    if (!this.long()) return false
    if (this.high !== 0 || this.low < 0 || this.low > this.end - this.position) return false
    if (this.low <= this.#limits.maxStringBytes) return true
    this.faultCode = 'E_RECORD_TOO_MANY_ITEMS'
    return false
  }

  skipBytes(): boolean {
    if (!this.length()) return false
    this.position += this.low
    return true
  }

  /**
   * Opens the next block of an array or map that has items to step over, whose number goes into `low`; 0 at the end of the
   * array. Blocks that carry their size in bytes are stepped over here; their items count towards the limit all the same.
   */
  block(): boolean {
    for (;;) {
      if (!this.long()) return false
      const count = this.high * 2 ** 32 + (this.low >>> 0)
      if (count === 0) return true
      this.#items += Math.abs(count)
      if (this.#items > this.#limits.maxItems) {
        this.faultCode = 'E_RECORD_TOO_MANY_ITEMS'
        return false
      }
      if (count > 0) return true
      if (!this.long()) return false
      if (this.high !== 0 || this.low < 0 || !this.advance(this.low)) return false
    }
  }

  /** All blocks of an array whose items have one size. The limit on items keeps the product far below 2^53. */
  skipFixedItems(size: number): boolean {
    for (;;) {
      if (!this.block()) return false
      if (this.low === 0) return true
      if (!this.advance(this.low * size)) return false
    }
  }
}
