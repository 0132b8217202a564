import type { Insufficient } from '../estimators/estimate.ts'
import { chiSquareSf, chiSquareUpperQuantile } from '../special/chi-square.ts'
import { type BinnedPair, type Drift, type DriftRuleInput, judge, ruleOf, sharesOf } from './drift-result.ts'

/**
 * Jensen–Shannon distance, base 2: square root of the divergence, between 0 and 1, defined for empty bins. Contributions
 * add up to the divergence. Without drift 8 ln 2 · divergence is (1/N + 1/M) times chi-square with bins - 1 df, the second
 * order term of the divergence (Lin, IEEE Transactions on Information Theory 37, 1991, has the divergence).
 */
export function jensenShannon(pair: BinnedPair, options: DriftRuleInput = {}): Drift | Insufficient {
  const rule = ruleOf({ warn: 0.1, drift: 0.2 }, options)
  const shares = sharesOf(pair)
  if ('code' in shares) return shares
  const contributions = Array.from(shares.baseline, (p, i) => {
    const q = shares.current[i]!
    const m = 0.5 * (p + q)
    return 0.5 * ((p > 0 ? p * Math.log2(p / m) : 0) + (q > 0 ? q * Math.log2(q / m) : 0))
  })
  const divergence = Math.max(
    0,
    contributions.reduce((total, c) => total + c, 0),
  )
  const df = shares.bins - 1
  const scale = 8 * Math.LN2
  return judge(shares, rule, {
    effect: Math.sqrt(divergence),
    pValue: chiSquareSf((scale * divergence) / shares.spread, df),
    critical: Math.sqrt((chiSquareUpperQuantile(rule.alpha / rule.comparisons, df) * shares.spread) / scale),
    contributions,
  })
}
