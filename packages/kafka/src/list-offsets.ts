import type { Clock } from '@sluice/contracts'
import { type Isolation, partitionName, type TopicPartition } from '@sluice/stream'
import { ISOLATION_LEVELS } from './fetch-request.ts'
import type { KafkaConnection } from './kafka-connection.ts'
import { isStaleMetadata } from './kafka-failure.ts'
import { protocolError } from './kafkajs-internals.ts'
import { topicsOf } from './topics-of.ts'

/** Times that stand for a place (Kafka protocol, ListOffsets). */
export const EARLIEST = -2
export const LATEST = -1

/** How long a partition may be without a leader, in milliseconds. */
const LEADERLESS_MS_MAX = 5_000
const LEADERLESS_RETRY_MS = 100
const NO_OFFSET = -1n

export interface OffsetQuestion extends TopicPartition {
  /** Milliseconds since the Unix epoch, or one of the constants. */
  readonly timestampMs: number
}

/**
 * The first offset at or after a time for every partition asked for, by `partitionName`; absent when no record is that
 * young. `read_committed` takes the end of the last finished transaction as the latest offset.
 */
export async function listOffsets(
  connection: KafkaConnection,
  clock: Clock,
  isolation: Isolation,
  questions: readonly OffsetQuestion[],
): Promise<ReadonlyMap<string, bigint>> {
  await connection.useTopics([...new Set(questions.map(({ topic }) => topic))])
  const endsAtMs = clock.monotonicMs() + LEADERLESS_MS_MAX
  for (;;) {
    try {
      return await ask(connection, isolation, questions)
    } catch (error) {
      if (!isStaleMetadata(error) || clock.monotonicMs() >= endsAtMs) throw error
      await clock.sleep(LEADERLESS_RETRY_MS)
      await connection.refresh()
    }
  }
}

async function ask(
  connection: KafkaConnection,
  isolation: Isolation,
  questions: readonly OffsetQuestion[],
): Promise<ReadonlyMap<string, bigint>> {
  const byLeader = new Map<number, OffsetQuestion[]>()
  for (const question of questions) {
    const leader = connection.leaderOf(question)
    if (leader === undefined) throw protocolError(LEADER_NOT_AVAILABLE)
    byLeader.set(leader, [...(byLeader.get(leader) ?? []), question])
  }
  const offsets = new Map<string, bigint>()
  await Promise.all(
    [...byLeader].map(async ([leader, asked]) => {
      const broker = await connection.broker(leader)
      const { responses } = await broker.listOffsets({
        isolationLevel: ISOLATION_LEVELS[isolation],
        topics: topicsOf(asked).map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition, timestampMs }) => ({ partition, timestamp: String(timestampMs) })),
        })),
      })
      for (const { topic, partitions } of responses) {
        for (const { partition, offset } of partitions) {
          if (BigInt(offset) !== NO_OFFSET) offsets.set(partitionName({ topic, partition }), BigInt(offset))
        }
      }
    }),
  )
  return offsets
}

const LEADER_NOT_AVAILABLE = 5
