/**
 * Byte positions of the record batch format v2 (Kafka protocol, "Record Batch"), counted from the start of a batch.
 * The README of this folder has the picture.
 */
export const BATCH = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  checksum: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const

/** Bytes in front of what the length field counts. */
export const BATCH_PREFIX_BYTES = 12
/** The smallest value of the length field: a batch with no records, as compaction leaves behind. */
export const MIN_BATCH_LENGTH = BATCH.records - BATCH_PREFIX_BYTES
export const MAGIC_V2 = 2

export const ATTRIBUTE = {
  compressionMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
} as const

/** Compression codecs; the index is the number in the attributes. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof COMPRESSIONS)[number]

export const INT32_MAX = 0x7fff_ffff
/** Length, attributes, timestamp, offset, key length, value length and header count of one byte each. */
export const MIN_RECORD_BYTES = 7

export const NO_PRODUCER_ID = -1n
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_LEADER_EPOCH = -1
