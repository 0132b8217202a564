import { centered, Sums } from './sums.ts'

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
    return moments
  }

  count(y: number, x: number, times = 1): void {
    this.add(N, times)
    this.add(SUM_Y, times * y)
    this.add(SUM_X, times * x)
    this.add(SQUARES_Y, times * y * y)
    this.add(SQUARES_X, times * x * x)
    this.add(PRODUCTS, times * y * x)
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
    const squares = this.total(SQUARES_Y)
    return Math.max(0, centered(squares, this.total(SUM_Y), this.total(SUM_Y), this.n, squares)) / (this.n - 1)
  }

  get varianceX(): number {
    const squares = this.total(SQUARES_X)
    return Math.max(0, centered(squares, this.total(SUM_X), this.total(SUM_X), this.n, squares)) / (this.n - 1)
  }

  get covariance(): number {
    const scale = Math.sqrt(this.total(SQUARES_Y) * this.total(SQUARES_X))
    return centered(this.total(PRODUCTS), this.total(SUM_Y), this.total(SUM_X), this.n, scale) / (this.n - 1)
  }
}
