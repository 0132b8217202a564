import { BatchFault } from './batch-fault.ts'
import type { BatchHeader } from './batch-header.ts'
import { ATTRIBUTE, BATCH } from './batch-layout.ts'
import { crc32c } from './crc32c.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES, readVarint, varintLength, writeInt32 } from './varint.ts'

/** Types of control records that end a transaction (`ControlRecordType` of the Kafka protocol); all others are ignored. */
const MARKER = { abort: 0, commit: 1 } as const
/** int16 version, int16 type. */
const CONTROL_KEY_BYTES = 4
/** int16 version, int32 coordinator epoch. */
const MARKER_VALUE_BYTES = 6

/** True when a control batch is the end of a transaction, committed or aborted. Compaction may have emptied it. */
export function endsTransaction(bytes: Uint8Array, at: number, header: BatchHeader): boolean {
  if (header.recordCount === 0) return false
  if (header.compression !== 'none') throw new BatchFault('E_BATCH_CONTROL', `compressed with ${header.compression}`)
  let position = at + BATCH.records
  position += varintLength(bytes, position, MAX_VARINT_BYTES) + 1
  position += varintLength(bytes, position, MAX_VARLONG_BYTES)
  position += varintLength(bytes, position, MAX_VARINT_BYTES)
  const size = varintLength(bytes, position, MAX_VARINT_BYTES)
  const keyLength = readVarint(bytes, position, size)
  position += size
  if (size === 0 || keyLength < CONTROL_KEY_BYTES || position + keyLength > header.end) {
    throw new BatchFault('E_BATCH_CONTROL', `key of ${keyLength} bytes`)
  }
  const type = (bytes[position + 2]! << 8) | bytes[position + 3]!
  return type === MARKER.abort || type === MARKER.commit
}

export interface TransactionMarker {
  readonly outcome: 'commit' | 'abort'
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly timestampMs: number
}

/** The batch that a broker appends to each partition of a transaction when it ends. For logs that play the broker. */
export function encodeTransactionMarker(marker: TransactionMarker): Uint8Array {
  const builder = new RecordBatchBuilder({ initialBytes: BATCH.records + 64 })
  const key = new Uint8Array(CONTROL_KEY_BYTES)
  key[3] = MARKER[marker.outcome]
  const value = new Uint8Array(MARKER_VALUE_BYTES)
  writeInt32(value, 2, marker.coordinatorEpoch)
  builder.key(key, 0, key.length)
  builder.value(value, 0, value.length)
  builder.add(marker.timestampMs)
  const { producerId, producerEpoch } = marker
  const batch = builder.seal({ producerId, producerEpoch, transactional: true })
  batch[BATCH.attributes + 1]! |= ATTRIBUTE.control
  writeInt32(batch, BATCH.checksum, crc32c(batch, BATCH.attributes, batch.length))
  return batch
}
