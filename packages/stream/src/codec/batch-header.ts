import { BatchFault } from './batch-fault.ts'
import {
  ATTRIBUTE,
  BATCH,
  BATCH_PREFIX_BYTES,
  COMPRESSIONS,
  type Compression,
  MAGIC_V2,
  MIN_BATCH_LENGTH,
  NO_LEADER_EPOCH,
} from './batch-layout.ts'
import { crc32c } from './crc32c.ts'
import { writeInt32, writeInt64 } from './varint.ts'

export interface BatchHeader {
  /** Position after the batch. */
  readonly end: number
  readonly baseOffset: bigint
  /** Offset after the batch. */
  readonly nextOffset: bigint
  readonly lastOffsetDelta: number
  readonly recordCount: number
  readonly compression: Compression
  readonly baseTimestamp: number
  /** Timestamp of all records with LogAppendTime, `undefined` with CreateTime. */
  readonly appendTimestamp: number | undefined
  readonly producerId: bigint
  readonly transactional: boolean
  readonly control: boolean
}

/**
 * Reads and checks the header of the batch at `at`, checksum included. `undefined` when the batch does not end within the
 * bytes, as the last one of a fetch may; throws `BatchFault`.
 */
export function readBatchHeader(bytes: Uint8Array, view: DataView, at: number): BatchHeader | undefined {
  const left = bytes.length - at
  if (left <= BATCH.magic) return undefined
  // The magic byte lies at the same place in all formats, the rest does not.
  const magic = bytes[at + BATCH.magic]!
  if (magic !== MAGIC_V2) throw new BatchFault('E_BATCH_MAGIC', `magic ${magic}`)
  const length = view.getInt32(at + BATCH.length)
  if (length < MIN_BATCH_LENGTH)
    throw new BatchFault('E_BATCH_LENGTH', `length ${length}, at least ${MIN_BATCH_LENGTH}`)
  if (length > left - BATCH_PREFIX_BYTES) return undefined

  const end = at + BATCH_PREFIX_BYTES + length
  const expected = view.getUint32(at + BATCH.checksum)
  const actual = crc32c(bytes, at + BATCH.attributes, end)
  if (actual !== expected) throw new BatchFault('E_BATCH_CHECKSUM', `${hex(actual)} instead of ${hex(expected)}`)

  const attributes = view.getInt16(at + BATCH.attributes)
  const baseOffset = view.getBigInt64(at + BATCH.baseOffset)
  const lastOffsetDelta = view.getInt32(at + BATCH.lastOffsetDelta)
  const recordCount = view.getInt32(at + BATCH.recordCount)
  // Offsets rise by at least one from record to record, so a count can never be above the last delta plus one.
  if (baseOffset < 0n || lastOffsetDelta < 0 || recordCount < 0 || recordCount > lastOffsetDelta + 1) {
    throw new BatchFault(
      'E_BATCH_HEADER',
      `base offset ${baseOffset}, last offset delta ${lastOffsetDelta}, ${recordCount} records`,
    )
  }
  const codec = attributes & ATTRIBUTE.compressionMask
  const compression = COMPRESSIONS[codec]
  if (compression === undefined) throw new BatchFault('E_BATCH_CODEC', `codec ${codec}`)
  return {
    end,
    baseOffset,
    nextOffset: baseOffset + BigInt(lastOffsetDelta) + 1n,
    lastOffsetDelta,
    recordCount,
    compression,
    baseTimestamp: Number(view.getBigInt64(at + BATCH.baseTimestamp)),
    appendTimestamp:
      attributes & ATTRIBUTE.logAppendTime ? Number(view.getBigInt64(at + BATCH.maxTimestamp)) : undefined,
    producerId: view.getBigInt64(at + BATCH.producerId),
    transactional: (attributes & ATTRIBUTE.transactional) !== 0,
    control: (attributes & ATTRIBUTE.control) !== 0,
  }
}

/** True when a whole batch in these bytes is compressed. Only lengths are looked at, so a damaged batch may mislead it. */
export function holdsCompressed(bytes: Uint8Array, view: DataView): boolean {
  for (let at = 0; at + BATCH.records <= bytes.length; ) {
    const length = view.getInt32(at + BATCH.length)
    if (length < MIN_BATCH_LENGTH || length > bytes.length - at - BATCH_PREFIX_BYTES) return false
    if (bytes[at + BATCH.attributes + 1]! & ATTRIBUTE.compressionMask) return true
    at += BATCH_PREFIX_BYTES + length
  }
  return false
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}

/** What a producer says about a batch. */
export interface ProducedBatch {
  readonly attributes: number
  readonly recordCount: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** Writes the header of the batch that fills `bytes`, checksum included; the broker fills in offsets and leader epoch. */
export function writeBatchHeader(bytes: Uint8Array, batch: ProducedBatch): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  writeInt64(bytes, BATCH.baseOffset, 0)
  writeInt32(bytes, BATCH.length, bytes.length - BATCH_PREFIX_BYTES)
  writeInt32(bytes, BATCH.leaderEpoch, NO_LEADER_EPOCH)
  bytes[BATCH.magic] = MAGIC_V2
  view.setInt16(BATCH.attributes, batch.attributes)
  writeInt32(bytes, BATCH.lastOffsetDelta, batch.recordCount - 1)
  writeInt64(bytes, BATCH.baseTimestamp, batch.baseTimestamp)
  writeInt64(bytes, BATCH.maxTimestamp, batch.maxTimestamp)
  view.setBigInt64(BATCH.producerId, batch.producerId)
  view.setInt16(BATCH.producerEpoch, batch.producerEpoch)
  writeInt32(bytes, BATCH.baseSequence, batch.baseSequence)
  writeInt32(bytes, BATCH.recordCount, batch.recordCount)
  writeInt32(bytes, BATCH.checksum, crc32c(bytes, BATCH.attributes, bytes.length))
}
