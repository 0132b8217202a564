import { BatchDecoder, type Isolation, OffsetFrontier, type Slab, type TopicPartition } from '@sluice/stream'
import type { FetchedPartition } from './fetch-request.ts'
import { endOfBatches } from './record-batches.ts'

/** Fetched and not yet polled: from this many bytes on, nothing more is fetched for a partition. */
export const QUEUED_BYTES_MAX = 2 * 1024 * 1024

interface QueuedFetch {
  readonly fetched: FetchedPartition
  readonly bytes: Buffer
  readonly nextOffset: bigint
}

/**
 * Where one owned partition stands, from its assignment to its revocation; a later assignment is another cursor. Three
 * offsets: fetched up to, polled up to, and (in the frontier) handled up to. None is ever taken from the client library.
 */
export class PartitionCursor implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly frontier: OffsetFrontier
  readonly #decoder = new BatchDecoder()
  #queue: QueuedFetch[] = []
  #queuedBytes = 0
  #fetchOffset: bigint
  #position: bigint
  #endOffset: bigint | undefined
  paused = false
  /** Not to be fetched before this time of the monotonic clock, after an error of the partition. */
  notBeforeMs = 0

  constructor({ topic, partition }: TopicPartition, position: bigint) {
    this.topic = topic
    this.partition = partition
    this.frontier = new OffsetFrontier(position)
    this.#fetchOffset = position
    this.#position = position
  }

  get fetchOffset(): bigint {
    return this.#fetchOffset
  }

  get position(): bigint {
    return this.#position
  }

  get endOffset(): bigint | undefined {
    return this.#endOffset
  }

  get full(): boolean {
    return this.#queuedBytes >= QUEUED_BYTES_MAX
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0
  }

  seek(offset: bigint): void {
    this.#position = offset
    this.frontier.reset(offset)
    this.refetch()
  }

  /** Drops what is queued and fetches it again. */
  refetch(): void {
    this.#queue = []
    this.#queuedBytes = 0
    this.#fetchOffset = this.#position
  }

  /** Takes an answer to a fetch from `offset`; one that was overtaken by a seek is dropped. */
  accept(fetched: FetchedPartition, offset: bigint): void {
    if (offset !== this.#fetchOffset) return
    this.#endOffset = fetched.highWatermark
    const { records } = fetched
    const end = endOfBatches(records)
    // An answer may end in the middle of a batch, or hold nothing but the beginning of one.
    if (end === undefined || end.nextOffset <= offset) return
    const bytes = records.subarray(0, end.length)
    this.#queue.push({ fetched, bytes, nextOffset: end.nextOffset })
    this.#queuedBytes += bytes.length
    this.#fetchOffset = end.nextOffset
  }

  /** What is queued as one slab of about `maxBytes`; `undefined` when there is nothing, or nothing but markers. */
  take(isolation: Isolation, maxBytes: number): Slab | undefined {
    while (this.#queue.length > 0) {
      const slab = this.#decode(isolation, maxBytes)
      const from = this.#position
      this.#position = slab.nextOffset
      while (this.#queue.length > 0 && this.#queue[0]!.nextOffset <= this.#position) {
        this.#queuedBytes -= this.#queue.shift()!.bytes.length
      }
      if (slab.count > 0) return slab
      // Markers and aborted records need no work: they count as finished.
      this.frontier.finish({ from, to: slab.nextOffset })
    }
    return undefined
  }

  #decode(isolation: Isolation, maxBytes: number): Slab {
    const parts = [this.#queue[0]!]
    let total = parts[0]!.bytes.length
    for (const next of this.#queue.slice(1)) {
      if (total + next.bytes.length > maxBytes) break
      total += next.bytes.length
      parts.push(next)
    }
    const { topic, partition } = this
    return this.#decoder.decode(parts.length === 1 ? parts[0]!.bytes : Buffer.concat(parts.map(({ bytes }) => bytes)), {
      topic,
      partition,
      fetchOffset: this.#position,
      isolation,
      abortedTransactions: parts.flatMap(({ fetched }) => fetched.abortedTransactions),
    })
  }
}
