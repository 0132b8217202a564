import type { Insufficient } from '../estimators/estimate.ts'
import { kolmogorovSf } from '../special/kolmogorov.ts'
import { type BinnedPair, type Drift, type DriftRuleInput, judge, ruleOf, sharesOf } from './drift-result.ts'

/**
 * Largest gap between the cumulative shares of ordered bins. On deciles less than 0.001 of the unbinned statistic is lost;
 * the limiting distribution makes the p-value a little too large on bins, never too small. A contribution is the gap
 * after the bin.
 */
export function kolmogorovSmirnov(pair: BinnedPair, options: DriftRuleInput = {}): Drift | Insufficient {
  const rule = ruleOf({ warn: 0.1, drift: 0.2 }, options)
  const shares = sharesOf(pair)
  if ('code' in shares) return shares
  let gap = 0
  const contributions = Array.from(shares.current, (q, i) => {
    gap += q - shares.baseline[i]!
    return gap
  })
  const effect = contributions.reduce((largest, c) => Math.max(largest, Math.abs(c)), 0)
  return judge(shares, rule, {
    effect,
    pValue: kolmogorovSf(effect / Math.sqrt(shares.spread)),
    // First term of Kolmogorov's series, exact to 1e-9 for every alpha in use.
    critical: Math.sqrt(-0.5 * Math.log(rule.alpha / rule.comparisons / 2) * shares.spread),
    contributions,
  })
}
