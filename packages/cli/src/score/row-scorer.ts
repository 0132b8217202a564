import type { FeatureBatch, FeatureSpec } from '@sluice/features'
import type { Decision } from '@sluice/scoring'

/** A model opened for rows from a file, whatever it was read from. */
export interface RowScorer {
  readonly what: ScoredModel
  readonly features: readonly FeatureSpec[]
  /** Values per row that `score` writes. */
  readonly outputs: number
  /** Margins per row, where the engine has margins. */
  readonly margins: number | undefined
  /** From scores to labels; a bare model file has no labels. */
  readonly decision: Decision | undefined
  allocate(rowsMax: number): FeatureBatch
  score(batch: FeatureBatch, rows: number, out: Float32Array): Promise<void> | void
  scoreMargins(batch: FeatureBatch, rows: number, out: Float32Array): void
  /** What whoever writes the rows should know, for stderr. */
  readonly notes: readonly string[]
  /** Shapley values of one row, `margins * (features + 1)`, the bias last; `undefined` when the engine has none. */
  readonly contributions: ((row: Float32Array) => Float64Array) | undefined
  close(): Promise<void>
}

/** What a model is, for `model check` and for messages. */
export interface ScoredModel {
  readonly name: string
  readonly version: number | undefined
  readonly engine: string
  readonly task: string
  readonly features: number
  readonly outputs: number
}
