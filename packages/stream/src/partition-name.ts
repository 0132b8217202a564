import type { TopicPartition } from './log.ts'

/** `topic/partition`, as maps key it and messages print it. Topic names contain no slash. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
