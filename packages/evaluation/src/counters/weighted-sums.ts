import { Sums } from './sums.ts'

const N = 0
const W = 1
const WW = 2
const WM = 3
const WD = 4
const WWMM = 5
const WWMD = 6
const WWDD = 7

/**
 * Sums of a sample that was drawn with unequal, known probabilities: each unit counts with w = 1 / probability.
 * Numerator m and denominator d per unit; d = 1 gives a mean.
 */
export class WeightedSums extends Sums {
  constructor(cells?: ArrayLike<number>) {
    super(cells ?? 8)
  }

  static of(m: ArrayLike<number>, probabilities: ArrayLike<number>, d?: ArrayLike<number>): WeightedSums {
    const sums = new WeightedSums()
    for (let i = 0; i < m.length; i++) sums.count(m[i]!, probabilities[i]!, d?.[i] ?? 1)
    return sums
  }

  /** `probability` is that of having been selected, 0 < probability ≤ 1. */
  count(m: number, probability: number, d = 1, times = 1): void {
    if (!(probability > 0 && probability <= 1)) {
      throw new RangeError(
        `inclusion probability ${probability} is not above 0 and at most 1; record it when selecting`,
      )
    }
    const w = 1 / probability
    this.add(N, times)
    this.add(W, times * w)
    this.add(WW, times * w * w)
    this.add(WM, times * w * m)
    this.add(WD, times * w * d)
    this.add(WWMM, times * w * w * m * m)
    this.add(WWMD, times * w * w * m * d)
    this.add(WWDD, times * w * w * d * d)
  }

  get n(): number {
    return this.total(N)
  }

  /** Size the sample would have with equal weights at the same precision (Kish): (Σw)² / Σw². */
  get effectiveN(): number {
    return this.total(W) ** 2 / this.total(WW)
  }

  get numerator(): number {
    return this.total(WM)
  }

  get denominator(): number {
    return this.total(WD)
  }

  /** Σ w² (m - R d)², zero where it is only rounding. */
  squaredResiduals(ratio: number): number {
    const mm = this.total(WWMM)
    const dd = ratio * ratio * this.total(WWDD)
    const sum = mm - 2 * ratio * this.total(WWMD) + dd
    return sum <= 16 * Number.EPSILON * (mm + dd) ? 0 : sum
  }
}
