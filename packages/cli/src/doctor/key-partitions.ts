import { type Log, slabKey } from '@sluice/stream'
import { readRanges } from '../log/read-range.ts'
import { type Check, ok, warn } from './check.ts'

/** Newest events per partition that are looked at. */
export const KEY_SAMPLE_PER_PARTITION = 2_000

/**
 * Whether one key was seen in two partitions: producers in different languages may place keys differently, and then the
 * order per key is lost before Sluice sees the events.
 */
export async function checkKeyPartitions(log: Log, topic: string, signal: AbortSignal): Promise<Check> {
  const name = `keys of ${topic}`
  const offsets = await log.admin.offsets(topic)
  const partitionOf = new Map<string, number>()
  const split = new Set<string>()
  await readRanges({
    log,
    ranges: offsets.map(({ partition, earliest, latest }) => {
      const from = latest - BigInt(KEY_SAMPLE_PER_PARTITION)
      return { topic, partition, from: from < earliest ? earliest : from, to: latest }
    }),
    signal,
    visit: (slab, count) => {
      for (let i = 0; i < count; i++) {
        const key = slabKey(slab, i)
        if (key === null) continue
        // Latin-1 keeps bytes apart that UTF-8 would all replace by the same character.
        const text = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
        const before = partitionOf.get(text)
        if (before !== undefined && before !== slab.partition) split.add(text)
        partitionOf.set(text, slab.partition)
      }
      return true
    },
  })
  if (split.size === 0) return ok(name, `${partitionOf.size} keys sampled, each in one partition`)
  return warn(
    name,
    `${split.size} of ${partitionOf.size} sampled keys lie in more than one partition, so their events have no order`,
    'Give all producers the same partitioner (Java: the default; librdkafka: partitioner=murmur2_random; kafkajs: DefaultPartitioner).',
  )
}
