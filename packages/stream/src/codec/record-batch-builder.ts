import { InvariantError } from '@sluice/contracts'
import { Arena } from './arena.ts'
import { writeBatchHeader } from './batch-header.ts'
import {
  ATTRIBUTE,
  BATCH,
  COMPRESSIONS,
  type Compression,
  INT32_MAX,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
} from './batch-layout.ts'
import { WordCopier } from './copy-bytes.ts'
import { deflate } from './deflate.ts'
import type { HeaderBlock } from './header-block.ts'
import { MAX_VARINT_BYTES, MAX_VARLONG_BYTES, varintSize, writeVarint, writeVarlong } from './varint.ts'

/** What a producer puts into the batch header when it sends idempotently or in a transaction. */
export interface SealOptions {
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  /** `none` unless given. `zstd` needs Node.js 22.15. */
  readonly compression?: Compression
}

export interface RecordBatchBuilderOptions {
  /** Buffer to start with; it doubles when full and is kept over `reset`. */
  readonly initialBytes?: number
  /** Largest uncompressed batch, its header included. Not above the topic's `max.message.bytes`. */
  readonly maxBytes?: number
}

export const DEFAULT_INITIAL_BATCH_BYTES = 64 * 1024
/** Kafka's default `max.message.bytes` (1,048,588) without the 12 bytes that the broker does not count. */
export const DEFAULT_MAX_BATCH_BYTES = 1024 * 1024
/** Everything of a record but its key, value and headers, at its widest. */
const MAX_RECORD_OVERHEAD_BYTES = MAX_VARINT_BYTES + 1 + MAX_VARLONG_BYTES + 4 * MAX_VARINT_BYTES

/** The record does not fit into what is left of the batch: send the batch first. `fits` tells beforehand. */
export class BatchFullError extends Error {
  override readonly name = 'BatchFullError'
  readonly recordBytes: number
  readonly batchBytes: number
  readonly maxBytes: number
  constructor(recordBytes: number, batchBytes: number, maxBytes: number) {
    super(
      `a record of ${recordBytes} bytes does not fit into a batch of ${batchBytes} of at most ${maxBytes} bytes; ` +
        'ask fits() first, then send the batch and reset the builder',
    )
    this.recordBytes = recordBytes
    this.batchBytes = batchBytes
    this.maxBytes = maxBytes
  }
}

/** The same as it mostly is: one byte each, two for the timestamp and for the length of the value. */
const TYPICAL_RECORD_OVERHEAD_BYTES = 8

const NO_BYTES = new Uint8Array(0)

/**
 * Writes records one after another into one buffer in Kafka's record batch format v2. Set the parts of a record, then
 * `add` it; nothing is allocated per record. Parts that were not set are a null key, a null value and no headers.
 */
export class RecordBatchBuilder {
  readonly maxBytes: number
  #bytes: Uint8Array
  #view: DataView
  #compressed: Arena | undefined
  #length: number = BATCH.records
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0

  #keyBytes: Uint8Array = NO_BYTES
  #keyStart = 0
  #keyLength = -1
  #valueBytes: Uint8Array = NO_BYTES
  #valueStart = 0
  #valueLength = -1
  #headerBytes: Uint8Array = NO_BYTES
  #headerStart = 0
  #headerLength = 0
  #headerCount = 0
  /** Slots are reused, so only the first `#blockCount` count. */
  readonly #blocks: HeaderBlock[] = []
  #blockCount = 0
  readonly #keyCopier = new WordCopier()
  readonly #valueCopier = new WordCopier()
  readonly #headerCopier = new WordCopier()
  /** One for each slot: what a caller adds first is most often the same block every time. */
  readonly #blockCopiers: WordCopier[] = []

