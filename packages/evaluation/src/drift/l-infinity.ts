import type { Insufficient } from '../estimators/estimate.ts'
import { normalSf, normalUpperQuantile } from '../special/normal.ts'
import { type BinnedPair, type Drift, type DriftRuleInput, judge, ruleOf, sharesOf } from './drift-result.ts'

/**
 * Largest change of any bin's share: for categories, where the one value that moved is the news. The p-value is that of
 * two proportions for the bin that moved most, times the number of bins it was chosen from.
 */
export function lInfinity(pair: BinnedPair, options: DriftRuleInput = {}): Drift | Insufficient {
  const rule = ruleOf({ warn: 0.1, drift: 0.2 }, options)
  const shares = sharesOf(pair)
  if ('code' in shares) return shares
  const { baselineN, n, bins, spread } = shares
  const contributions = Array.from(shares.current, (q, i) => q - shares.baseline[i]!)
  const worst = contributions.reduce((best, c, i) => (Math.abs(c) > Math.abs(contributions[best]!) ? i : best), 0)
  const effect = Math.abs(contributions[worst]!)
  const pooled = (shares.baseline[worst]! * baselineN + shares.current[worst]! * n) / (baselineN + n)
  const deviation = Math.sqrt(pooled * (1 - pooled) * spread)
  return judge(shares, rule, {
    effect,
    pValue: effect === 0 ? 1 : Math.min(1, bins * 2 * normalSf(effect / deviation)),
    critical: deviation * normalUpperQuantile(rule.alpha / rule.comparisons / bins / 2),
    contributions,
  })
}
