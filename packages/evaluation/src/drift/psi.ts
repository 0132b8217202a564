import type { Insufficient } from '../estimators/estimate.ts'
import { chiSquareSf, chiSquareUpperQuantile } from '../special/chi-square.ts'
import { type BinnedPair, type Drift, type DriftRuleInput, judge, ruleOf, sharesOf } from './drift-result.ts'

/** Smallest share of a bin on either side; without it one empty bin makes the index infinite. Nothing is renormalized. */
export const PSI_SHARE_MIN = 1e-4

/** Population stability index Σ (q - p) ln(q/p); without drift it is (1/N + 1/M) times chi-square with bins - 1 df. */
export function psi(pair: BinnedPair, options: DriftRuleInput = {}): Drift | Insufficient {
  const rule = ruleOf({ warn: 0.1, drift: 0.25 }, options)
  const shares = sharesOf(pair)
  if ('code' in shares) return shares
  const contributions = Array.from(shares.baseline, (share, i) => {
    const p = Math.max(share, PSI_SHARE_MIN)
    const q = Math.max(shares.current[i]!, PSI_SHARE_MIN)
    return (q - p) * Math.log(q / p)
  })
  const effect = contributions.reduce((total, c) => total + c, 0)
  const df = shares.bins - 1
  return judge(shares, rule, {
    effect,
    pValue: chiSquareSf(effect / shares.spread, df),
    critical: chiSquareUpperQuantile(rule.alpha / rule.comparisons, df) * shares.spread,
    contributions,
  })
}
