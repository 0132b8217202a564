import { DependencyError } from '@sluice/contracts'
import { BatchDecoder } from '../codec/batch-decoder.ts'
import type { LogAdmin, PartitionOffsets, TopicSpec } from '../log.ts'
import { partitionName } from '../partition-name.ts'
import { slabOffset } from '../slab.ts'
import type { MemoryGroup } from './memory-group.ts'
import { MemoryPartition } from './memory-partition.ts'

export interface MemoryTopic {
  readonly name: string
  readonly replication: number
  readonly partitions: MemoryPartition[]
  config: Readonly<Record<string, string>>
}

export function unknownTopic(topic: string): DependencyError {
  return new DependencyError('log', `topic ${topic} does not exist`, { next: 'create it with `sluice topics apply`' })
}

export class MemoryAdmin implements LogAdmin {
  readonly #topics: Map<string, MemoryTopic>
  readonly #groups: ReadonlyMap<string, MemoryGroup>

  constructor(topics: Map<string, MemoryTopic>, groups: ReadonlyMap<string, MemoryGroup>) {
    this.#topics = topics
    this.#groups = groups
  }

  async describeTopics(names?: readonly string[]): Promise<readonly TopicSpec[]> {
    const wanted = names ?? [...this.#topics.keys()].sort()
    return wanted.flatMap((name) => {
      const topic = this.#topics.get(name)
      if (topic === undefined) return []
      return [{ name, partitions: topic.partitions.length, replication: topic.replication, config: topic.config }]
    })
  }

  async createTopics(specs: readonly TopicSpec[]): Promise<void> {
    for (const { name, partitions, replication, config } of specs) {
      if (this.#topics.has(name)) continue
      this.#topics.set(name, { name, replication, config, partitions: newPartitions(partitions) })
    }
  }

  async addPartitions(topic: string, partitions: number): Promise<void> {
    const existing = this.#topic(topic)
    const more = partitions - existing.partitions.length
    if (more < 0) {
      throw new DependencyError(
        'log',
        `topic ${topic} has ${existing.partitions.length} partitions, more than ${partitions}`,
        {
          next: 'a partition count can only be raised; create a new topic to have fewer',
        },
      )
    }
    if (more === 0) return
    existing.partitions.push(...newPartitions(more))
    for (const group of this.#groups.values()) if (group.topics.has(topic)) void group.rebalance()
  }

  async alterTopicConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    const existing = this.#topic(topic)
    existing.config = { ...existing.config, ...config }
  }

  async offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#topic(topic).partitions.map(({ endOffset }, partition) => ({
      partition,
      earliest: 0n,
      latest: endOffset,
    }))
  }

  async offsetsForTime(
    topic: string,
    timestampMs: number,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint | undefined }[]> {
    return this.#topic(topic).partitions.map((log, partition) => ({ partition, offset: firstSince(log, timestampMs) }))
  }

  async committedOffsets(
    group: string,
    topic: string,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint | undefined }[]> {
    const committed = this.#groups.get(group)?.committed
    return this.#topic(topic).partitions.map((_, partition) => ({
      partition,
      offset: committed?.get(partitionName({ topic, partition })),
    }))
  }

  #topic(name: string): MemoryTopic {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw unknownTopic(name)
    return topic
  }
}

function newPartitions(count: number): MemoryPartition[] {
  return Array.from({ length: count }, () => new MemoryPartition())
}

function firstSince(log: MemoryPartition, timestampMs: number): bigint | undefined {
  for (const bytes of log.batchesSince(timestampMs)) {
    const slab = new BatchDecoder().decode(bytes, {
      topic: '',
      partition: 0,
      fetchOffset: 0n,
      isolation: 'read_uncommitted',
    })
    for (let i = 0; i < slab.count; i++) if (slab.timestamps[i]! >= timestampMs) return slabOffset(slab, i)
  }
  return undefined
}
