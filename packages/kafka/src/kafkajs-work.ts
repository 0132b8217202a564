import { invariant } from '@sluice/contracts'
import {
  type AppendedBatch,
  type OffsetRange,
  OwnershipLostError,
  partitionName,
  type RecordBatchBuilder,
  type TopicPartition,
  type UnitOfWork,
  type WorkSession,
} from '@sluice/stream'
import type { KafkajsReader } from './kafkajs-reader.ts'
import type { KafkajsWriter } from './kafkajs-writer.ts'
import type { PartitionCursor } from './partition-cursor.ts'
import type { SealedBatch } from './sequence-book.ts'

/** At least once: an offset is marked for commit only after every output that came before it was acknowledged. */
export class KafkajsWorkSession implements WorkSession {
  readonly #reader: KafkajsReader
  readonly #writer: KafkajsWriter
  #closed = false

  constructor(reader: KafkajsReader, writer: KafkajsWriter) {
    this.#reader = reader
    this.#writer = writer
  }

  begin(): UnitOfWork {
    invariant(!this.#closed, 'begin on a closed work session')
    return new KafkajsUnitOfWork(this.#reader, this.#writer)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writer.close()
  }
}

interface Claim {
  readonly partition: TopicPartition
  /** `undefined` when the partition was not owned any more. */
  readonly cursor: PartitionCursor | undefined
  readonly ranges: OffsetRange[]
}

class KafkajsUnitOfWork implements UnitOfWork {
  readonly #reader: KafkajsReader
  readonly #writer: KafkajsWriter
  readonly #batches: SealedBatch[] = []
  readonly #claims = new Map<string, Claim>()
  /** What is advanced was polled under the assignment of the beginning; a later one gives other records the same name. */
  readonly #generation: number
  #ended = false

  constructor(reader: KafkajsReader, writer: KafkajsWriter) {
    this.#reader = reader
    this.#writer = writer
    this.#generation = reader.generation
    reader.unitOpened()
  }

  append(topic: string, partition: number, batch: RecordBatchBuilder): void {
    invariant(!this.#ended, ENDED)
    this.#batches.push(this.#writer.seal(topic, partition, batch))
  }

  advance({ topic, partition }: TopicPartition, nextOffset: bigint): void {
    invariant(!this.#ended, ENDED)
    const name = partitionName({ topic, partition })
    const cursor = this.#reader.generation === this.#generation ? this.#reader.cursor({ topic, partition }) : undefined
    const claim = this.#claims.get(name) ?? { partition: { topic, partition }, cursor, ranges: [] }
    this.#claims.set(name, claim)
    if (claim.cursor !== undefined && claim.cursor === cursor) {
      claim.ranges.push(cursor.frontier.claim(nextOffset, cursor.position))
    }
  }

  async commit(): Promise<void> {
    invariant(!this.#ended, ENDED)
    this.#ended = true
    try {
      await this.#deliver()
      this.#throwIfLost()
      const moved: PartitionCursor[] = []
      for (const { cursor, ranges } of this.#claims.values()) {
        const { frontier } = cursor!
        const before = frontier.committable
        for (const range of ranges) frontier.finish(range)
        if (frontier.committable > before) moved.push(cursor!)
      }
      this.#reader.commitLater(moved)
    } catch (error) {
      this.#release()
      throw error
    } finally {
      this.#reader.unitClosed()
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#writer.drop(this.#batches)
    this.#release()
    this.#reader.unitClosed()
  }

  /** Writes nothing when partitions are known to be gone: their new owner writes the same outputs. */
  async #deliver(): Promise<readonly AppendedBatch[]> {
    try {
      this.#throwIfLost()
    } catch (error) {
      this.#writer.drop(this.#batches)
      throw error
    }
    return this.#writer.deliver(this.#batches)
  }

  #throwIfLost(): void {
    const lost = [...this.#claims.values()].filter(
      ({ partition, cursor }) => cursor === undefined || this.#reader.cursor(partition) !== cursor,
    )
    if (lost.length > 0) throw new OwnershipLostError(lost.map(({ partition }) => partition))
  }

  #release(): void {
    for (const { cursor, ranges } of this.#claims.values()) {
      for (const range of ranges.toReversed()) cursor?.frontier.release(range)
    }
  }
}

const ENDED = 'this unit of work has ended; begin another one'
