import { type HeaderBlock, RecordBatchBuilder } from '@sluice/stream'

/** A batch of one record. */
export function singleRecord(
  record: { readonly key: Uint8Array; readonly value: Uint8Array },
  timestampMs: number,
  headers?: HeaderBlock,
): RecordBatchBuilder {
  const batch = new RecordBatchBuilder()
  batch.key(record.key, 0, record.key.length)
  batch.value(record.value, 0, record.value.length)
  if (headers !== undefined) batch.extraHeaders(headers)
  batch.add(timestampMs)
  return batch
}
