import type { FeatureBatch } from '@sluice/features'

export type EngineName = 'trees' | 'onnx'

/**
 * A loaded model that scores batches. One caller at a time per batch.
 *
 * Shape    `out` receives `rows * outputs` float32 values, row-major: probabilities for binary (1 output) and multi-class
 *          (one per class), values for regression.
 * Errors   `score` rejects only when the engine itself fails (a dependency error or our bug), never because of a row.
 */
export interface Model {
  readonly name: string
  readonly version: number
  readonly engine: EngineName
  /** sha256 of the model file, lower-case hex. */
  readonly sha256: string
  /** Columns in one row. */
  readonly width: number
  readonly outputs: number
  /** A batch in the engine's own memory and layout. Batches are reused; allocate a few, once. */
  allocate(rowsMax: number): FeatureBatch
  /** Scores rows `[0, rows)` of a batch that this model allocated. */
  score(batch: FeatureBatch, rows: number, out: Float32Array): Promise<void> | void
  /** Sums before the sigmoid or softmax, `rows * outputs`; engines that do not have them leave it out. */
  scoreMargins?(batch: FeatureBatch, rows: number, out: Float32Array): void
  close(): Promise<void>
}