  constructor(options: RecordBatchBuilderOptions = {}) {
    const { maxBytes = DEFAULT_MAX_BATCH_BYTES, initialBytes = Math.min(DEFAULT_INITIAL_BATCH_BYTES, maxBytes) } =
      options
    if (!Number.isInteger(maxBytes) || maxBytes <= BATCH.records || maxBytes > INT32_MAX) {
      throw new RangeError(
        `maxBytes is ${maxBytes}; it must be a whole number from ${BATCH.records + 1} to ${INT32_MAX}`,
      )
    }
    if (!Number.isInteger(initialBytes) || initialBytes < BATCH.records || initialBytes > maxBytes) {
      throw new RangeError(
        `initialBytes is ${initialBytes}; it must be a whole number from ${BATCH.records} to maxBytes (${maxBytes})`,
      )
    }
    this.maxBytes = maxBytes
    this.#bytes = new Uint8Array(initialBytes)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get count(): number {
    return this.#count
  }

  /** Bytes of the batch if it were sealed now without compression. */
  get byteLength(): number {
    return this.#length
  }

  /** A length of -1 writes a null key. */
  key(bytes: Uint8Array, start: number, length: number): void {
    this.#keyBytes = bytes
    this.#keyStart = start
    this.#keyLength = length
  }

  /** A length of -1 writes a null value. */
  value(bytes: Uint8Array, start: number, length: number): void {
    this.#valueBytes = bytes
    this.#valueStart = start
    this.#valueLength = length
  }

  /** Headers copied from another record; they replace ones copied before. */
  headers(bytes: Uint8Array, start: number, length: number, count: number): void {
    this.#headerBytes = bytes
    this.#headerStart = start
    this.#headerLength = length
    this.#headerCount = count
  }

