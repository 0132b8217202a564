import { partitionName, type TopicPartition } from '@sluice/stream'
import type { KafkaConnection } from './kafka-connection.ts'
import { topicsOf } from './topics-of.ts'

const NO_OFFSET = -1n

/** What a group has committed, by `partitionName`; absent where it has not. */
export async function committedOffsets(
  connection: KafkaConnection,
  group: string,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, bigint>> {
  const offsets = new Map<string, bigint>()
  if (partitions.length === 0) return offsets
  const coordinator = await connection.coordinator(group)
  const topics = topicsOf(partitions).map((each) => ({
    topic: each.topic,
    partitions: each.partitions.map(({ partition }) => ({ partition })),
  }))
  const { responses } = await coordinator.offsetFetch({ groupId: group, topics })
  for (const { topic, partitions: answered } of responses) {
    for (const { partition, offset } of answered) {
      if (BigInt(offset) !== NO_OFFSET) offsets.set(partitionName({ topic, partition }), BigInt(offset))
    }
  }
  return offsets
}
