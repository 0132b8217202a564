import type { WeightedSums } from '../counters/weighted-sums.ts'
import { type Estimate, estimateOf, type Insufficient, insufficient } from './estimate.ts'

export interface HajekEstimate extends Estimate {
  /** Sample size with equal weights that would be as precise. */
  readonly effectiveN: number
}

/**
 * Ratio Σ w m / Σ w d of a sample drawn with known, unequal probabilities, w = 1/probability (Hájek, 1971): a mean for
 * d = 1, precision or recall for the fitting m and d. Reviewed labels need it, because reviewers see mostly what was
 * selected for being suspicious. Variance by linearization with the units as independent draws from the stream:
 * n/(n-1) Σ w² (m - R d)² / (Σ w d)² (Särndal, Swensson, Wretman, Model Assisted Survey Sampling, 1992, 5.6–5.7).
 */
export function hajek(sums: WeightedSums): HajekEstimate | Insufficient {
  const n = sums.n
  if (!(n > 0)) return insufficient('empty', 0)
  if (sums.denominator === 0) return insufficient('zero-denominator', n)
  if (n < 2) return insufficient('below-minimum', n, 'at least 2 selected units are needed')
  const r = sums.numerator / sums.denominator
  const variance = ((n / (n - 1)) * sums.squaredResiduals(r)) / sums.denominator ** 2
  const result = estimateOf(r, variance, n)
  return result.kind === 'insufficient' ? result : { ...result, effectiveN: sums.effectiveN }
}
