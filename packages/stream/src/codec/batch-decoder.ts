import type { Isolation } from '../log.ts'
import type { Slab } from '../slab.ts'
import { type AbortedTransaction, AbortedTransactions } from './aborted-transactions.ts'
import { BatchFault, CorruptBatchError } from './batch-fault.ts'
import { type BatchHeader, holdsCompressed, readBatchHeader } from './batch-header.ts'
import { BATCH, INT32_MAX, MIN_RECORD_BYTES } from './batch-layout.ts'
import { decodeRecords } from './decode-records.ts'
import { inflate } from './inflate.ts'
import { SlabBuffer } from './slab-buffer.ts'
import { endsTransaction } from './transaction-marker.ts'

export interface BatchDecoderOptions {
  /** Largest number of bytes that the batches of one slab may inflate to. */
  readonly maxInflatedBytes?: number
}

/** Sixty-four times Kafka's default largest batch: above any honest ratio of one batch, and little memory per partition. */
export const DEFAULT_MAX_INFLATED_BYTES = 64 * 1024 * 1024

export interface DecodeOptions {
  readonly topic: string
  readonly partition: number
  /** Records before it are left out: a broker sends whole batches. */
  readonly fetchOffset: bigint
  readonly isolation: Isolation
  /** The list of the fetch response; `null` or absent when the broker gave none. Only `read_committed` looks at it. */
  readonly abortedTransactions?: readonly AbortedTransaction[] | null
}

/**
 * Turns fetched record batches into slabs; one decoder per partition, since it remembers open aborted transactions.
 *
 * Zero copy  without compression `slab.bytes` is the fetched buffer itself; otherwise the slab's own arena.
 * Progress   `slab.nextOffset` is where the next fetch begins: past control records, aborted records, batches emptied by
 *            compaction and deltas without records. A slab ends early (so fetch again from there) when offsets are too far
 *            apart for its 32-bit deltas or when the next batch would inflate it past `maxInflatedBytes`.
 * Corruption a slab holds everything before the first bad batch. When nothing comes before it, that is when `nextOffset`
 *            would not move, `decode` throws `CorruptBatchError`: no caller can overlook it, damage on the way heals with
 *            the second fetch, and no record behind the damage is delivered.
 */
export class BatchDecoder {
  readonly #maxInflatedBytes: number
  readonly #aborted = new AbortedTransactions()

  constructor(options: BatchDecoderOptions = {}) {
    const { maxInflatedBytes = DEFAULT_MAX_INFLATED_BYTES } = options
    if (!Number.isInteger(maxInflatedBytes) || maxInflatedBytes < 1 || maxInflatedBytes > INT32_MAX) {
      throw new RangeError(`maxInflatedBytes is ${maxInflatedBytes}; it must be a whole number from 1 to ${INT32_MAX}`)
    }
    this.#maxInflatedBytes = maxInflatedBytes
  }

