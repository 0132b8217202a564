import type { FeatureBatch } from '../src/block-batch.ts'
import type { TreeModel } from '../src/tree-model.ts'

/** Writes rows of a row-major table into a batch, as a decoder would. */
export function fillBatch(batch: FeatureBatch, rows: Float32Array, first: number, count: number): void {
  const { values, width, columnStride } = batch
  for (let r = 0; r < count; r++) {
    const base = batch.rowBase(r)
    for (let c = 0; c < width; c++) values[base + c * columnStride] = rows[(first + r) * width + c]!
  }
}

/** Margins of a row-major table, scored `batchRows` at a time. */
export function scoreRows(model: TreeModel, rows: Float32Array, batchRows: number): Float32Array {
  const total = rows.length / model.width
  const batch = model.allocate(batchRows)
  const out = new Float32Array(total * model.outputs)
  for (let first = 0; first < total; first += batchRows) {
    const count = Math.min(batchRows, total - first)
    fillBatch(batch, rows, first, count)
    model.scoreMargins(batch, count, out.subarray(first * model.outputs))
  }
  return out
}
