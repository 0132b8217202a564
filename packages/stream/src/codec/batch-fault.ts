/**
 * Every way a record batch can be bad. Unlike a record fault this is not the business of one record: nothing after the
 * batch can be trusted to be found, so the partition stops there until a person decides.
 */
export const BATCH_FAULTS = {
  E_BATCH_TRUNCATED: 'the first batch does not end within the fetched bytes; raise the fetch limit of the partition',
  E_BATCH_LENGTH: 'the length field is smaller than a batch header',
  E_BATCH_MAGIC: 'the message format is v0 or v1, or unknown; only v2 (Kafka 0.11 and later) is read',
  E_BATCH_CHECKSUM: 'the CRC-32C does not match the bytes',
  E_BATCH_HEADER: 'the offsets or the record count in the batch header contradict themselves',
  E_BATCH_OFFSET_ORDER: 'the batch begins before the end of the batch in front of it',
  E_BATCH_CODEC: 'the compression codec is not one of none, gzip, snappy, lz4, zstd',
  E_BATCH_CODEC_UNAVAILABLE: 'this Node.js has no zstd; run Node.js 22.15 or later',
  E_BATCH_INFLATED_TOO_LARGE:
    'the batch inflates to more than the limit; raise maxInflatedBytes if the sender is trusted',
  E_BATCH_COMPRESSED_DATA: 'the compressed bytes are malformed',
  E_BATCH_RECORD: 'a record does not match its lengths or its place in the batch',
  E_BATCH_CONTROL: 'the control record is malformed',
} as const

export type BatchFaultCode = keyof typeof BATCH_FAULTS

/** One bad batch; `detail` says where without showing payload. */
export class BatchFault extends Error {
  override readonly name = 'BatchFault'
  readonly code: BatchFaultCode
  readonly detail: string
  constructor(code: BatchFaultCode, detail: string, cause?: unknown) {
    super(`${BATCH_FAULTS[code]} (${detail})`, cause === undefined ? undefined : { cause })
    this.code = code
    this.detail = detail
  }
}

/**
 * Reading a partition cannot go on at `baseOffset`. Everything before it has been delivered. A second fetch helps when the
 * bytes were damaged on the way; when the error comes again, the log itself is damaged (or was written by a broken
 * producer), and the group has to be moved past the batch by hand.
 */
export class CorruptBatchError extends Error {
  override readonly name = 'CorruptBatchError'
  readonly topic: string
  readonly partition: number
  /** What the batch header says; the checksum does not cover it. */
  readonly baseOffset: bigint
  /** Where reading stopped: the offset that was to be delivered next. */
  readonly position: bigint
  readonly code: BatchFaultCode
  constructor(topic: string, partition: number, baseOffset: bigint, position: bigint, fault: BatchFault) {
    super(`${topic}/${partition}: the record batch at offset ${baseOffset} cannot be read: ${fault.message}`, {
      cause: fault,
    })
    this.topic = topic
    this.partition = partition
    this.baseOffset = baseOffset
    this.position = position
    this.code = fault.code
  }
}
