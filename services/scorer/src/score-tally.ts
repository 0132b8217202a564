import type { Clock, FaultCode, Mode, SkipReason } from '@sluice/contracts'
import type { Model } from '@sluice/scoring'
import type { Telemetry } from '@sluice/stream'
import type { RowBatch } from './row-batch.ts'

export interface ScoreTallyOptions {
  readonly endpoint: string
  readonly model: Model
  readonly clock: Clock
  readonly telemetry: Telemetry
}

interface VariantTally {
  readonly variant: string
  readonly predictions: Record<Mode, Map<string, number>>
  eventTimes: Float64Array
  count: number
}

const FIRST_TIMES = 1_024

/** What one unit of work did, reported to telemetry once it is committed: a repeated batch must not count twice. */
export class ScoreTally {
  readonly #o: ScoreTallyOptions
  readonly #variants = new Map<string, VariantTally>()
  readonly #faults = new Map<FaultCode, number>()
  readonly #skips = new Map<SkipReason, number>()
  readonly #inferences: { readonly seconds: number; readonly rows: number }[] = []

  constructor(options: ScoreTallyOptions) {
    this.#o = options
  }

  inference(batch: RowBatch): void {
    this.#inferences.push({ seconds: batch.elapsedMs / 1000, rows: batch.rows })
  }

  prediction(mode: Mode, variant: string, decision: string, eventTimeMs: number): void {
    let tally = this.#variants.get(variant)
    if (tally === undefined) {
      tally = {
        variant,
        predictions: { live: new Map(), shadow: new Map() },
        eventTimes: new Float64Array(FIRST_TIMES),
        count: 0,
      }
      this.#variants.set(variant, tally)
    }
    if (tally.count === tally.eventTimes.length) {
      const grown = new Float64Array(2 * tally.count)
      grown.set(tally.eventTimes)
      tally.eventTimes = grown
    }
    tally.eventTimes[tally.count++] = eventTimeMs
    const counts = tally.predictions[mode]
    counts.set(decision, (counts.get(decision) ?? 0) + 1)
  }

  deadLetter(code: FaultCode): void {
    this.#faults.set(code, (this.#faults.get(code) ?? 0) + 1)
  }

  skip(reason: SkipReason): void {
    this.#skips.set(reason, (this.#skips.get(reason) ?? 0) + 1)
  }

  report(): void {
    const { endpoint, model, clock, telemetry } = this.#o
    const stage = 'scorer'
    for (const [code, n] of this.#faults) telemetry.count('sluice_dead_letters_total', { endpoint, stage, code }, n)
    for (const [reason, n] of this.#skips)
      telemetry.count('sluice_records_skipped_total', { endpoint, stage, reason }, n)
    const identity = { endpoint, model: model.name, model_version: String(model.version) }
    const nowMs = clock.nowMs()
    for (const { variant, predictions, eventTimes, count } of this.#variants.values()) {
      const labels = { ...identity, variant }
      for (const mode of ['live', 'shadow'] as const) {
        for (const [decision, n] of predictions[mode])
          telemetry.count('sluice_predictions_total', { ...labels, mode, decision }, n)
      }
      for (let i = 0; i < count; i++) eventTimes[i] = Math.max(0, nowMs - eventTimes[i]!) / 1000
      telemetry.observeAll('sluice_event_latency_seconds', labels, eventTimes, count)
    }
    for (const { seconds, rows } of this.#inferences) {
      telemetry.observe('sluice_inference_seconds', identity, seconds)
      telemetry.observe('sluice_inference_batch_rows', identity, rows)
    }
  }
}
