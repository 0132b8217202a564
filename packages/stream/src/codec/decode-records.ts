import { BatchFault } from './batch-fault.ts'
import type { SlabBuffer } from './slab-buffer.ts'
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES, readVarint, readVarlong, varintLength } from './varint.ts'

/** The records of one batch, inflated, and how their offsets and timestamps are to be read. */
export interface RecordRun {
  readonly start: number
  readonly end: number
  readonly count: number
  readonly lastOffsetDelta: number
  /** Records with a smaller delta are checked and left out: they lie before the offset that was asked for. */
  readonly firstDelta: number
  /** Added to a record's delta gives its delta in the slab. */
  readonly slabDelta: number
  readonly baseTimestamp: number
  /** Timestamp of all records of a batch with LogAppendTime, `undefined` with CreateTime. */
  readonly appendTimestamp: number | undefined
}

/** Sends a varint that does not end beyond every bound, where the checks on lengths refuse it. */
const NEVER = 2 ** 40

/**
 * Appends the records of one batch to the slab in one pass. Every length is checked against the record, every record
 * against the batch, and offsets must rise: otherwise throws `BatchFault` and leaves `slab.count` as it was.
 *
 * The one- and two-byte forms of varints are spelled out at each place: as functions they take half of the time of the
 * loop (35 instead of 20 ns per record). A read past the end of `bytes` gives undefined, which takes the general form.
 */
export function decodeRecords(slab: SlabBuffer, bytes: Uint8Array, run: RecordRun): void {
  const { start, end, count, lastOffsetDelta, firstDelta, slabDelta, baseTimestamp, appendTimestamp } = run
  slab.reserve(slab.count + count)
  const { offsetDeltas, timestamps, keyStarts, keyLengths, valueStarts, valueLengths } = slab
  const { headerStarts, headerLengths, headerCounts } = slab
  let row = slab.count
  let previousDelta = -1
  let at = start
  let first = 0
  let size = 0
  let length = 0
  let timestampDelta = 0
  let delta = 0
  let keyLength = 0
  let valueLength = 0
  let headerCount = 0

  for (let record = 0; record < count; record++) {
    const recordStart = at
    first = bytes[at]!
    if (first < 0x80) {
      length = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      length = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
      length = size === NEVER ? 0 : readVarint(bytes, at, size)
      at += size
    }
    const recordEnd = at + length
    if (recordEnd > end) throw malformed(record, recordStart - start, 'runs over the end of the batch')
    // One byte of attributes, of which none is in use.
    at += 1

    first = bytes[at]!
    if (first < 0x80) {
      timestampDelta = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      timestampDelta = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARLONG_BYTES) || NEVER
      timestampDelta = size === NEVER ? 0 : readVarlong(bytes, at, size)
      at += size
    }

    first = bytes[at]!
    if (first < 0x80) {
      delta = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      delta = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
      delta = size === NEVER ? 0 : readVarint(bytes, at, size)
      at += size
    }
    if (delta <= previousDelta || delta > lastOffsetDelta) {
      const place = `after ${previousDelta}, the last of the batch being ${lastOffsetDelta}`
      throw malformed(record, recordStart - start, `has offset delta ${delta} ${place}`)
    }
    previousDelta = delta

    first = bytes[at]!
    if (first < 0x80) {
      keyLength = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      keyLength = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
      keyLength = size === NEVER ? 0 : readVarint(bytes, at, size)
      at += size
    }
    const keyStart = at
    if (keyLength > 0) at += keyLength

    first = bytes[at]!
    if (first < 0x80) {
      valueLength = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      valueLength = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
      valueLength = size === NEVER ? 0 : readVarint(bytes, at, size)
      at += size
    }
    const valueStart = at
    if (valueLength > 0) at += valueLength

    first = bytes[at]!
    if (first < 0x80) {
      headerCount = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      headerCount = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
      headerCount = size === NEVER ? 0 : readVarint(bytes, at, size)
      at += size
    }
    const headerStart = at
    if (headerCount !== 0) at = skipHeaders(bytes, headerStart, recordEnd, headerCount)
    if (at !== recordEnd) throw malformed(record, recordStart - start, 'does not fill its length')

    if (delta >= firstDelta) {
      offsetDeltas[row] = slabDelta + delta
      timestamps[row] = clamped(appendTimestamp === undefined ? baseTimestamp + timestampDelta : appendTimestamp)
      keyStarts[row] = keyStart
      // Like the Java client: whatever is negative is null.
      keyLengths[row] = keyLength < 0 ? -1 : keyLength
      valueStarts[row] = valueStart
      valueLengths[row] = valueLength < 0 ? -1 : valueLength
      headerStarts[row] = headerStart
      headerLengths[row] = recordEnd - headerStart
      headerCounts[row] = headerCount
      row++
    }
  }
  if (at !== end) throw new BatchFault('E_BATCH_RECORD', `${end - at} bytes after the last of ${count} records`)
  slab.count = row
}

/** Position after the headers, or one that is beyond the record when they do not fit into it. */
function skipHeaders(bytes: Uint8Array, start: number, recordEnd: number, count: number): number {
  if (count < 0) return NEVER
  let at = start
  let first = 0
  let size = 0
  let nameLength = 0
  let valueLength = 0
  for (let i = 0; i < count; i++) {
    first = bytes[at]!
    if (first < 0x80) {
      nameLength = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      nameLength = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
      nameLength = size === NEVER ? 0 : readVarint(bytes, at, size)
      at += size
    }
    if (nameLength < 0) return NEVER
    at += nameLength
    first = bytes[at]!
    if (first < 0x80) {
      valueLength = (first >>> 1) ^ -(first & 1)
      at += 1
    } else if (bytes[at + 1]! < 0x80) {
      valueLength = (((first & 0x7f) | (bytes[at + 1]! << 7)) >>> 1) ^ -(first & 1)
      at += 2
    } else {
      size = varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
      valueLength = size === NEVER ? 0 : readVarint(bytes, at, size)
      at += size
    }
    if (valueLength > 0) at += valueLength
    if (at > recordEnd) return NEVER
  }
  return at
}

/** A timestamp is any int64; beyond 53 bits the nearest exact integer stands for it, so that it can be written again. */
function clamped(timestamp: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, timestamp))
}

function malformed(record: number, position: number, what: string): BatchFault {
  return new BatchFault('E_BATCH_RECORD', `record ${record}, byte ${position} of the records, ${what}`)
}
