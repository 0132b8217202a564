import { invariant } from '@sluice/contracts'
import { type DoubleDouble, minusProductOver, normalized, productError, sumError } from './double-double.ts'

/**
 * Sums of real numbers that can be added to each other. Each sum is a pair: cell `2i` is the rounded sum, cell `2i + 1`
 * what rounding lost so far. Plain sums would drift by up to n units in the last place, and the variance, a small
 * difference of two of them, would turn a constant into noise that looks significant. Adding with count -1 takes an
 * earlier value back.
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
    const before = this.cells[2 * index]!
    const sum = before + value
    this.cells[2 * index] = sum
    this.cells[2 * index + 1]! += sumError(before, value, sum)
  }

  /** Adds times · a · b without rounding the product. */
  addProduct(index: number, a: number, b: number, times: number): void {
    const product = a * b
    this.add(index, times * product)
    this.cells[2 * index + 1]! += times * productError(a, b, product)
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

  /**
   * `Σ(x - x̄)(y - ȳ)` of the sums at three indices; 0 where it is no more than the rounding of the values themselves,
   * because a constant must not get a variance from last bits. `scale` is √(Σx² Σy²).
   */
  protected centered(products: number, sumX: number, sumY: number, n: number, scale: number): number {
    const difference = minusProductOver(this.#pair(products), this.#pair(sumX), this.#pair(sumY), n)
    return Math.abs(difference) <= CONSTANT_SPREAD * scale ? 0 : difference
  }

  #pair(index: number): DoubleDouble {
    return normalized(this.cells[2 * index]!, this.cells[2 * index + 1]!)
  }
}

/** Values that differ by less than 1e-13 of their size differ by rounding alone. */
const CONSTANT_SPREAD = 1e-26
