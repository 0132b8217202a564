/** Byte positions in the record batch format v2 (Kafka protocol, "Record Batch"). */
const LENGTH_AT = 8
const LAST_OFFSET_DELTA_AT = 23
const PREFIX_BYTES = 12
const HEADER_BYTES = 61

/** Length of the whole batches in a fetched buffer and the offset after them; `undefined` without any. Checks nothing else. */
export function endOfBatches(records: Buffer): { readonly length: number; readonly nextOffset: bigint } | undefined {
  let end: { length: number; nextOffset: bigint } | undefined
  for (let at = 0; at + HEADER_BYTES <= records.length; ) {
    const length = at + PREFIX_BYTES + records.readInt32BE(at + LENGTH_AT)
    if (length > records.length || length < at + HEADER_BYTES) break
    end = {
      length,
      nextOffset: records.readBigInt64BE(at) + BigInt(records.readInt32BE(at + LAST_OFFSET_DELTA_AT)) + 1n,
    }
    at = length
  }
  return end
}
