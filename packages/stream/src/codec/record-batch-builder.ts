/** Header bytes in the record format v2, without the count. */
export interface HeaderBlock {
  readonly bytes: Uint8Array
  readonly length: number
  readonly count: number
}

/** What a producer puts into the batch header when it sends idempotently or in a transaction. */
export interface SealOptions {
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
}

/**
 * Writes records one after another into one buffer in Kafka's record batch format v2. Set the parts of a record, then
 * `add` it; nothing is allocated per record.
 */
export interface RecordBatchBuilder {
  readonly count: number
  /** Bytes of the batch if it were sealed now. */
  readonly byteLength: number
  /** A length of -1 writes a null key. */
  key(bytes: Uint8Array, start: number, length: number): void
  /** A length of -1 writes a null value. */
  value(bytes: Uint8Array, start: number, length: number): void
  /** Headers copied from another record. */
  headers(bytes: Uint8Array, start: number, length: number, count: number): void
  /** Headers that come after the copied ones. */
  extraHeaders(block: HeaderBlock): void
  /** Ends the record: writes it and forgets its parts. */
  add(timestampMs: number): void
  /** The finished batch with its checksum: a view that is valid until the builder is used again. */
  seal(options?: SealOptions): Uint8Array
  reset(): void
}
