import type { FeatureBatch } from './feature-batch.ts'

/** Rows one after another: `(row, column)` is `values[row * width + column]`. New rows are missing everywhere. */
export class RowMajorBatch implements FeatureBatch {
  readonly rowsMax: number
  readonly width: number
  readonly columnStride = 1
  /** The owner may replace it, by one of the same length, when the memory has travelled. */
  values: Float32Array<ArrayBuffer>

  constructor(rowsMax: number, width: number) {
    this.rowsMax = rowsMax
    this.width = width
    this.values = new Float32Array(rowsMax * width).fill(Number.NaN)
  }

  rowBase(row: number): number {
    return row * this.width
  }
}
