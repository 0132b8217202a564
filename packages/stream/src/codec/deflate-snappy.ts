import type { Arena } from './arena.ts'
import { copyBytes } from './copy-bytes.ts'
import { MatchFinder } from './match-finder.ts'
import { writeInt32 } from './varint.ts'

/** Framing of the Java client: magic, version 1, compatible version 1, then blocks of int32 length and raw snappy. */
const FRAME_HEADER = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00, 0, 0, 0, 1, 0, 0, 0, 1]
const BLOCK_SIZE_BYTES = 4
/** Block size of the Java client. */
const BLOCK_BYTES = 32 * 1024
/** One tag byte holds lengths up to this; longer literals take one or two more bytes. */
const LITERAL_INLINE_MAX = 60
const COPY_MAX = 64
/** A copy with a one-byte distance holds lengths from 4 to 11 and distances of 11 bits. */
const SHORT_COPY_MIN = 4
const SHORT_COPY_MAX = 11
const SHORT_DISTANCE_MAX = 2047

const finder = new MatchFinder()

export function deflateSnappy(source: Uint8Array, start: number, end: number, arena: Arena): void {
  arena.append(Uint8Array.from(FRAME_HEADER))
  for (let at = start; at < end; at += BLOCK_BYTES) deflateBlock(source, at, Math.min(end, at + BLOCK_BYTES), arena)
}

function deflateBlock(source: Uint8Array, start: number, end: number, arena: Arena): void {
  const size = end - start
  // Snappy's own bound on the compressed length (MaxCompressedLength).
  const target = arena.reserve(BLOCK_SIZE_BYTES + 32 + size + Math.ceil(size / 6))
  const blockStart = arena.length + BLOCK_SIZE_BYTES
  let out = blockStart
  let rest = size
  for (; rest >= 0x80; rest >>>= 7) target[out++] = rest | 0x80
  target[out++] = rest

  const filled = finder.find(source, start, end)
  const sequences = finder.sequences
  let literals = start
  for (let i = 0; i < filled; i += 3) {
    const literalLength = sequences[i]!
    out = writeLiterals(source, literals, literalLength, target, out)
    out = writeCopies(target, out, sequences[i + 1]!, sequences[i + 2]!)
    literals += literalLength + sequences[i + 2]!
  }
  out = writeLiterals(source, literals, end - literals, target, out)
  writeInt32(target, arena.length, out - blockStart)
  arena.length = out
}

function writeLiterals(source: Uint8Array, start: number, length: number, target: Uint8Array, at: number): number {
  if (length === 0) return at
  let out = at
  const stored = length - 1
  if (stored < LITERAL_INLINE_MAX) {
    target[out++] = stored << 2
  } else if (stored < 0x100) {
    target[out++] = LITERAL_INLINE_MAX << 2
    target[out++] = stored
  } else {
    target[out++] = (LITERAL_INLINE_MAX + 1) << 2
    target[out++] = stored
    target[out++] = stored >>> 8
  }
  return copyBytes(source, start, length, target, out)
}

function writeCopies(target: Uint8Array, at: number, distance: number, length: number): number {
  let out = at
  let left = length
  while (left > 0) {
    if (left >= SHORT_COPY_MIN && left <= SHORT_COPY_MAX && distance <= SHORT_DISTANCE_MAX) {
      target[out++] = 1 | ((left - SHORT_COPY_MIN) << 2) | ((distance >>> 8) << 5)
      target[out++] = distance
      return out
    }
    const count = Math.min(left, COPY_MAX)
    target[out++] = 2 | ((count - 1) << 2)
    target[out++] = distance
    target[out++] = distance >>> 8
    left -= count
  }
  return out
}
