import { DependencyError, invariant } from '@sluice/contracts'
import type { RecordBatchBuilder } from '../codec/record-batch-builder.ts'
import { OwnershipLostError, type TopicPartition, type UnitOfWork, type WorkSession } from '../log.ts'
import type { OffsetRange } from '../offset-frontier.ts'
import { partitionName } from '../partition-name.ts'
import type { MemoryReader, OwnedPartition } from './memory-reader.ts'
import type { MemoryTransactions } from './memory-transactions.ts'
import { type FindPartition, type QueuedBatch, writeBatches } from './memory-writer.ts'
import { PRODUCER_EPOCH } from './write-marker.ts'

export interface MemoryWorkOptions {
  readonly reader: MemoryReader
  readonly find: FindPartition
  /** Absent for at-least-once. */
  readonly transactions?: MemoryTransactions
}

export class MemoryWorkSession implements WorkSession {
  readonly #options: MemoryWorkOptions
  #closed = false

  constructor(options: MemoryWorkOptions) {
    this.#options = options
  }

  begin(): UnitOfWork {
    invariant(!this.#closed, 'begin on a closed work session')
    return new MemoryUnitOfWork(this.#options)
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

interface Claim {
  readonly partition: TopicPartition
  /** `undefined` when the partition was not owned any more. */
  readonly owned: OwnedPartition | undefined
  readonly ranges: OffsetRange[]
}

class MemoryUnitOfWork implements UnitOfWork {
  readonly #options: MemoryWorkOptions
  readonly #batches: QueuedBatch[] = []
  readonly #claims = new Map<string, Claim>()
  readonly #producerId: bigint | undefined
  /** What is advanced was polled under the assignment of the beginning; a later one gives other records the same name. */
  readonly #generation: number
  #ended = false

  constructor(options: MemoryWorkOptions) {
    this.#options = options
    this.#generation = options.reader.generation
    this.#producerId = options.transactions?.newProducerId()
    options.reader.unitOpened()
  }

  append(topic: string, partition: number, batch: RecordBatchBuilder): void {
    this.#throwIfEnded()
    const producerId = this.#producerId
    const sealed = batch.seal(
      producerId === undefined ? {} : { producerId, producerEpoch: PRODUCER_EPOCH, transactional: true },
    )
    this.#batches.push({ topic, partition, bytes: sealed.slice() })
  }

  advance({ topic, partition }: TopicPartition, nextOffset: bigint): void {
    this.#throwIfEnded()
    const name = partitionName({ topic, partition })
    const { reader } = this.#options
    const owned = reader.generation === this.#generation ? reader.find({ topic, partition }) : undefined
    const claim = this.#claims.get(name) ?? { partition: { topic, partition }, owned, ranges: [] }
    this.#claims.set(name, claim)
    if (claim.owned !== undefined && claim.owned === owned) {
      claim.ranges.push(owned.frontier.claim(nextOffset, owned.delivered))
    }
  }

  async commit(): Promise<void> {
    this.#throwIfEnded()
    try {
      this.#throwIfLost()
      if (this.#options.transactions === undefined) await this.#commitAfterOutputs()
      else await this.#commitTransaction(this.#options.transactions)
    } catch (error) {
      this.#release()
      throw error
    } finally {
      this.#end()
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return
    this.#release()
    this.#end()
  }

  async #commitAfterOutputs(): Promise<void> {
    const { reader, find } = this.#options
    if (this.#batches.length > 0) await writeBatches(reader.process, find, this.#batches)
    await reader.process.reach('commit', 'before', this.#partitions())
    this.#throwIfLost()
    this.#commitOffsets()
    await reader.process.reach('commit', 'after', this.#partitions())
  }

  async #commitTransaction(transactions: MemoryTransactions): Promise<void> {
    const { reader, find } = this.#options
    const { process } = reader
    await process.reach('produce', 'before', this.#batches)
    const targets = this.#batches.map((batch) => {
      const log = find(batch)
      if (log instanceof DependencyError) throw log
      return { log, bytes: batch.bytes }
    })
    this.#throwIfLost()
    const transaction = transactions.begin(reader.group!, this.#producerId!)
    try {
      for (const { log, bytes } of targets) transaction.append(log, bytes)
      await process.reach('produce', 'after', this.#batches)
      await process.reach('commit', 'before', this.#partitions())
      this.#throwIfLost()
      if (!transaction.open) throw new OwnershipLostError(this.#partitions())
      transaction.end('commit')
      this.#commitOffsets()
    } catch (error) {
      // A crashed process ends nothing: its transaction stays open until the broker gives it up.
      if (!process.crashed) transaction.end('abort')
      throw error
    }
    await process.reach('commit', 'after', this.#partitions())
  }

  #commitOffsets(): void {
    const { group } = this.#options.reader
    for (const { partition, owned, ranges } of this.#claims.values()) {
      const { frontier } = owned!
      const before = frontier.committable
      for (const range of ranges) frontier.finish(range)
      if (frontier.committable > before) group!.commit(partition, frontier.committable)
    }
  }

  #partitions(): readonly TopicPartition[] {
    return [...this.#claims.values()].map(({ partition }) => partition)
  }

  #throwIfLost(): void {
    const { reader } = this.#options
    const lost = [...this.#claims.values()].filter(
      ({ partition, owned }) => owned === undefined || reader.find(partition) !== owned,
    )
    if (lost.length > 0) throw new OwnershipLostError(lost.map(({ partition }) => partition))
  }

  #release(): void {
    for (const { owned, ranges } of this.#claims.values()) {
      for (const range of ranges.toReversed()) owned?.frontier.release(range)
    }
  }

  #end(): void {
    this.#ended = true
    this.#options.reader.unitClosed()
  }

  #throwIfEnded(): void {
    this.#options.reader.process.throwIfCrashed()
    invariant(!this.#ended, 'this unit of work has ended; begin another one')
  }
}
