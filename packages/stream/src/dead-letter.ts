import { DEAD_LETTER_HEADERS, faultMessage, type RecordFault } from '@sluice/contracts'
import { HeaderBlockBuilder } from './codec/header-block.ts'
import type { RecordBatchBuilder } from './codec/record-batch-builder.ts'
import { type Slab, slabOffset } from './slab.ts'

/** Longest text of a dead-letter header, in characters; messages never contain payload, but field paths can be long. */
export const DEAD_LETTER_MESSAGE_MAX = 1024

/** Which part of the platform gave a record up. */
export type DeadLetterStage = 'router' | 'scorer' | 'feedback'

/**
 * Writes record `index` of a slab as a dead letter: key, value and headers byte for byte as they were, then what
 * happened and where the record came from. Together they are enough to put it back.
 */
export class DeadLetterWriter {
  readonly #headers = new HeaderBlockBuilder()
  readonly #stage: DeadLetterStage

  constructor(stage: DeadLetterStage) {
    this.#stage = stage
  }

  /** Readies the builder with the dead letter's parts; the caller adds it when it fits. Returns the bytes of the added headers. */
  prepare(builder: RecordBatchBuilder, slab: Slab, index: number, fault: RecordFault, attempts = 1): number {
    const headers = this.#headers
    headers.clear()
    headers.text(DEAD_LETTER_HEADERS.topic, slab.topic)
    headers.text(DEAD_LETTER_HEADERS.partition, String(slab.partition))
    headers.text(DEAD_LETTER_HEADERS.offset, String(slabOffset(slab, index)))
    headers.text(DEAD_LETTER_HEADERS.timestamp, String(slab.timestamps[index]))
    headers.text(DEAD_LETTER_HEADERS.stage, this.#stage)
    headers.text(DEAD_LETTER_HEADERS.code, fault.code)
    headers.text(DEAD_LETTER_HEADERS.message, faultMessage(fault).slice(0, DEAD_LETTER_MESSAGE_MAX))
    headers.text(DEAD_LETTER_HEADERS.attempts, String(attempts))
    builder.key(slab.bytes, slab.keyStarts[index]!, slab.keyLengths[index]!)
    builder.value(slab.bytes, slab.valueStarts[index]!, slab.valueLengths[index]!)
    builder.headers(slab.bytes, slab.headerStarts[index]!, slab.headerLengths[index]!, slab.headerCounts[index]!)
    builder.extraHeaders(headers)
    return headers.length
  }
}
