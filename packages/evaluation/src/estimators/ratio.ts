import type { BucketSums } from '../counters/bucket-sums.ts'
import type { CrossMoments } from '../counters/cross-moments.ts'
import { type EstimateResult, estimateOf, insufficient } from './estimate.ts'

/**
 * Ratio of two means over units, Σy/Σx, with the delta method's variance
 * (s_y²/x̄² + s_x² ȳ²/x̄⁴ - 2 s_yx ȳ/x̄³)/n (Deng, Knoblich, Lu, KDD 2018).
 */
export function ratio(moments: CrossMoments): EstimateResult {
  const n = moments.n
  if (!(n > 0)) return insufficient('empty', 0)
  if (moments.meanX === 0) return insufficient('zero-denominator', n)
  if (n < 2) return insufficient('below-minimum', n, 'one unit has no spread; at least 2 are needed')
  const r = moments.meanY / moments.meanX
  const spread = moments.varianceY + r * r * moments.varianceX - 2 * r * moments.covariance
  // Where numerator and denominator move as one the three terms cancel, and what is left are their last bits.
  const scale = moments.varianceY + r * r * moments.varianceX
  const variance = spread <= 16 * Number.EPSILON * scale ? 0 : spread / (moments.meanX * moments.meanX)
  return estimateOf(r, variance / n, n)
}

/** Which columns of the buckets make up numerator and denominator: one factor per column. */
export interface BucketRatio {
  readonly numerator: readonly number[]
  readonly denominator: readonly number[]
}

interface BucketPair {
  readonly m: number
  readonly d: number
}

/** Numerator and denominator of the buckets that hold anything; empty ones say nothing. */
function occupied(sums: BucketSums, { numerator, denominator }: BucketRatio): readonly BucketPair[] {
  if (numerator.length !== sums.columns || denominator.length !== sums.columns) {
    throw new RangeError(`${sums.columns} columns need as many factors in numerator and denominator`)
  }
  const pairs: BucketPair[] = []
  for (let bucket = 0; bucket < sums.buckets; bucket++) {
    let m = 0
    let d = 0
    let filled = false
    for (let column = 0; column < sums.columns; column++) {
      const value = sums.cells[bucket * sums.columns + column]!
      m += numerator[column]! * value
      d += denominator[column]! * value
      if (value !== 0) filled = true
    }
    if (filled) pairs.push({ m, d })
  }
  return pairs
}

/**
 * Ratio over hash sub-buckets of the routing key: the bucket is the unit of the delta method, so repeated events of one
 * customer do not count as independent. `n` is the number of events, which the buckets do not know.
 */
export function bucketRatio(sums: BucketSums, columns: BucketRatio, n: number): EstimateResult {
  const pairs = occupied(sums, columns)
  const total = totals(pairs)
  const refused = refuse(pairs, total, n)
  if (refused !== undefined) return refused
  const r = total.m / total.d
  const squares = pairs.reduce((sum, { m, d }) => sum + (m - r * d) ** 2, 0)
  const scale = pairs.reduce((sum, { m, d }) => sum + m * m + r * r * d * d, 0)
  const clean = squares <= (16 * Number.EPSILON) ** 2 * scale ? 0 : squares
  const k = pairs.length
  return estimateOf(r, ((k / (k - 1)) * clean) / total.d ** 2, n, k - 1)
}

/**
 * The same ratio with the delete-one-bucket jackknife's variance, (k-1)/k Σ(r₍ᵢ₎ - r̄)² (Efron and Stein, 1981): needs no
 * linearization, so prefer it when few buckets carry most of the denominator.
 */
export function jackknifeRatio(sums: BucketSums, columns: BucketRatio, n: number): EstimateResult {
  const pairs = occupied(sums, columns)
  const total = totals(pairs)
  const refused = refuse(pairs, total, n)
  if (refused !== undefined) return refused
  const without = pairs.map(({ m, d }) => (total.m - m) / (total.d - d))
  if (!without.every(Number.isFinite)) {
    return insufficient('zero-denominator', n, 'one bucket carries the whole denominator')
  }
  const k = pairs.length
  const center = without.reduce((sum, r) => sum + r, 0) / k
  const squares = without.reduce((sum, r) => sum + (r - center) ** 2, 0)
  return estimateOf(total.m / total.d, ((k - 1) / k) * squares, n, k - 1)
}

function totals(pairs: readonly BucketPair[]): BucketPair {
  return pairs.reduce((sum, { m, d }) => ({ m: sum.m + m, d: sum.d + d }), { m: 0, d: 0 })
}

function refuse(pairs: readonly BucketPair[], total: BucketPair, n: number): EstimateResult | undefined {
  if (pairs.length === 0 || !(n > 0)) return insufficient('empty', 0)
  if (total.d === 0) return insufficient('zero-denominator', n)
  if (pairs.length < 2) return insufficient('below-minimum', n, 'all events lie in one bucket; at least 2 are needed')
  return undefined
}
