import { centered, Sums } from './sums.ts'

const N = 0
const SUM = 1
const SQUARES = 2

/** Count, sum and sum of squares of one quantity per unit. */
export class Moments extends Sums {
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
    return moments
  }

  count(value: number, times = 1): void {
    this.add(N, times)
    this.add(SUM, times * value)
    this.add(SQUARES, times * value * value)
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
    return Math.max(0, centered(squares, this.total(SUM), this.total(SUM), this.n, squares)) / (this.n - 1)
  }
}
