import type { Arena } from './arena.ts'
import { copyBytes } from './copy-bytes.ts'
import { MATCH_BLOCK_BYTES, MatchFinder } from './match-finder.ts'

/** Magic, version 1 with independent blocks, blocks of 64 KiB, and the checksum of these two bytes (xxh32, second byte). */
const FRAME_HEADER = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
const FRAME_END_BYTES = 4
const BLOCK_SIZE_BYTES = 4
const STORED_BLOCK = 0x8000_0000
/** A length field of the token holds up to 14; 15 says that more bytes follow, which add up until one is below 255. */
const TOKEN_MAX = 15
const MIN_MATCH = 4

const finder = new MatchFinder()

/** Writes one LZ4 frame without checksums of its own: the CRC-32C of the batch covers it. */
export function deflateLz4(source: Uint8Array, start: number, end: number, arena: Arena): void {
  arena.append(Uint8Array.from(FRAME_HEADER))
  for (let at = start; at < end; at += MATCH_BLOCK_BYTES) {
    deflateBlock(source, at, Math.min(end, at + MATCH_BLOCK_BYTES), arena)
  }
  arena.append(new Uint8Array(FRAME_END_BYTES))
}

function deflateBlock(source: Uint8Array, start: number, end: number, arena: Arena): void {
  const size = end - start
  // The worst case is one length byte for each 255 literals.
  const target = arena.reserve(BLOCK_SIZE_BYTES + size + Math.ceil(size / 255) + 16)
  const blockStart = arena.length + BLOCK_SIZE_BYTES
  const filled = finder.find(source, start, end)
  const sequences = finder.sequences
  let literals = start
  let out = blockStart
  for (let i = 0; i < filled; i += 3) {
    const literalLength = sequences[i]!
    const distance = sequences[i + 1]!
    const matchLength = sequences[i + 2]! - MIN_MATCH
    target[out++] = (Math.min(literalLength, TOKEN_MAX) << 4) | Math.min(matchLength, TOKEN_MAX)
    out = writeLengthRest(target, out, literalLength)
    out = copyBytes(source, literals, literalLength, target, out)
    target[out++] = distance
    target[out++] = distance >>> 8
    out = writeLengthRest(target, out, matchLength)
    literals += literalLength + matchLength + MIN_MATCH
  }
  target[out++] = Math.min(end - literals, TOKEN_MAX) << 4
  out = writeLengthRest(target, out, end - literals)
  out = copyBytes(source, literals, end - literals, target, out)

  let field = out - blockStart
  if (field >= size) {
    copyBytes(source, start, size, target, blockStart)
    field = size + STORED_BLOCK
    out = blockStart + size
  }
  for (let i = 0; i < BLOCK_SIZE_BYTES; i++) target[arena.length + i] = field >>> (8 * i)
  arena.length = out
}

function writeLengthRest(target: Uint8Array, at: number, length: number): number {
  let out = at
  if (length < TOKEN_MAX) return out
  let rest = length - TOKEN_MAX
  for (; rest >= 255; rest -= 255) target[out++] = 255
  target[out++] = rest
  return out
}