  /** Decodes the record bytes of one partition of a fetch response. `into` is a slab to fill again; what it held is lost. */
  decode(fetched: Uint8Array, options: DecodeOptions, into: SlabBuffer = new SlabBuffer()): Slab {
    if (fetched.length > INT32_MAX) throw new RangeError(`${fetched.length} bytes in one fetch; at most ${INT32_MAX}`)
    const { topic, partition, fetchOffset, isolation, abortedTransactions } = options
    const bytes = plainBytes(fetched)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    into.begin(topic, partition, fetchOffset)
    const fetch: Fetch = {
      bytes,
      fetchOffset,
      committedOnly: isolation === 'read_committed',
      arenaUsed: holdsCompressed(bytes, view),
      inflatedBytes: 0,
    }
    this.#aborted.begin(fetchOffset, abortedTransactions)

    let at = 0
    let logEnd = 0n
    try {
      while (at < bytes.length) {
        const header = readBatchHeader(bytes, view, at)
        if (header === undefined) {
          if (into.nextOffset > fetchOffset) break
          throw new BatchFault('E_BATCH_TRUNCATED', `${bytes.length - at} bytes of it were fetched`)
        }
        if (header.baseOffset < logEnd) throw new BatchFault('E_BATCH_OFFSET_ORDER', `the log was at ${logEnd}`)
        logEnd = header.nextOffset
        if (!this.#take(fetch, at, header, into)) break
        if (logEnd > fetchOffset) into.nextOffset = logEnd
        at = header.end
      }
    } catch (error) {
      if (!(error instanceof BatchFault)) throw error
      if (into.nextOffset === fetchOffset) {
        const baseOffset = at + BATCH.length <= bytes.length ? view.getBigInt64(at + BATCH.baseOffset) : fetchOffset
        throw new CorruptBatchError(topic, partition, baseOffset, fetchOffset, error)
      }
    }
    this.#aborted.finish(into.nextOffset)
    into.bytes = fetch.arenaUsed ? into.arena.bytes : bytes
    return into
  }

  /** Adds the records of one batch that are to be delivered; false when the slab has no room for them. */
  #take(fetch: Fetch, at: number, header: BatchHeader, into: SlabBuffer): boolean {
    if (fetch.committedOnly && header.producerId >= 0n) {
      this.#aborted.enter(header.nextOffset - 1n)
      if (header.control && endsTransaction(fetch.bytes, at, header)) this.#aborted.end(header.producerId)
      if (header.transactional && this.#aborted.drops(header.producerId)) return true
    }
    if (header.control || header.recordCount === 0 || header.nextOffset <= fetch.fetchOffset) return true
    return this.#takeRecords(fetch, at, header, into)
  }

  #takeRecords(fetch: Fetch, at: number, header: BatchHeader, into: SlabBuffer): boolean {
    const { baseOffset, lastOffsetDelta, recordCount, compression } = header
    const { fetchOffset } = fetch
    if (into.count === 0) {
      into.baseOffset = baseOffset
      if (fetchOffset > baseOffset) into.baseOffset = fetchOffset
    }
    const slabDelta = Number(baseOffset - into.baseOffset)
    if (slabDelta + lastOffsetDelta > INT32_MAX) return false

    let bytes = fetch.bytes
    let start = at + BATCH.records
    let end = header.end
    if (fetch.arenaUsed) {
      start = into.arena.length
      if (compression === 'none') {
        into.arena.append(bytes.subarray(at + BATCH.records, end))
      } else {
        const inflated = this.#inflate(fetch, at, header, into)
        if (!inflated) return false
      }
      bytes = into.arena.bytes
      end = into.arena.length
    }
    if (recordCount * MIN_RECORD_BYTES > end - start) {
      throw new BatchFault('E_BATCH_HEADER', `${recordCount} records in ${end - start} bytes`)
    }
    decodeRecords(into, bytes, {
      start,
      end,
      count: recordCount,
      lastOffsetDelta,
      firstDelta: baseOffset < fetchOffset ? Number(fetchOffset - baseOffset) : 0,
      slabDelta,
      baseTimestamp: header.baseTimestamp,
      appendTimestamp: header.appendTimestamp,
    })
    return true
  }

  /** Inflates a batch into the arena; false when it only fits into a slab of its own. */
  #inflate(fetch: Fetch, at: number, header: BatchHeader, into: SlabBuffer): boolean {
    const limit = this.#maxInflatedBytes - fetch.inflatedBytes
    const before = into.arena.length
    try {
      inflate(header.compression, fetch.bytes, at + BATCH.records, header.end, into.arena, limit)
    } catch (error) {
      const alone = into.nextOffset === fetch.fetchOffset
      if (error instanceof BatchFault && error.code === 'E_BATCH_INFLATED_TOO_LARGE' && !alone) return false
      throw error
    }
    fetch.inflatedBytes += into.arena.length - before
    return true
  }
}

interface Fetch {
  readonly bytes: Uint8Array
  readonly fetchOffset: bigint
  readonly committedOnly: boolean
  /** Once one batch has to be inflated all records go to the arena, since a slab has one buffer. */
  readonly arenaUsed: boolean
  inflatedBytes: number
}

/** A Buffer has another hidden class than a Uint8Array; one class keeps the loops over bytes monomorphic. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}
