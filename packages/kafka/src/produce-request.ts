import type { TopicPartition } from '@sluice/stream'
import type { ProtocolRequest } from './kafkajs-types.ts'
import { protocolRequest } from './protocol-request.ts'
import { topicsOf } from './topics-of.ts'

/** Produce v7 (Kafka 2.1): the last version whose layout is fixed-width, so it can be written without tagged fields. */
const API_KEY = 0
const API_VERSION = 7
/** All in-sync replicas. */
const ACKS_ALL = -1
/** Everything of a request but batches: generous, it only sizes a buffer. */
const OVERHEAD_BYTES = 4096

export interface ProducedBatch extends TopicPartition {
  readonly bytes: Uint8Array
}

export interface ProducedPartition extends TopicPartition {
  readonly errorCode: number
  readonly baseOffset: bigint
}

/** Sends sealed record batches as they are; one batch per partition, as the protocol wants it. */
export function produceRequest(
  batches: readonly ProducedBatch[],
  timeoutMs: number,
): ProtocolRequest<readonly ProducedPartition[]> {
  return protocolRequest({
    apiKey: API_KEY,
    apiVersion: API_VERSION,
    apiName: 'Produce',
    bytes: batches.reduce((sum, { bytes }) => sum + bytes.length, OVERHEAD_BYTES),
    write: (to) => {
      to.string(null).int16(ACKS_ALL).int32(timeoutMs)
      to.array(topicsOf(batches), ({ topic, partitions }) => {
        to.string(topic).array(partitions, ({ partition, bytes }) => to.int32(partition).bytes(bytes))
      })
    },
    read: (from) =>
      from
        .array(() => {
          const topic = from.string() ?? ''
          return from.array(() => {
            const partition = from.int32()
            const errorCode = from.int16()
            const baseOffset = from.int64()
            from.int64() // Log append time.
            from.int64() // Log start offset.
            return { topic, partition, errorCode, baseOffset }
          })
        })
        .flat(),
  })
}
