import type { Insufficient } from '../estimators/estimate.ts'
import { chiSquareSf, chiSquareUpperQuantile } from '../special/chi-square.ts'
import { type BinnedPair, type Drift, type DriftRuleInput, judge, ruleOf, sharesOf } from './drift-result.ts'

/** Cochran's rule: at most a fifth of the cells may expect fewer than 5. */
const EXPECTED_MIN = 5
const SMALL_CELLS_SHARE_MAX = 0.2

export type ChiSquareDrift = Drift & { readonly statistic: number; readonly degreesOfFreedom: number }

/**
 * Pearson's chi-square of homogeneity. The effect is Cramér's V as samples of equal size would show it,
 * √(½ Σ (p - q)²/(p + q)), between 0 and 1: that of the samples themselves shrinks with the window. Contributions add up
 * to its square.
 */
export function chiSquareDrift(pair: BinnedPair, options: DriftRuleInput = {}): ChiSquareDrift | Insufficient {
  const rule = ruleOf({ warn: 0.15, drift: 0.25 }, options)
  const shares = sharesOf(pair)
  if ('code' in shares) return shares
  const { baselineN, n, bins } = shares
  let statistic = 0
  let smallCells = 0
  const contributions = Array.from(shares.baseline, (p, i) => {
    const q = shares.current[i]!
    if (p + q === 0) return 0
    const pooled = (p * baselineN + q * n) / (baselineN + n)
    for (const [share, size] of [
      [p, baselineN],
      [q, n],
    ] as const) {
      statistic += (size * (share - pooled) ** 2) / pooled
      if (size * pooled < EXPECTED_MIN) smallCells++
    }
    return (0.5 * (p - q) ** 2) / (p + q)
  })
  const thin =
    smallCells > SMALL_CELLS_SHARE_MAX * 2 * bins
      ? `${smallCells} of ${2 * bins} cells expect fewer than ${EXPECTED_MIN}; merge rare bins`
      : undefined
  const df = bins - 1
  const found = {
    effect: Math.sqrt(contributions.reduce((total, c) => total + c, 0)),
    pValue: chiSquareSf(statistic, df),
    // Near no drift the effect is ½ √(chi-square (1/N + 1/M)).
    critical: 0.5 * Math.sqrt(chiSquareUpperQuantile(rule.alpha / rule.comparisons, df) * shares.spread),
    contributions,
  }
  return { ...judge(shares, rule, found, thin), statistic, degreesOfFreedom: df }
}
