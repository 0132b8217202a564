import type { Arena } from './arena.ts'
import { BatchFault } from './batch-fault.ts'
import { COPY_SLACK_BYTES, copyBytes, repeatBytes } from './copy-bytes.ts'

/**
 * LZ4 frames (lz4/lz4 doc/lz4_Frame_format.md and lz4_Block_format.md). Their own checksums are stepped over: the CRC-32C of
 * the batch covers the same bytes.
 */
const FRAME_MAGIC = 0x184d2204
const FLAG = {
  version: 0xc0,
  version1: 0x40,
  blockChecksum: 0x10,
  contentSize: 0x08,
  contentChecksum: 0x04,
  dictionary: 0x01,
}
const STORED_BLOCK = 0x8000_0000
/** Code 4 is 64 KiB, each further one four times more, up to 7 for 4 MiB. */
const MIN_BLOCK_CODE = 4
const MIN_MATCH = 4

export function inflateLz4(source: Uint8Array, start: number, end: number, arena: Arena, limit: number): void {
  const most = arena.length + limit
  let at = start
  while (at < end) at = inflateFrame(source, at, end, arena, most)
}

function inflateFrame(source: Uint8Array, start: number, end: number, arena: Arena, most: number): number {
  if (end - start < 7) throw malformed('the frame header is cut off')
  if (uint32(source, start) !== FRAME_MAGIC) throw malformed('the frame magic is missing')
  const flags = source[start + 4]!
  const blockCode = (source[start + 5]! >>> 4) & 7
  if ((flags & FLAG.version) !== FLAG.version1) throw malformed('the frame version is not 1')
  if ((flags & FLAG.dictionary) !== 0) throw malformed('the frame needs a dictionary')
  if (blockCode < MIN_BLOCK_CODE) throw malformed(`block size code ${blockCode}`)
  const blockBytesMax = 2 ** (8 + 2 * blockCode)
  const blockTrailer = flags & FLAG.blockChecksum ? 4 : 0
  const frameStart = arena.length
  // Flags, block descriptor and header checksum are one byte each.
  let at = start + 7 + (flags & FLAG.contentSize ? 8 : 0)
  for (;;) {
    if (end - at < 4) throw malformed('a block size is cut off')
    const field = uint32(source, at)
    at += 4
    if (field === 0) break
    const size = field & 0x7fff_ffff
    if (size > blockBytesMax || size + blockTrailer > end - at)
      throw malformed(`a block of ${size} bytes with ${end - at} left`)
    const room = Math.min(blockBytesMax, most - arena.length)
    if (field >= STORED_BLOCK) {
      if (size > room) throw tooLarge(most)
      arena.append(source.subarray(at, at + size))
    } else {
      inflateBlock(source, at, at + size, arena, frameStart, room, room < blockBytesMax)
    }
    at += size + blockTrailer
  }
  if (flags & FLAG.contentChecksum) at += 4
  if (at > end) throw malformed('the content checksum is cut off')
  return at
}

/** Inflates one block of at most `room` bytes; matches may reach back to the start of the frame. */
function inflateBlock(
  source: Uint8Array,
  start: number,
  end: number,
  arena: Arena,
  frameStart: number,
  room: number,
  roomIsLimit: boolean,
): void {
  // A byte of input makes at most 255 of output, so a small block does not claim the whole block size.
  const target = arena.reserve(Math.min(room, (end - start) * 255) + COPY_SLACK_BYTES)
  const view = arena.view
  const last = arena.length + room
  let out = arena.length
  let at = start
  while (at < end) {
    const token = source[at++]!
    let count = token >>> 4
    if (count === 15) {
      let byte: number
      do {
        if (at >= end) throw malformed('a literal length is cut off')
        byte = source[at++]!
        count += byte
      } while (byte === 255)
    }
    if (count > end - at) throw malformed(`a literal of ${count} bytes with ${end - at} left`)
    if (count > last - out) throw overflow(roomIsLimit, room)
    out = copyBytes(source, at, count, target, out)
    at += count
    if (at === end) break

    if (end - at < 2) throw malformed('a match is cut off')
    const distance = source[at]! | (source[at + 1]! << 8)
    at += 2
    count = (token & 15) + MIN_MATCH
    if (count === 15 + MIN_MATCH) {
      let byte: number
      do {
        if (at >= end) throw malformed('a match length is cut off')
        byte = source[at++]!
        count += byte
      } while (byte === 255)
    }
    if (distance === 0 || distance > out - frameStart) throw malformed(`a match from ${distance} back`)
    if (count > last - out) throw overflow(roomIsLimit, room)
    out = repeatBytes(target, view, out, distance, count)
  }
  arena.length = out
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function overflow(roomIsLimit: boolean, room: number): BatchFault {
  return roomIsLimit ? tooLarge(room) : malformed(`a block of more than ${room} bytes`)
}

function tooLarge(room: number): BatchFault {
  return new BatchFault('E_BATCH_INFLATED_TOO_LARGE', `more than the ${room} bytes left of the limit`)
}

function malformed(what: string): BatchFault {
  return new BatchFault('E_BATCH_COMPRESSED_DATA', `lz4: ${what}`)
}
