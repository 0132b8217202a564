export type { AbortedTransaction } from './codec/aborted-transactions.ts'
export {
  BatchDecoder,
  type BatchDecoderOptions,
  DEFAULT_MAX_INFLATED_BYTES,
  type DecodeOptions,
} from './codec/batch-decoder.ts'
export { BATCH_FAULTS, type BatchFaultCode, CorruptBatchError } from './codec/batch-fault.ts'
export { crc32c } from './codec/crc32c.ts'
export * from './codec/header-block.ts'
export { findHeader, HeaderBlockError, type HeaderSpan, type HeaderVisitor, readHeaders } from './codec/read-headers.ts'
export * from './codec/record-batch-builder.ts'
export { SlabBuffer } from './codec/slab-buffer.ts'
export * from './consume-loop.ts'
export * from './dead-letters.ts'
export * from './log.ts'
export * from './logger.ts'
export * from './memory/memory-schema-registry.ts'
export * from './output-batches.ts'
export * from './schema/avro-compatibility.ts'
export * from './schema/avro-schema.ts'
export * from './schema-registry.ts'
export * from './slab.ts'
export * from './telemetry.ts'
export * from './topic-follower.ts'
