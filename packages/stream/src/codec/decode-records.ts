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

function varintBytes(bytes: Uint8Array, at: number): number {
  if (bytes[at]! < 0x80) return 1
  if (bytes[at + 1]! < 0x80) return 2
  return varintLength(bytes, at, MAX_VARINT_BYTES) || NEVER
}

function varint(bytes: Uint8Array, at: number, size: number): number {
  const first = bytes[at]!
  if (size === 1) return (first >>> 1) ^ -(first & 1)
  if (size === 2) {
    const zigzag = (first & 0x7f) | (bytes[at + 1]! << 7)
    return (zigzag >>> 1) ^ -(zigzag & 1)
  }
  return size === NEVER ? 0 : readVarint(bytes, at, size)
}

/**
 * Appends the records of one batch to the slab in one pass. Every length is checked against the record, every record
 * against the batch, and offsets must rise: otherwise throws `BatchFault` and leaves `slab.count` as it was.
 */
export function decodeRecords(slab: SlabBuffer, bytes: Uint8Array, run: RecordRun): void {
  const { start, end, count, lastOffsetDelta, firstDelta, slabDelta, baseTimestamp, appendTimestamp } = run
  slab.reserve(slab.count + count)
  const { offsetDeltas, timestamps, keyStarts, keyLengths, valueStarts, valueLengths } = slab
  const { headerStarts, headerLengths, headerCounts } = slab
  let row = slab.count
  let previousDelta = -1
  let at = start

  for (let record = 0; record < count; record++) {
    const recordStart = at
    let size = varintBytes(bytes, at)
    const recordEnd = at + size + varint(bytes, at, size)
    if (recordEnd > end) throw malformed(record, recordStart - start, 'runs over the end of the batch')
    // One byte of attributes, of which none is in use.
    at += size + 1

    size = varintLength(bytes, at, MAX_VARLONG_BYTES) || NEVER
    const timestampDelta = size <= 2 ? varint(bytes, at, size) : size === NEVER ? 0 : readVarlong(bytes, at, size)
    at += size

    size = varintBytes(bytes, at)
    const delta = varint(bytes, at, size)
    at += size
    if (delta <= previousDelta || delta > lastOffsetDelta) {
      throw malformed(
        record,
        recordStart - start,
        `has offset delta ${delta} after ${previousDelta}, last ${lastOffsetDelta}`,
      )
    }
    previousDelta = delta

    size = varintBytes(bytes, at)
    const keyLength = varint(bytes, at, size)
    const keyStart = at + size
    at = keyLength > 0 ? keyStart + keyLength : keyStart

    size = varintBytes(bytes, at)
    const valueLength = varint(bytes, at, size)
    const valueStart = at + size
    at = valueLength > 0 ? valueStart + valueLength : valueStart

    size = varintBytes(bytes, at)
    const headerCount = varint(bytes, at, size)
    const headerStart = at + size
    at = headerStart
    if (headerCount !== 0) at = skipHeaders(bytes, headerStart, recordEnd, headerCount)
    if (at !== recordEnd) throw malformed(record, recordStart - start, 'does not fill its length')

    if (delta >= firstDelta) {
      offsetDeltas[row] = slabDelta + delta
      timestamps[row] = appendTimestamp ?? baseTimestamp + timestampDelta
      keyStarts[row] = keyStart
      keyLengths[row] = keyLength < 0 ? -1 : keyLength
      valueStarts[row] = valueStart
      valueLengths[row] = valueLength < 0 ? -1 : valueLength
      headerStarts[row] = headerStart
      headerLengths[row] = recordEnd - headerStart
      headerCounts[row] = headerCount
      row++
    }
  }
  if (at !== end) throw new BatchFault('E_BATCH_RECORD', `${end - at} bytes after record ${count} of ${count}`)
  slab.count = row
}

/** Position after the headers, or one that is beyond the record when they do not fit into it. */
function skipHeaders(bytes: Uint8Array, start: number, recordEnd: number, count: number): number {
  if (count < 0) return NEVER
  let at = start
  for (let i = 0; i < count; i++) {
    let size = varintBytes(bytes, at)
    const nameLength = varint(bytes, at, size)
    if (nameLength < 0) return NEVER
    at += size + nameLength
    size = varintBytes(bytes, at)
    const valueLength = varint(bytes, at, size)
    at += valueLength > 0 ? size + valueLength : size
    if (at > recordEnd) return NEVER
  }
  return at
}

function malformed(record: number, position: number, what: string): BatchFault {
  return new BatchFault('E_BATCH_RECORD', `record ${record}, byte ${position} of the records, ${what}`)
}
