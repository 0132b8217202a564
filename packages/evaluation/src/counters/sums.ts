import { invariant } from '@sluice/contracts'

/**
 * Sums of real numbers that can be added to each other. Each sum is a pair: cell `2i` is the rounded sum, cell `2i + 1`
 * what rounding lost so far (Knuth's two-sum, TAOCP 4.2.2). Plain sums would drift by up to n units in the last place,
 * and the variance, a small difference of two of them, would turn a constant into noise that looks significant.
 * Adding with count -1 takes an earlier value back.
 */
export class Sums {
  readonly cells: Float64Array

  constructor(sums: number | ArrayLike<number>) {
    this.cells = typeof sums === 'number' ? new Float64Array(2 * sums) : Float64Array.from(sums)
  }

  total(index: number): number {
    return this.cells[2 * index]! + this.cells[2 * index + 1]!
  }

  add(index: number, value: number): void {
    const high = this.cells[2 * index]!
    const sum = high + value
    const carried = sum - high
    this.cells[2 * index] = sum
    this.cells[2 * index + 1]! += high - (sum - carried) + (value - carried)
  }

  /** Adds the sums of `other`, which stays as it is. */
  merge(other: this): this {
    invariant(
      this.cells.length === other.cells.length,
      `counters with ${this.cells.length} and ${other.cells.length} cells cannot be added`,
    )
    for (let i = 0; i < this.cells.length; i += 2) {
      this.add(i / 2, other.cells[i]!)
      this.cells[i + 1]! += other.cells[i + 1]!
    }
    return this
  }
}

/**
 * `Σ(x - x̄)(y - ȳ)` from Σxy, Σx, Σy and n; 0 where the difference is smaller than the rounding of its parts, because
 * a constant must not get a variance from the last bits. `scale` is the size of the parts, `Σ|xy|` or larger.
 */
export function centered(sumXY: number, sumX: number, sumY: number, n: number, scale: number): number {
  const difference = sumXY - (sumX / n) * sumY
  return Math.abs(difference) <= 8 * Number.EPSILON * scale ? 0 : difference
}
