import type { AbortedTransaction } from '../codec/aborted-transactions.ts'
import { BATCH } from '../codec/batch-layout.ts'
import type { Isolation } from '../log.ts'
import { type Marker, writeMarker } from './write-marker.ts'

interface StoredBatch {
  readonly baseOffset: bigint
  readonly nextOffset: bigint
  readonly maxTimestamp: number
  readonly bytes: Uint8Array
}

interface AbortedRange extends AbortedTransaction {
  readonly nextOffset: bigint
}

/** What a broker answers to a fetch of one partition. */
export interface FetchedBytes {
  readonly bytes: Uint8Array
  readonly aborted: readonly AbortedTransaction[]
}

/** One partition as a broker keeps it: sealed batches one after another, and which transactions are open or were aborted. */
export class MemoryPartition {
  readonly #batches: StoredBatch[] = []
  readonly #openTransactions = new Map<bigint, bigint>()
  readonly #aborted: AbortedRange[] = []
  readonly #watchers = new Set<() => void>()
  #endOffset = 0n

  /** One past the newest record. */
  get endOffset(): bigint {
    return this.#endOffset
  }

  /** Up to here every transaction has ended: what read_committed may see. */
  get stableOffset(): bigint {
    let stable = this.#endOffset
    for (const firstOffset of this.#openTransactions.values()) if (firstOffset < stable) stable = firstOffset
    return stable
  }

  readableEnd(isolation: Isolation): bigint {
    return isolation === 'read_committed' ? this.stableOffset : this.#endOffset
  }

  /** Takes over a sealed batch and gives it its place. */
  append(bytes: Uint8Array): { readonly baseOffset: bigint; readonly count: number } {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const baseOffset = this.#endOffset
    view.setBigInt64(BATCH.baseOffset, baseOffset)
    this.#endOffset = baseOffset + BigInt(view.getInt32(BATCH.lastOffsetDelta) + 1)
    const maxTimestamp = Number(view.getBigInt64(BATCH.maxTimestamp))
    this.#batches.push({ baseOffset, nextOffset: this.#endOffset, maxTimestamp, bytes })
    this.#wakeWatchers()
    return { baseOffset, count: view.getInt32(BATCH.recordCount) }
  }

  /** The next batches of this producer belong to a transaction until `endTransaction`. */
  beginTransaction(producerId: bigint): void {
    if (!this.#openTransactions.has(producerId)) this.#openTransactions.set(producerId, this.#endOffset)
  }

  endTransaction(marker: Marker, producerId: bigint, timestampMs: number): void {
    const firstOffset = this.#openTransactions.get(producerId)
    if (firstOffset === undefined) return
    this.append(writeMarker(marker, producerId, timestampMs))
    this.#openTransactions.delete(producerId)
    if (marker === 'abort') this.#aborted.push({ producerId, firstOffset, nextOffset: this.#endOffset })
    this.#wakeWatchers()
  }

  /** Whole batches from the one that holds `offset` up to about `maxBytes`; at least one, when there is one. */
  read(offset: bigint, isolation: Isolation, maxBytes: number): FetchedBytes | undefined {
    const end = this.readableEnd(isolation)
    const first = this.#indexOf(offset)
    let total = 0
    let last = first
    while (last < this.#batches.length && this.#batches[last]!.nextOffset <= end) {
      const { length } = this.#batches[last]!.bytes
      if (total > 0 && total + length > maxBytes) break
      total += length
      last++
    }
    if (last === first) return undefined
    const bytes = new Uint8Array(total)
    let at = 0
    for (let i = first; i < last; i++) {
      bytes.set(this.#batches[i]!.bytes, at)
      at += this.#batches[i]!.bytes.length
    }
    const nextOffset = this.#batches[last - 1]!.nextOffset
    const aborted = this.#aborted.filter((range) => range.firstOffset < nextOffset && range.nextOffset > offset)
    return { bytes, aborted: isolation === 'read_committed' ? aborted : [] }
  }

  /** Batches, oldest first, that hold a record of this time or later. */
  *batchesSince(timestampMs: number): Generator<Uint8Array> {
    for (const batch of this.#batches) if (batch.maxTimestamp >= timestampMs) yield batch.bytes
  }

  watch(watcher: () => void): void {
    this.#watchers.add(watcher)
  }

  unwatch(watcher: () => void): void {
    this.#watchers.delete(watcher)
  }

  #wakeWatchers(): void {
    for (const watcher of this.#watchers) watcher()
  }

  /** Index of the first batch that ends after `offset`. */
  #indexOf(offset: bigint): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.nextOffset > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
