import type { Moments } from '../counters/moments.ts'
import { type EstimateResult, estimateOf, insufficient } from './estimate.ts'

/** Sample mean; variance s²/n with divisor n - 1. Of paired differences this is the paired t statistic. */
export function mean(moments: Moments): EstimateResult {
  const n = moments.n
  if (!(n > 0)) return insufficient('empty', 0)
  if (n < 2) return insufficient('below-minimum', n, 'one value has no spread; at least 2 are needed')
  return estimateOf(moments.mean, moments.variance / n, n)
}
