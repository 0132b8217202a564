import { DependencyError, invariant } from '@sluice/contracts'
import type { RecordBatchBuilder } from '../codec/record-batch-builder.ts'
import type { AppendedBatch, LogWriter, TopicPartition } from '../log.ts'
import type { MemoryPartition } from './memory-partition.ts'
import type { MemoryProcess } from './memory-process.ts'

export type FindPartition = (partition: TopicPartition) => MemoryPartition | DependencyError

export interface QueuedBatch extends TopicPartition {
  readonly bytes: Uint8Array
}

export class MemoryWriter implements LogWriter {
  readonly #process: MemoryProcess
  readonly #find: FindPartition
  #queue: QueuedBatch[] = []
  #closed = false

  constructor(process: MemoryProcess, find: FindPartition) {
    this.#process = process
    this.#find = find
  }

  append(topic: string, partition: number, batch: RecordBatchBuilder): void {
    invariant(!this.#closed, 'append on a closed writer')
    this.#queue.push({ topic, partition, bytes: batch.seal().slice() })
  }

  async flush(): Promise<readonly AppendedBatch[]> {
    const batches = this.#queue
    this.#queue = []
    return writeBatches(this.#process, this.#find, batches)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#queue = []
  }
}

/** Writes all batches or none, with the faults that the plan has for it. */
export async function writeBatches(
  process: MemoryProcess,
  find: FindPartition,
  batches: readonly QueuedBatch[],
): Promise<readonly AppendedBatch[]> {
  const twice = await process.reach('produce', 'before', batches)
  const targets = batches.map((batch) => {
    const log = find(batch)
    if (log instanceof DependencyError) throw log
    return { ...batch, log }
  })
  const appended = targets.map(({ topic, partition, log, bytes }) => {
    if (twice) log.append(bytes.slice())
    return { topic, partition, ...log.append(bytes) }
  })
  await process.reach('produce', 'after', batches)
  return appended
}
