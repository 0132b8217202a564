/**
 * Rows of float32 features in the memory and layout of the engine that will score them. Decoders write through
 * `rowBase` and `columnStride`, so they fill row-major (onnx) and blocked column-major (trees) batches alike.
 *
 * Index    value of (row, column) is `values[rowBase(row) + column * columnStride]`.
 * Missing  NaN.
 * Lifetime `values` may be replaced by a call to `score` (its memory may travel to a worker and back): read the property
 *          again after each call and do not touch it while a call is pending.
 */
export interface FeatureBatch {
  readonly rowsMax: number
  readonly width: number
  readonly values: Float32Array
  readonly columnStride: number
  rowBase(row: number): number
}
