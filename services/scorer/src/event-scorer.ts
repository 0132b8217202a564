import type { Clock, EndpointTopics, RecordFault } from '@sluice/contracts'
import { newFrame, readFrame } from '@sluice/features'
import type { Decision, Model } from '@sluice/scoring'
import {
  DeadLetters,
  type HeaderBlock,
  OutputBatches,
  type Slab,
  type Telemetry,
  type UnitOfWork,
} from '@sluice/stream'
import type { DecoderSource } from './decoder-source.ts'
import { EventHeaders, ROUTER_HEADERS, type Span } from './event-headers.ts'
import type { PredictionEncoders } from './prediction-encoders.ts'
import { RowBatch } from './row-batch.ts'
import { ScoreTally } from './score-tally.ts'

/** Largest record batch written, in bytes: Kafka's default `max.message.bytes`, less what the broker adds. */
export const OUTPUT_BATCH_BYTES_MAX = 1_048_576 - 64
/** Longest headers that are carried over, in bytes; W3C asks for at least 512 of `tracestate`. */
const CARRIED_BYTES_MAX = 2_048

export interface EventScorerOptions {
  readonly endpoint: string
  readonly topics: EndpointTopics
  readonly model: Model
  readonly decide: Decision
  readonly decoders: DecoderSource
  readonly encoders: PredictionEncoders
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly maxBatchSize: number
  readonly maxValueBytes: number
}

/**
 * Scores slabs of one version topic: bytes to rows, rows to scores, scores to predictions on the same partition. While one
 * batch is in the model, the next one is decoded. A bad record becomes a dead letter and its neighbours notice nothing.
 */
export class EventScorer {
  readonly #o: EventScorerOptions
  readonly #outputs = new OutputBatches(OUTPUT_BATCH_BYTES_MAX)
  readonly #deadLetters: DeadLetters
  readonly #headers = new EventHeaders()
  readonly #frame = newFrame()
  /** Filled anew for every prediction. */
  readonly #prediction = { score: 0, decision: 0, plan: 0, eventTimeMs: 0 }
  readonly #carried = { bytes: new Uint8Array(CARRIED_BYTES_MAX), length: 0, count: 0 } satisfies HeaderBlock
  #filling: RowBatch
  #scoring: RowBatch
  #tally: ScoreTally

  constructor(options: EventScorerOptions) {
    this.#o = options
    this.#deadLetters = new DeadLetters(options.topics.deadLetters, 'scorer')
    this.#filling = new RowBatch(options.model, options.maxBatchSize)
    this.#scoring = new RowBatch(options.model, options.maxBatchSize)
    this.#tally = new ScoreTally(options)
  }

