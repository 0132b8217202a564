import { RecordBatchBuilder } from './codec/record-batch-builder.ts'
import type { UnitOfWork } from './log.ts'

/**
 * The record batches of one unit of work, one builder per (topic, partition), kept from batch to batch. A builder that is
 * full is appended and filled anew, so outputs keep their order per partition.
 */
export class OutputBatches {
  readonly #maxBytes: number
  readonly #topics = new Map<string, (RecordBatchBuilder | undefined)[]>()
  #work: Pick<UnitOfWork, 'append'> | undefined

  /** `maxBytes` is the largest batch the topics take (`max.message.bytes`). */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  begin(work: Pick<UnitOfWork, 'append'>): void {
    this.#work = work
    for (const builders of this.#topics.values()) for (const builder of builders) builder?.reset()
  }

  /**
   * A builder with room for a record of these lengths (`headerLength` sums all header blocks); `undefined` when no batch
   * of this size can ever carry it.
   */
  room(
    topic: string,
    partition: number,
    keyLength: number,
    valueLength: number,
    headerLength: number,
  ): RecordBatchBuilder | undefined {
    let builders = this.#topics.get(topic)
    if (builders === undefined) {
      builders = []
      this.#topics.set(topic, builders)
    }
    let builder = builders[partition]
    if (builder === undefined) {
      builder = new RecordBatchBuilder({ maxBytes: this.#maxBytes })
      builders[partition] = builder
    }
    if (builder.fits(keyLength, valueLength, headerLength)) return builder
    if (builder.count === 0) return undefined
    this.#append(topic, partition, builder)
    return builder.fits(keyLength, valueLength, headerLength) ? builder : undefined
  }

  /** Hands everything over to the unit of work. */
  flush(): void {
    for (const [topic, builders] of this.#topics) {
      for (const [partition, builder] of builders.entries()) {
        if (builder !== undefined && builder.count > 0) this.#append(topic, partition, builder)
      }
    }
  }

  #append(topic: string, partition: number, builder: RecordBatchBuilder): void {
    this.#work!.append(topic, partition, builder)
    builder.reset()
  }
}
