import { BatchFault } from './batch-fault.ts'
import type { BatchHeader } from './batch-header.ts'
import { BATCH } from './batch-layout.ts'
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES, readVarint, varintLength } from './varint.ts'

/** Types of control records that end a transaction (`ControlRecordType` of the Kafka protocol); all others are ignored. */
const MARKER = { abort: 0, commit: 1 } as const
/** int16 version, int16 type. */
const CONTROL_KEY_BYTES = 4

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
