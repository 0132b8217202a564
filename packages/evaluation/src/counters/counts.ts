import { invariant } from '@sluice/contracts'

/**
 * Whole-number counters in one Float64Array (exact up to 2^53). Merging adds cell by cell, in any order and grouping,
 * so panes of several partitions, minutes or arms add up to what one counter over all of it would hold. Counting with
 * -1 takes an earlier count back.
 */
export class Counts {
  readonly cells: Float64Array

  constructor(cells: number | ArrayLike<number>) {
    this.cells = typeof cells === 'number' ? new Float64Array(cells) : Float64Array.from(cells)
  }

  /** Adds the cells of `other`, which stays as it is. */
  merge(other: this): this {
    invariant(
      this.cells.length === other.cells.length,
      `counters with ${this.cells.length} and ${other.cells.length} cells cannot be added`,
    )
    for (let i = 0; i < this.cells.length; i++) this.cells[i]! += other.cells[i]!
    return this
  }
}