  /** Headers that come after the copied ones; several blocks come in the order of the calls. */
  extraHeaders(block: HeaderBlock): void {
    if (this.#blockCount === this.#blockCopiers.length) this.#blockCopiers.push(new WordCopier())
    this.#blocks[this.#blockCount++] = block
  }

  /**
   * True when a record of these lengths is sure to fit; a few bytes are kept for the widest varints. False on an empty
   * builder means that no batch of this size can ever carry it. `headerLength` is the sum of all header blocks.
   */
  fits(keyLength: number, valueLength: number, headerLength: number): boolean {
    const payload = Math.max(keyLength, 0) + Math.max(valueLength, 0) + headerLength
    return this.#length + MAX_RECORD_OVERHEAD_BYTES + payload <= this.maxBytes
  }

  /**
   * Ends the record: writes it and forgets its parts. Throws `BatchFullError` and writes nothing when it does not fit; the
   * parts stay then, an `add` after `seal` and `reset` needs them set again.
   * `timestampMs` is a whole number of milliseconds since the Unix epoch, -1 for none.
   */
  add(timestampMs: number): void {
    if (!Number.isSafeInteger(timestampMs)) {
      throw new RangeError(`timestampMs is ${timestampMs}; it must be a whole number of milliseconds`)
    }
    const first = this.#count === 0
    const timestampDelta = first ? 0 : timestampMs - this.#baseTimestamp
    const keyLength = this.#keyLength
    const valueLength = this.#valueLength
    let headerCount = this.#headerCount
    let payload = this.#headerLength + (keyLength > 0 ? keyLength : 0) + (valueLength > 0 ? valueLength : 0)
    for (let i = 0; i < this.#blockCount; i++) {
      headerCount += this.#blocks[i]!.count
      payload += this.#blocks[i]!.length
    }
    this.#reserve(payload)

    const bytes = this.#bytes
    const view = this.#view
    // The length comes first but is known last: its size is guessed, and in the rare other case the record is moved.
    const lengthSize = varintSize(payload + TYPICAL_RECORD_OVERHEAD_BYTES)
    const bodyStart = this.#length + lengthSize
    bytes[bodyStart] = 0
    let at = writeVarlong(bytes, bodyStart + 1, timestampDelta)
    at = writeVarint(bytes, at, this.#count)
    at = writeVarint(bytes, at, keyLength)
    if (keyLength > 0) at = this.#keyCopier.copy(this.#keyBytes, this.#keyStart, keyLength, bytes, view, at)
    at = writeVarint(bytes, at, valueLength)
    if (valueLength > 0) at = this.#valueCopier.copy(this.#valueBytes, this.#valueStart, valueLength, bytes, view, at)
    at = writeVarint(bytes, at, headerCount)
    if (headerCount > 0) at = this.#writeHeaders(at)
    const end = this.#writeLength(bodyStart, lengthSize, at)
    if (end > this.maxBytes) throw new BatchFullError(end - this.#length, this.#length, this.maxBytes)

    if (first) this.#baseTimestamp = timestampMs
    if (first || timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs
    this.#length = end
    this.#count++
    this.#forgetParts()
  }

  #writeHeaders(start: number): number {
    const bytes = this.#bytes
    const view = this.#view
    let at = start
    if (this.#headerLength > 0) {
      at = this.#headerCopier.copy(this.#headerBytes, this.#headerStart, this.#headerLength, bytes, view, at)
    }
    for (let i = 0; i < this.#blockCount; i++) {
      const block = this.#blocks[i]!
      at = this.#blockCopiers[i]!.copy(block.bytes, 0, block.length, bytes, view, at)
    }
    return at
  }

  /** Writes the length in front of a body and returns where the record ends. */
  #writeLength(bodyStart: number, lengthSize: number, bodyEnd: number): number {
    const size = varintSize(bodyEnd - bodyStart)
    if (size !== lengthSize) this.#bytes.copyWithin(this.#length + size, bodyStart, bodyEnd)
    return writeVarint(this.#bytes, this.#length, bodyEnd - bodyStart) + bodyEnd - bodyStart
  }

  /**
   * The finished batch with its checksum: a view that is valid until the builder is used again. Sealing again, with other
   * options, is allowed: a retry under a new producer epoch needs it. A batch that compression does not shrink stays as it is.
   */
  seal(options: SealOptions = {}): Uint8Array {
    if (this.#count === 0) throw new InvariantError('an empty record batch was sealed; brokers refuse it')
    const { compression = 'none', transactional = false } = options
    const compressed = compression === 'none' ? undefined : this.#compress(compression)
    const batch = compressed ?? this.#bytes.subarray(0, this.#length)
    writeBatchHeader(batch, {
      attributes:
        (compressed === undefined ? 0 : COMPRESSIONS.indexOf(compression)) |
        (transactional ? ATTRIBUTE.transactional : 0),
      recordCount: this.#count,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      producerId: options.producerId ?? NO_PRODUCER_ID,
      producerEpoch: options.producerEpoch ?? NO_PRODUCER_EPOCH,
      baseSequence: options.baseSequence ?? NO_SEQUENCE,
    })
    return batch
  }

  /** Room for a header with the compressed records behind it; `undefined` when they are not smaller. */
  #compress(compression: Compression): Uint8Array | undefined {
    this.#compressed ??= new Arena()
    const arena = this.#compressed
    arena.reset()
    arena.reserve(BATCH.records)
    arena.length = BATCH.records
    deflate(compression, this.#bytes, BATCH.records, this.#length, arena)
    return arena.length < this.#length ? arena.bytes.subarray(0, arena.length) : undefined
  }

  reset(): void {
    this.#length = BATCH.records
    this.#count = 0
    this.#forgetParts()
  }

  #forgetParts(): void {
    this.#keyLength = -1
    this.#valueLength = -1
    this.#headerLength = 0
    this.#headerCount = 0
    this.#blockCount = 0
  }

  /** Makes room for the widest form of a record, which may be a few bytes past `maxBytes`. */
  #reserve(payload: number): void {
    const needed = this.#length + MAX_RECORD_OVERHEAD_BYTES + payload
    if (needed <= this.#bytes.length) return
    if (this.#length + payload > this.maxBytes) throw new BatchFullError(payload, this.#length, this.maxBytes)
    const roomiest = this.maxBytes + MAX_RECORD_OVERHEAD_BYTES
    const grown = new Uint8Array(Math.min(roomiest, Math.max(needed, 2 * this.#bytes.length)))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}
