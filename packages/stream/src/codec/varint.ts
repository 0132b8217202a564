/**
 * Zigzag varints as in protocol buffers. Reading is two calls, value and length, so that nothing is allocated and no
 * position is shared; hot loops take the one- and two-byte forms inline and come here for the rest.
 */

/** A 32-bit varint takes at most five bytes, a 64-bit one ten. */
export const MAX_VARINT_BYTES = 5
export const MAX_VARLONG_BYTES = 10

const TWO_31 = 2 ** 31
const TWO_32 = 2 ** 32

export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  // Seven bits a byte, rounded up.
  return ((38 - Math.clz32(zigzag | 1)) / 7) | 0
}

/** Writes an int32 and returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) {
    bytes[at] = zigzag
    return at + 1
  }
  if (zigzag < 0x4000) {
    bytes[at] = zigzag | 0x80
    bytes[at + 1] = zigzag >>> 7
    return at + 2
  }
  return writeLongVarint(bytes, at, zigzag)
}

function writeLongVarint(bytes: Uint8Array, at: number, zigzag: number): number {
  let left = zigzag
  let position = at
  while (left >= 0x80) {
    bytes[position++] = left | 0x80
    left >>>= 7
  }
  bytes[position++] = left
  return position
}

function fitsInt32(value: number): boolean {
  return value === (value | 0)
}

/** Writes an integer of up to 53 bits and returns the position after it. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (fitsInt32(value)) return writeVarint(bytes, at, value)
  let { high, low } = zigzagHalves(value)
  let position = at
  while (high !== 0 || low >= 0x80) {
    bytes[position++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  bytes[position++] = low
  return position
}

function zigzagHalves(value: number): { high: number; low: number } {
  // -n maps to 2n - 1: double the magnitude below and correct the last bit, all within two exact 32-bit halves.
  const magnitude = value < 0 ? -value - 1 : value
  const upper = Math.floor(magnitude / TWO_31)
  const lower = magnitude - upper * TWO_31
  return { high: upper, low: ((lower << 1) | (value < 0 ? 1 : 0)) >>> 0 }
}

/**
 * Bytes of the varint at `at`, 0 when it does not end within `limit` bytes or runs over the end of `bytes`.
 */
export function varintLength(bytes: Uint8Array, at: number, limit: number): number {
  for (let i = 0; i < limit && at + i < bytes.length; i++) {
    if (bytes[at + i]! < 0x80) return i + 1
  }
  return 0
}

/** Value of the varint at `at`, which is `length` bytes long. Bits beyond 32 are dropped, as the Java client does. */
export function readVarint(bytes: Uint8Array, at: number, length: number): number {
  let zigzag = 0
  for (let i = 0; i < length; i++) zigzag |= (bytes[at + i]! & 0x7f) << (7 * i)
  return (zigzag >>> 1) ^ -(zigzag & 1)
}

/** Value of the varlong at `at`, which is `length` bytes long; exact up to 53 bits, the nearest double beyond. */
export function readVarlong(bytes: Uint8Array, at: number, length: number): number {
  let low = 0
  let high = 0
  for (let i = 0; i < length; i++) {
    const bits = bytes[at + i]! & 0x7f
    if (i < 4) low |= bits << (7 * i)
    else if (i === 4) {
      low |= bits << 28
      high = bits >>> 4
    } else high |= bits << (7 * i - 32)
  }
  const magnitude = (high >>> 0) * TWO_31 + (low >>> 1)
  return low & 1 ? -magnitude - 1 : magnitude
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Writes an integer of up to 53 bits as an int64. */
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32)
  writeInt32(bytes, at, high)
  writeInt32(bytes, at + 4, value - high * TWO_32)
}
