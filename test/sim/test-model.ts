import type { FeatureBatch } from '@sluice/features'
import type { Model } from '@sluice/scoring'

/** A logistic regression that answers at once: virtual time must not wait for a worker thread. Each version has its weights. */
export function testModel(version: number): Model {
  const weights = [0.01 * version, -0.02, 0.3]
  return {
    name: 'churn',
    version,
    engine: 'trees',
    sha256: '0'.repeat(64),
    width: weights.length,
    outputs: 1,
    allocate: (rowsMax): FeatureBatch => ({
      rowsMax,
      width: weights.length,
      values: new Float32Array(rowsMax * weights.length),
      columnStride: 1,
      rowBase: (row) => row * weights.length,
    }),
    score: (batch, rows, out) => {
      for (let row = 0; row < rows; row++) {
        let sum = 0
        for (const [column, weight] of weights.entries()) {
          const value = batch.values[batch.rowBase(row) + column]!
          if (!Number.isNaN(value)) sum += weight * value
        }
        out[row] = 1 / (1 + Math.exp(-sum))
      }
    },
    close: () => Promise.resolve(),
  }
}
