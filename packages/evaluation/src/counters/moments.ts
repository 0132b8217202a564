import { Sums } from './sums.ts'

const N = 0
const SUM = 1
const SQUARES = 2

/** Sums that come as plain doubles were rounded at least this much. */
export const GIVEN_SUMS_ROUNDING = 8 * Number.EPSILON

/** Count, sum and sum of squares of one quantity per unit. */
export class Moments extends Sums {
  /** Relative rounding of the sums as they came in; counted values have none. */
  #rounding = 0

  constructor(cells?: ArrayLike<number>) {
    super(cells ?? 3)
  }

  static of(values: ArrayLike<number>): Moments {
    const moments = new Moments()
    for (let i = 0; i < values.length; i++) moments.count(values[i]!)
    return moments
  }

  /** From sums kept elsewhere: `n`, Σx and Σx². */
  static fromSums(n: number, sum: number, sumSquares: number): Moments {
    const moments = new Moments()
    moments.add(N, n)
    moments.add(SUM, sum)
    moments.add(SQUARES, sumSquares)
    moments.#rounding = GIVEN_SUMS_ROUNDING
    return moments
  }

  count(value: number, times = 1): void {
    this.add(N, times)
    this.add(SUM, times * value)
    this.addProduct(SQUARES, value, value, times)
  }

  override merge(other: this): this {
    this.#rounding = Math.max(this.#rounding, other.#rounding)
    return super.merge(other)
  }

  get n(): number {
    return this.total(N)
  }

  /** x̄; only for n > 0. */
  get mean(): number {
    return this.total(SUM) / this.n
  }

  /** Sample variance with divisor n - 1; only for n > 1. Never negative. */
  get variance(): number {
    const squares = this.total(SQUARES)
    const spread = this.centered(SQUARES, SUM, SUM, this.n, squares)
    return (spread <= this.#rounding * squares ? 0 : spread) / (this.n - 1)
  }
}
