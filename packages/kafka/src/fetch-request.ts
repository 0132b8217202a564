import type { AbortedTransaction, Isolation, TopicPartition } from '@sluice/stream'
import type { ProtocolRequest } from './kafkajs-types.ts'
import { protocolRequest } from './protocol-request.ts'
import { topicsOf } from './topics-of.ts'

/** Fetch v11 (Kafka 2.3): the last version with fixed-width lengths. */
const API_KEY = 1
const API_VERSION = 11
const CONSUMER_REPLICA = -1
/** No incremental fetch session: a request names all its partitions. */
const NO_SESSION = 0
const NO_SESSION_EPOCH = -1
const ANY_LEADER_EPOCH = -1
const NO_LOG_START = -1n
export const ISOLATION_LEVELS: Readonly<Record<Isolation, number>> = { read_uncommitted: 0, read_committed: 1 }

export interface FetchPosition extends TopicPartition {
  readonly offset: bigint
}

export interface FetchLimits {
  /** Longest the broker waits for a first byte. */
  readonly maxWaitMs: number
  /** Most bytes of an answer and of one partition in it; one batch always comes whole, however large. */
  readonly maxBytes: number
  readonly maxPartitionBytes: number
}

export interface FetchedPartition extends TopicPartition {
  readonly errorCode: number
  readonly highWatermark: bigint
  /** First offset that still exists. */
  readonly logStartOffset: bigint
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Record batches, the last one possibly cut off; a view of the answer. */
  readonly records: Buffer
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
}

export function fetchRequest(
  positions: readonly FetchPosition[],
  isolation: Isolation,
  { maxWaitMs, maxBytes, maxPartitionBytes }: FetchLimits,
): ProtocolRequest<FetchAnswer> {
  return protocolRequest({
    apiKey: API_KEY,
    apiVersion: API_VERSION,
    apiName: 'Fetch',
    write: (to) => {
      to.int32(CONSUMER_REPLICA).int32(maxWaitMs).int32(1).int32(maxBytes).int8(ISOLATION_LEVELS[isolation])
      to.int32(NO_SESSION).int32(NO_SESSION_EPOCH)
      to.array(topicsOf(positions), ({ topic, partitions }) => {
        to.string(topic).array(partitions, ({ partition, offset }) => {
          to.int32(partition).int32(ANY_LEADER_EPOCH).int64(offset).int64(NO_LOG_START).int32(maxPartitionBytes)
        })
      })
      to.array([], () => {}).string('')
    },
    read: (from) => {
      from.int32() // Throttle time: kafkajs would wait for it, the broker enforces it anyway.
      const errorCode = from.int16()
      from.int32() // Session id.
      const partitions = from.array(() => {
        const topic = from.string() ?? ''
        return from.array(() => {
          const partition = from.int32()
          const code = from.int16()
          const highWatermark = from.int64()
          from.int64() // Last stable offset.
          const logStartOffset = from.int64()
          const abortedTransactions = from.array(() => ({ producerId: from.int64(), firstOffset: from.int64() }))
          from.int32() // Preferred read replica.
          return {
            topic,
            partition,
            errorCode: code,
            highWatermark,
            logStartOffset,
            abortedTransactions,
            records: from.bytes(),
          }
        })
      })
      return { errorCode, partitions: partitions.flat() }
    },
  })
}
