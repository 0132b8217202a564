import { ATTRIBUTE, BATCH } from '../codec/batch-layout.ts'
import { crc32c } from '../codec/crc32c.ts'
import { RecordBatchBuilder } from '../codec/record-batch-builder.ts'

/** How a transaction ended; the numbers are the types of Kafka's control records. */
export const MARKERS = { abort: 0, commit: 1 } as const
export type Marker = keyof typeof MARKERS

/** Every transaction here has a producer id of its own, so epochs tell nothing apart. */
export const PRODUCER_EPOCH = 0

const MARKER_KEY_BYTES = 4
const MARKER_VALUE_BYTES = 6

/** The batch of one control record that a broker writes at the end of a transaction. */
export function writeMarker(marker: Marker, producerId: bigint, timestampMs: number): Uint8Array {
  const key = new Uint8Array(MARKER_KEY_BYTES)
  new DataView(key.buffer).setInt16(2, MARKERS[marker])
  const builder = new RecordBatchBuilder()
  builder.key(key, 0, key.length)
  builder.value(new Uint8Array(MARKER_VALUE_BYTES), 0, MARKER_VALUE_BYTES)
  builder.add(timestampMs)
  const batch = builder.seal({ producerId, producerEpoch: PRODUCER_EPOCH, transactional: true }).slice()
  const view = new DataView(batch.buffer)
  view.setInt16(BATCH.attributes, view.getInt16(BATCH.attributes) | ATTRIBUTE.control)
  view.setUint32(BATCH.checksum, crc32c(batch, BATCH.attributes, batch.length))
  return batch
}
