import type { FeatureBatch } from '@sluice/features'
import type { Model } from '@sluice/scoring'
import type { Slab } from '@sluice/stream'

/** Rows on their way through the model, with where each came from. Two of them take turns: one fills, one scores. */
export class RowBatch {
  readonly features: FeatureBatch
  /** `rows * outputs` values after scoring. */
  readonly scores: Float32Array
  readonly slabs: Slab[] = []
  readonly records: Int32Array
  rows = 0
  /** Time of the inference call in milliseconds, once it has ended. */
  elapsedMs = 0
  #pending: Promise<void> | undefined

  constructor(model: Model, rowsMax: number) {
    this.features = model.allocate(rowsMax)
    this.scores = new Float32Array(rowsMax * model.outputs)
    this.records = new Int32Array(rowsMax)
  }

  /** The row that is filled next was decoded from this record. */
  keep(slab: Slab, record: number): void {
    this.slabs[this.rows] = slab
    this.records[this.rows] = record
    this.rows++
  }

  start(model: Model, monotonicMs: () => number): void {
    const startedMs = monotonicMs()
    this.#pending = Promise.resolve(model.score(this.features, this.rows, this.scores)).then(() => {
      this.elapsedMs = monotonicMs() - startedMs
    })
    this.#pending.catch(() => {}) // `finish` reports it; until then it must not count as unhandled.
  }

  /** Waits for the scores. Rejects when the engine failed. */
  async finish(): Promise<void> {
    await this.#pending
    this.#pending = undefined
  }

  /** Waits until the engine has let go of the memory, whatever came of it, and empties the batch. */
  async reset(): Promise<void> {
    await this.#pending?.catch(() => {})
    this.#pending = undefined
    this.rows = 0
    this.slabs.length = 0
  }
}
