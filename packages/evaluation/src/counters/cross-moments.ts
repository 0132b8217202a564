import { GIVEN_SUMS_ROUNDING } from './moments.ts'
import { Sums } from './sums.ts'

const N = 0
const SUM_Y = 1
const SUM_X = 2
const SQUARES_Y = 3
const SQUARES_X = 4
const PRODUCTS = 5

/** The six sums of a CrossMoments, for callers that keep them elsewhere. */
export interface CrossSums {
  readonly n: number
  readonly sumY: number
  readonly sumX: number
  readonly sumSquaresY: number
  readonly sumSquaresX: number
  readonly sumProducts: number
}

/**
 * Joint moments of two quantities per unit: outcome y and covariate x for CUPED, numerator y and denominator x of a
 * ratio.
 */
export class CrossMoments extends Sums {
  /** Relative rounding of the sums as they came in; counted values have none. */
  #rounding = 0

  constructor(cells?: ArrayLike<number>) {
    super(cells ?? 6)
  }

  static of(y: ArrayLike<number>, x: ArrayLike<number>): CrossMoments {
    const moments = new CrossMoments()
    for (let i = 0; i < y.length; i++) moments.count(y[i]!, x[i]!)
    return moments
  }

  static fromSums(sums: CrossSums): CrossMoments {
    const moments = new CrossMoments()
    moments.add(N, sums.n)
    moments.add(SUM_Y, sums.sumY)
    moments.add(SUM_X, sums.sumX)
    moments.add(SQUARES_Y, sums.sumSquaresY)
    moments.add(SQUARES_X, sums.sumSquaresX)
    moments.add(PRODUCTS, sums.sumProducts)
    moments.#rounding = GIVEN_SUMS_ROUNDING
    return moments
  }

  count(y: number, x: number, times = 1): void {
    this.add(N, times)
    this.add(SUM_Y, times * y)
    this.add(SUM_X, times * x)
    this.addProduct(SQUARES_Y, y, y, times)
    this.addProduct(SQUARES_X, x, x, times)
    this.addProduct(PRODUCTS, y, x, times)
  }

  override merge(other: this): this {
    this.#rounding = Math.max(this.#rounding, other.#rounding)
    return super.merge(other)
  }

  get n(): number {
    return this.total(N)
  }

  get meanY(): number {
    return this.total(SUM_Y) / this.n
  }

  get meanX(): number {
    return this.total(SUM_X) / this.n
  }

  /** Sample variances and covariance have the divisor n - 1; only for n > 1. */
  get varianceY(): number {
    return Math.max(0, this.#spread(SQUARES_Y, SUM_Y, SUM_Y, this.total(SQUARES_Y)))
  }

  get varianceX(): number {
    return Math.max(0, this.#spread(SQUARES_X, SUM_X, SUM_X, this.total(SQUARES_X)))
  }

  get covariance(): number {
    return this.#spread(PRODUCTS, SUM_Y, SUM_X, Math.sqrt(this.total(SQUARES_Y) * this.total(SQUARES_X)))
  }

  #spread(products: number, sumA: number, sumB: number, scale: number): number {
    const spread = this.centered(products, sumA, sumB, this.n, scale)
    return (Math.abs(spread) <= this.#rounding * scale ? 0 : spread) / (this.n - 1)
  }
}