  /** Writes the outputs of the slabs into the unit of work; the returned report is due once the work is committed. */
  async score(slabs: readonly Slab[], work: UnitOfWork): Promise<() => void> {
    this.#outputs.begin(work)
    this.#deadLetters.begin(work)
    this.#tally = new ScoreTally(this.#o)
    await this.#filling.reset()
    await this.#scoring.reset()
    for (const slab of slabs) {
      for (let record = 0; record < slab.count; record++) {
        const fault = this.#decode(slab, record) ?? (await this.#loadAndDecode(slab, record))
        if (fault === 'decoded') {
          this.#filling.keep(slab, record)
          if (this.#filling.rows === this.#o.maxBatchSize) await this.#turn()
        } else if (fault === 'tombstone') this.#tally.skip('tombstone')
        else this.#deadLetter(slab, record, fault)
      }
    }
    await this.#turn()
    await this.#turn()
    this.#outputs.flush()
    this.#deadLetters.flush()
    const tally = this.#tally
    return () => tally.report()
  }

  /** Outcome of one record, or undefined when its schema has to be fetched first. */
  #decode(slab: Slab, record: number): 'decoded' | 'tombstone' | RecordFault | undefined {
    const start = slab.valueStarts[record]!
    const length = slab.valueLengths[record]!
    if (length < 0) return 'tombstone'
    if (length > this.#o.maxValueBytes) return { code: 'E_VALUE_TOO_LARGE', at: `${length} bytes` }
    const fault = readFrame(slab.bytes, start, length, this.#frame)
    if (fault !== 0) return fault
    const decoder = this.#o.decoders.known(this.#frame)
    if (decoder === undefined) return undefined
    const { bodyStart } = this.#frame
    const filling = this.#filling
    return (
      decoder.decode(slab.bytes, bodyStart, start + length - bodyStart, filling.features, filling.rows) || 'decoded'
    )
  }

  async #loadAndDecode(slab: Slab, record: number): Promise<'decoded' | 'tombstone' | RecordFault> {
    const loaded = await this.#o.decoders.load(this.#frame.schemaId)
    if ('code' in loaded) return loaded
    const start = slab.valueStarts[record]!
    const { bodyStart } = this.#frame
    const end = start + slab.valueLengths[record]!
    return (
      loaded.decode(slab.bytes, bodyStart, end - bodyStart, this.#filling.features, this.#filling.rows) || 'decoded'
    )
  }

  /** Takes the scores of the batch in the model, hands over the one just filled, and goes on filling the other. */
  async #turn(): Promise<void> {
    await this.#scoring.finish()
    if (this.#scoring.rows > 0) this.#encode(this.#scoring)
    await this.#scoring.reset()
    const filled = this.#filling
    this.#filling = this.#scoring
    this.#scoring = filled
    if (filled.rows > 0) filled.start(this.#o.model, () => this.#o.clock.monotonicMs())
  }

  #encode(batch: RowBatch): void {
    this.#tally.inference(batch)
    for (let row = 0; row < batch.rows; row++) {
      const slab = batch.slabs[row]!
      const record = batch.records[row]!
      if (!this.#headers.read(slab, record)) this.#deadLetter(slab, record, { code: 'E_ORIGIN_INVALID', at: 'headers' })
      else this.#predict(slab, record, batch.scores, row)
    }
  }

  #predict(slab: Slab, record: number, scores: Float32Array, row: number): void {
    const { topics, encoders, decide, clock } = this.#o
    const headers = this.#headers
    const encoder = encoders.get(headers.mode, headers.plan)
    const decision = decide.of(scores, row)
    this.#prediction.score = decide.scoreOf(scores, row, decision)
    if (!Number.isFinite(this.#prediction.score)) {
      this.#deadLetter(slab, record, { code: 'E_SCORE_NOT_FINITE', at: 'score' })
      return
    }
    this.#prediction.decision = decision
    this.#prediction.plan = headers.plan
    this.#prediction.eventTimeMs = slab.timestamps[record]!
    encoder.write(headers.origin, this.#prediction, scores, row, slab.bytes, headers.ceId.start, headers.ceId.length)
    this.#copyCarried(slab)
    const topic = headers.mode === 'live' ? topics.predictions : topics.shadows
    const keyLength = slab.keyLengths[record]!
    const headerLength = headers.router.length + this.#carried.length
    const builder = this.#outputs.room(topic, slab.partition, keyLength, encoder.length, headerLength)
    if (builder === undefined) {
      this.#deadLetter(slab, record, { code: 'E_OUTPUT_TOO_LARGE', at: `key of ${keyLength} bytes` })
      return
    }
    builder.key(slab.bytes, slab.keyStarts[record]!, keyLength)
    builder.value(encoder.bytes, 0, encoder.length)
    builder.headers(slab.bytes, headers.router.start, headers.router.length, ROUTER_HEADERS)
    if (this.#carried.count > 0) builder.extraHeaders(this.#carried)
    builder.add(clock.nowMs())
    this.#tally.prediction(headers.mode, encoder.variant, decide.labels[decision]!, slab.timestamps[record]!)
  }

  /** The trace context, and the mark of a dead letter that was put back. */
  #copyCarried(slab: Slab): void {
    this.#carried.length = 0
    this.#carried.count = 0
    this.#copySpan(slab, this.#headers.traceparent)
    this.#copySpan(slab, this.#headers.tracestate)
    this.#copySpan(slab, this.#headers.replay)
  }

  #copySpan(slab: Slab, span: Span): void {
    const carried = this.#carried
    if (span.length < 0 || carried.length + span.length > CARRIED_BYTES_MAX) return
    carried.bytes.set(slab.bytes.subarray(span.start, span.start + span.length), carried.length)
    carried.length += span.length
    carried.count++
  }

  #deadLetter(slab: Slab, record: number, fault: RecordFault): void {
    this.#deadLetters.add(slab, record, fault, this.#o.clock.nowMs())
    this.#tally.deadLetter(fault.code)
  }
}
