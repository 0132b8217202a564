export * from './assign-partitions.ts'
export type { AbortedTransaction } from './codec/aborted-transactions.ts'
export {
  BatchDecoder,
  type BatchDecoderOptions,
  DEFAULT_MAX_INFLATED_BYTES,
  type DecodeOptions,
} from './codec/batch-decoder.ts'
export { BATCH_FAULTS, type BatchFaultCode, CorruptBatchError } from './codec/batch-fault.ts'
export { COMPRESSIONS, type Compression } from './codec/batch-layout.ts'
export { crc32c } from './codec/crc32c.ts'
export * from './codec/header-block.ts'
export { findHeader, HeaderBlockError, type HeaderSpan, type HeaderVisitor, readHeaders } from './codec/read-headers.ts'
export * from './codec/record-batch-builder.ts'
export { SlabBuffer } from './codec/slab-buffer.ts'
export * from './consume-loop.ts'
export * from './dead-letters.ts'
export * from './log.ts'
export * from './logger.ts'
export {
  type Fault,
  type FaultPlan,
  type FaultPoint,
  type LogOperation,
  ProcessCrashedError,
} from './memory/fault-plan.ts'
export {
  type MemoryBroker,
  type MemoryBrokerOptions,
  type MemoryLog,
  memoryBroker,
  memoryLog,
} from './memory/memory-log.ts'
export * from './memory/memory-schema-registry.ts'
export * from './memory/virtual-clock.ts'
export * from './offset-frontier.ts'
export * from './output-batches.ts'
export * from './partition-name.ts'
export * from './retry-dependency.ts'
export * from './schema/avro-compatibility.ts'
export * from './schema/avro-schema.ts'
export * from './schema/avro-value.ts'
export * from './schema-registry.ts'
export * from './slab.ts'
export * from './telemetry.ts'
export * from './topic-follower.ts'
export * from './wake-up.ts'
