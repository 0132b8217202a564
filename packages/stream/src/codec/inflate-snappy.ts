import type { Arena } from './arena.ts'
import { BatchFault } from './batch-fault.ts'
import { COPY_SLACK_BYTES, copyBytes, repeatBytes } from './copy-bytes.ts'

/**
 * Snappy (google/snappy format_description.txt), raw or in the framing of the Java client: the magic below, int32 version,
 * int32 compatible version, then blocks of int32 length and raw snappy.
 */
const XERIAL_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
const XERIAL_HEADER_BYTES = 16
const MAX_LENGTH_BYTES = 5
/** Lengths of literals above this are stored in the following 1 to 4 bytes. */
const LITERAL_INLINE_MAX = 60

export function inflateSnappy(source: Uint8Array, start: number, end: number, arena: Arena, limit: number): void {
  if (!hasXerialHeader(source, start, end)) {
    inflateBlock(source, start, end, arena, limit)
    return
  }
  let left = limit
  let at = start + XERIAL_HEADER_BYTES
  while (at < end) {
    if (end - at < 4) throw malformed('a block length is cut off')
    const length = (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!
    at += 4
    if (length < 0 || length > end - at) throw malformed(`a block of ${length} bytes with ${end - at} left`)
    const before = arena.length
    inflateBlock(source, at, at + length, arena, left)
    left -= arena.length - before
    at += length
  }
}

function hasXerialHeader(source: Uint8Array, start: number, end: number): boolean {
  return end - start >= XERIAL_HEADER_BYTES && XERIAL_MAGIC.every((byte, i) => source[start + i] === byte)
}

function inflateBlock(source: Uint8Array, start: number, end: number, arena: Arena, limit: number): void {
  let at = start
  let claimed = 0
  for (let i = 0; ; i++) {
    if (at >= end || i === MAX_LENGTH_BYTES) throw malformed('the inflated length is cut off')
    const byte = source[at++]!
    claimed += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) break
  }
  if (claimed > limit)
    throw new BatchFault('E_BATCH_INFLATED_TOO_LARGE', `${claimed} bytes with ${limit} left of the limit`)
  // The claim is backed by bytes: the best ratio of the format is a three-byte element for 64 bytes.
  if (claimed > ((end - at) / 3) * 64 + 64) throw malformed(`${claimed} bytes claimed from ${end - at}`)

  // An integer from here on, also to the compiler: the loop below takes twice as long with a double.
  const length = claimed | 0
  const target = arena.reserve(length + COPY_SLACK_BYTES)
  const view = arena.view
  const first = arena.length
  const last = first + length
  let out = first
  while (at < end) {
    const tag = source[at++]!
    let count: number
    if ((tag & 3) === 0) {
      count = (tag >>> 2) + 1
      if (count > LITERAL_INLINE_MAX) {
        const extra = count - LITERAL_INLINE_MAX
        if (extra > end - at) throw malformed('a literal length is cut off')
        let stored = 0
        for (let i = 0; i < extra; i++) stored |= source[at + i]! << (8 * i)
        if (stored < 0) throw malformed('a literal of 2 GiB')
        count = stored + 1
        at += extra
      }
      if (count > end - at || count > last - out) throw malformed(`a literal of ${count} bytes`)
      out = copyBytes(source, at, count, target, out)
      at += count
      continue
    }
    let distance: number
    if ((tag & 3) === 1) {
      if (at >= end) throw malformed('a copy is cut off')
      count = ((tag >>> 2) & 7) + 4
      distance = ((tag & 0xe0) << 3) | source[at++]!
    } else if ((tag & 3) === 2) {
      if (end - at < 2) throw malformed('a copy is cut off')
      count = (tag >>> 2) + 1
      distance = source[at]! | (source[at + 1]! << 8)
      at += 2
    } else {
      if (end - at < 4) throw malformed('a copy is cut off')
      count = (tag >>> 2) + 1
      distance = source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)
      at += 4
    }
    if (distance <= 0 || distance > out - first || count > last - out) {
      throw malformed(`a copy of ${count} bytes from ${distance} back`)
    }
    out = repeatBytes(target, view, out, distance, count)
  }
  if (out !== last) throw malformed(`${out - first} bytes instead of the ${length} claimed`)
  arena.length = last
}

function malformed(what: string): BatchFault {
  return new BatchFault('E_BATCH_COMPRESSED_DATA', `snappy: ${what}`)
}
