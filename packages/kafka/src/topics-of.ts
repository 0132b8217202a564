import type { TopicPartition } from '@sluice/stream'

/** Groups by topic, as requests of the protocol list partitions. Both keep their order. */
export function topicsOf<Item extends TopicPartition>(
  items: readonly Item[],
): { readonly topic: string; readonly partitions: readonly Item[] }[] {
  const topics = new Map<string, Item[]>()
  for (const item of items) {
    const partitions = topics.get(item.topic)
    if (partitions === undefined) topics.set(item.topic, [item])
    else partitions.push(item)
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}
