import { BLOCK_ROWS, COLUMN_STRIDE } from '../kernel/layout.ts'
import type { KernelMemory } from './kernel-memory.ts'

/**
 * Rows of float32 features where the kernels read them: blocks of 128 rows, column by column.
 *
 * Index    value of (row, column) is `values[rowBase(row) + column * columnStride]`.
 * Missing  NaN.
 * Lifetime `values` is replaced when the model's memory grows, that is when another batch is allocated: read the property
 *          again for every batch of rows.
 */
export interface FeatureBatch {
  readonly rowsMax: number
  readonly width: number
  readonly values: Float32Array
  readonly columnStride: number
  rowBase(row: number): number
}

export class BlockBatch implements FeatureBatch {
  readonly rowsMax: number
  readonly width: number
  readonly columnStride = COLUMN_STRIDE
  readonly #memory: KernelMemory
  readonly #address: number
  #values: Float32Array

  constructor(memory: KernelMemory, rowsMax: number, width: number) {
    this.rowsMax = rowsMax
    this.width = width
    this.#memory = memory
    this.#address = memory.allocate(Math.ceil(rowsMax / BLOCK_ROWS) * this.#blockValues * 4)
    this.#values = this.#view()
  }

  get values(): Float32Array {
    if (this.#values.length === 0) this.#values = this.#view() // a grown memory empties the views of the old one
    return this.#values
  }

  rowBase(row: number): number {
    return (row >>> 7) * this.#blockValues + (row & (BLOCK_ROWS - 1))
  }

  /** Address of a block, for the kernels. */
  block(index: number): number {
    return this.#address + index * this.#blockValues * 4
  }

  isIn(memory: KernelMemory): boolean {
    return this.#memory === memory
  }

  get #blockValues(): number {
    return this.width * COLUMN_STRIDE
  }

  #view(): Float32Array {
    const from = this.#address / 4
    return this.#memory.f32.subarray(from, from + Math.ceil(this.rowsMax / BLOCK_ROWS) * this.#blockValues)
  }
}
