import type { RecordBatchBuilder } from './codec/record-batch-builder.ts'
import type { Slab } from './slab.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** `read_committed` hides records of aborted and open transactions. */
export type Isolation = 'read_committed' | 'read_uncommitted'
export type Delivery = 'at_least_once' | 'exactly_once'

export interface GroupReaderOptions {
  readonly group: string
  readonly topics: readonly string[]
  /** Where to start in a partition that the group has never committed. */
  readonly from: 'earliest' | 'latest'
  readonly isolation?: Isolation
  /** Called after partitions were added; before that nothing of them is delivered. */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => void
  /**
   * Called when partitions are about to go, while their offsets can still be committed: finish or drop the work in hand.
   * The rebalance waits for the promise, for at most the rebalance time-out.
   */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => Promise<void> | void
}

/** A reader without a group: it owns the partitions it names and commits nothing. For `control`, `tail` and `inspect`. */
export interface AssignedReaderOptions {
  readonly partitions: readonly (TopicPartition & { readonly offset: bigint | 'earliest' | 'latest' })[]
  readonly isolation?: Isolation
}

export interface PollOptions {
  /** Longest wait when nothing is there; an already queued slab is returned at once. 0 never waits. */
  readonly maxWaitMs: number
  /** Aborting ends the wait early with no slabs. */
  readonly signal?: AbortSignal
}

export interface LogReader {
  /** Partitions owned now. */
  readonly assigned: readonly TopicPartition[]
  /**
   * Changes whenever partitions come or go. What was polled under an earlier generation belongs to whoever owns it now, and
   * a unit of work that was begun under an earlier one loses its partitions.
   */
  readonly generation: number
  /**
   * Everything that has arrived, at most one slab per partition and at most the reader's byte limit in all, partitions in
   * turn so that none starves. A slab polled is not delivered again by this reader unless `seek` goes back, and belongs to
   * the generation that the reader has when the poll returns.
   * Throws DependencyError when the log cannot be reached any more.
   */
  poll(options: PollOptions): Promise<readonly Slab[]>
  /** Moves the next poll of one owned partition. */
  seek(partition: TopicPartition, offset: bigint): void
  /** A paused partition stays owned and delivers nothing; heartbeats go on. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** Offset the next poll starts from, `undefined` when not owned. */
  position(partition: TopicPartition): bigint | undefined
  /** Offset one past the newest record, as of the last fetch; `undefined` before the first. */
  endOffset(partition: TopicPartition): bigint | undefined
  /** The group's committed offset, `undefined` when there is none. */
  committed(partition: TopicPartition): Promise<bigint | undefined>
  /** Leaves the group and frees everything. Uncommitted slabs are delivered again to the next owner. */
  close(): Promise<void>
}

/** Where a batch came to lie: its record `i` has the offset `baseOffset + i`. */
export interface AppendedBatch extends TopicPartition {
  readonly baseOffset: bigint
  readonly count: number
}

export interface LogWriter {
  /** Queues a batch; the builder's bytes are taken over and the builder may be reset and used again afterwards. */
  append(topic: string, partition: number, batch: RecordBatchBuilder): void
  /**
   * Resolves when every partition of everything appended has been acknowledged by all in-sync replicas, with the positions
   * of the batches appended since the last flush, in the order of the appends; throws DependencyError otherwise.
   */
  flush(): Promise<readonly AppendedBatch[]>
  close(): Promise<void>
}

/**
 * Outputs and input offsets that belong together. At-least-once: the offsets are committed only after every output was
 * acknowledged. Exactly-once: both in one transaction. A loop does not know which.
 */
export interface UnitOfWork {
  append(topic: string, partition: number, batch: RecordBatchBuilder): void
  /** The input partition has been handled up to `nextOffset` (exclusive). Must not go back, must not leave a gap. */
  advance(partition: TopicPartition, nextOffset: bigint): void
  /**
   * Throws `OwnershipLostError` when some partitions now belong to another reader (drop what is in hand for them; the new
   * owner gets the records again), DependencyError when the outcome is unknown or the log is away (seek back and repeat).
   */
  commit(): Promise<void>
  /** Gives everything up; nothing of it becomes visible to read_committed readers and no offset moves. */
  abort(): Promise<void>
}

export class OwnershipLostError extends Error {
  override readonly name = 'OwnershipLostError'
  readonly partitions: readonly TopicPartition[]
  constructor(partitions: readonly TopicPartition[]) {
    super(`partitions now belong to another reader: ${partitions.map((p) => `${p.topic}/${p.partition}`).join(', ')}`)
    this.partitions = partitions
  }
}

export interface WorkSession {
  begin(): UnitOfWork
  close(): Promise<void>
}

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  readonly replication: number
  /** Topic configuration entries, `cleanup.policy` and the like. */
  readonly config: Readonly<Record<string, string>>
}

export interface PartitionOffsets {
  readonly partition: number
  readonly earliest: bigint
  /** One past the newest record. */
  readonly latest: bigint
}

export interface LogAdmin {
  /** Descriptions of the named topics that exist; all topics when no name is given. */
  describeTopics(names?: readonly string[]): Promise<readonly TopicSpec[]>
  /** Creates topics; an existing one is left as it is. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>
  /** Raises the partition count. */
  addPartitions(topic: string, partitions: number): Promise<void>
  /** Sets the given configuration entries and leaves the others as they are. */
  alterTopicConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void>
  offsets(topic: string): Promise<readonly PartitionOffsets[]>
  /** First offset at or after a time, `undefined` when no record is that young. */
  offsetsForTime(
    topic: string,
    timestampMs: number,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint | undefined }[]>
  /** Committed offsets of a group for one topic. */
  committedOffsets(
    group: string,
    topic: string,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint | undefined }[]>
}

export interface Log {
  readonly admin: LogAdmin
  openReader(options: GroupReaderOptions | AssignedReaderOptions): Promise<LogReader>
  openWriter(): Promise<LogWriter>
  /** Ties outputs to the offsets of a group reader. Throws ConfigError when the driver cannot do the delivery asked for. */
  openWork(reader: LogReader, options: { readonly delivery: Delivery }): Promise<WorkSession>
  close(): Promise<void>
}
