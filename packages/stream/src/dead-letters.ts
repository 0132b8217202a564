import { DEAD_LETTER_HEADERS, DependencyError, faultMessage, type RecordFault } from '@sluice/contracts'
import { HeaderBlockBuilder } from './codec/header-block.ts'
import type { UnitOfWork } from './log.ts'
import { OutputBatches } from './output-batches.ts'
import { type Slab, slabOffset } from './slab.ts'

/** Longest text of a dead-letter header, in characters; messages never contain payload, but field paths can be long. */
export const DEAD_LETTER_MESSAGE_MAX = 1024
/**
 * Largest batch in the dead-letter topic, in bytes: room for any event a topic of the company may hold, plus what is added
 * to it. The topic's `max.message.bytes` must be at least this.
 */
export const DEAD_LETTER_BATCH_BYTES_MAX = 33_554_432

/** Which part of the platform gave a record up. */
export type DeadLetterStage = 'router' | 'scorer' | 'feedback'

/**
 * The dead letters of one unit of work: key, value and headers byte for byte as they were, then what happened and where
 * the record came from. Together they are enough to put it back.
 */
export class DeadLetters {
  readonly #topic: string
  readonly #stage: DeadLetterStage
  readonly #outputs = new OutputBatches(DEAD_LETTER_BATCH_BYTES_MAX)
  readonly #headers = new HeaderBlockBuilder()

  constructor(topic: string, stage: DeadLetterStage) {
    this.#topic = topic
    this.#stage = stage
  }

  begin(work: UnitOfWork): void {
    this.#outputs.begin(work)
  }

  /**
   * Adds record `index` of a slab. Throws DependencyError when no dead letter can hold it: the partition then waits, because
   * going on would lose the record.
   */
  add(slab: Slab, index: number, fault: RecordFault, nowMs: number): void {
    const headers = this.#headers
    headers.clear()
    headers.text(DEAD_LETTER_HEADERS.topic, slab.topic)
    headers.text(DEAD_LETTER_HEADERS.partition, String(slab.partition))
    headers.text(DEAD_LETTER_HEADERS.offset, String(slabOffset(slab, index)))
    headers.text(DEAD_LETTER_HEADERS.timestamp, String(slab.timestamps[index]))
    headers.text(DEAD_LETTER_HEADERS.stage, this.#stage)
    headers.text(DEAD_LETTER_HEADERS.code, fault.code)
    headers.text(DEAD_LETTER_HEADERS.message, faultMessage(fault).slice(0, DEAD_LETTER_MESSAGE_MAX))
    headers.text(DEAD_LETTER_HEADERS.attempts, '1')
    const keyLength = slab.keyLengths[index]!
    const valueLength = slab.valueLengths[index]!
    const headerLength = slab.headerLengths[index]!
    const builder = this.#outputs.room(
      this.#topic,
      slab.partition,
      keyLength,
      valueLength,
      headerLength + headers.length,
    )
    if (builder === undefined) {
      throw new DependencyError(
        'kafka',
        `record ${slabOffset(slab, index)} of ${slab.topic}/${slab.partition} is too large for a dead letter`,
        {
          next: `Lower max.message.bytes of ${slab.topic} below ${DEAD_LETTER_BATCH_BYTES_MAX - 65_536} bytes; until then the partition waits.`,
        },
      )
    }
    builder.key(slab.bytes, slab.keyStarts[index]!, keyLength)
    builder.value(slab.bytes, slab.valueStarts[index]!, valueLength)
    builder.headers(slab.bytes, slab.headerStarts[index]!, headerLength, slab.headerCounts[index]!)
    builder.extraHeaders(headers)
    builder.add(nowMs)
  }

  flush(): void {
    this.#outputs.flush()
  }
}
