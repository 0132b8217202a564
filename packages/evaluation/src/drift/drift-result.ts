import { type Insufficient, insufficient } from '../estimators/estimate.ts'

/** Values per bin of the window below which a drift statistic is mostly noise. */
export const SAMPLES_PER_BIN_MIN = 10
/** Values of the window below which nothing is said; with fewer, PSI of 10 bins exceeds 0.1 by chance alone. */
export const DRIFT_SAMPLES_MIN = 500
export const DRIFT_ALPHA = 0.001

/**
 * When a difference counts: its effect must be large enough to matter AND too large for chance at this sample size. Either
 * alone fails: small windows show large effects by chance, and large ones make every trifle significant.
 */
export interface DriftRule {
  readonly warn: number
  readonly drift: number
  /** Chance of a false alarm per check. */
  readonly alpha: number
  /** Features checked side by side; each gets alpha / comparisons. */
  readonly comparisons: number
  readonly samplesMin: number
}
export type DriftRuleInput = Partial<DriftRule>

/** Counts of the same bins, of training and of now. */
export interface BinnedPair {
  readonly baseline: ArrayLike<number>
  readonly current: ArrayLike<number>
}

export interface Drift {
  readonly kind: 'drift'
  /** `insufficient`: the window is too small, so the numbers are for looking at and not for acting on. */
  readonly status: 'ok' | 'warn' | 'drift' | 'insufficient'
  /** One sentence with the numbers that decided. */
  readonly reason: string
  /** The effect, comparable with `warn` and `drift` of the rule. */
  readonly effect: number
  readonly n: number
  readonly baselineN: number
  /** Chance of an effect at least this large when nothing has changed. */
  readonly pValue: number
  /** Effect that chance exceeds with probability alpha / comparisons at these sample sizes. */
  readonly critical: number
  /** What each bin adds to the effect, or its difference where effects do not add up. */
  readonly contributions: readonly number[]
  readonly worstBin: number
  readonly rule: DriftRule
}

/** Both distributions as shares; `bins` counts those that hold anything. */
export interface Shares {
  readonly baseline: Float64Array
  readonly current: Float64Array
  readonly baselineN: number
  readonly n: number
  readonly bins: number
  /** 1/N + 1/M: the variance factor of every difference of shares. */
  readonly spread: number
}

export function ruleOf(defaults: { readonly warn: number; readonly drift: number }, rule: DriftRuleInput): DriftRule {
  const whole = { alpha: DRIFT_ALPHA, comparisons: 1, samplesMin: DRIFT_SAMPLES_MIN, ...defaults, ...rule }
  if (!(whole.warn > 0 && whole.warn <= whole.drift)) {
    throw new RangeError(`warn ${whole.warn} must be above 0 and at most drift ${whole.drift}`)
  }
  return whole
}

/** The shares, or why there are none to compare. */
export function sharesOf({ baseline, current }: BinnedPair): Shares | Insufficient {
  if (baseline.length !== current.length) {
    throw new RangeError(
      `baseline has ${baseline.length} bins and current ${current.length}; count both on the same bins`,
    )
  }
  const baselineN = sum(baseline)
  const n = sum(current)
  if (!(baselineN > 0)) return insufficient('empty', n, 'the baseline holds no values')
  if (!(n > 0)) return insufficient('empty', 0, 'the window holds no values')
  let bins = 0
  for (let i = 0; i < baseline.length; i++) if (baseline[i]! > 0 || current[i]! > 0) bins++
  if (bins < 2) return insufficient('zero-variance', n, 'all values lie in one bin, then and now')
  return {
    baseline: Float64Array.from(baseline, (count) => count / baselineN),
    current: Float64Array.from(current, (count) => count / n),
    baselineN,
    n,
    bins,
    spread: 1 / baselineN + 1 / n,
  }
}

/** Status by the rule; `tooThin` says why else the numbers cannot be trusted. */
export function judge(
  shares: Shares,
  rule: DriftRule,
  found: Pick<Drift, 'effect' | 'pValue' | 'critical' | 'contributions'>,
  tooThin?: string,
): Drift {
  const { n, baselineN, bins } = shares
  const needed = Math.max(rule.samplesMin, SAMPLES_PER_BIN_MIN * bins)
  const thin = n < needed ? `the window has ${n} of ${needed} values; merge more panes` : tooThin
  const significant = found.pValue < rule.alpha / rule.comparisons
  const large = found.effect >= rule.warn
  const status =
    thin !== undefined ? 'insufficient' : significant && large ? (found.effect >= rule.drift ? 'drift' : 'warn') : 'ok'
  const worst = found.contributions.reduce(
    (best, c, i) => (Math.abs(c) > Math.abs(found.contributions[best]!) ? i : best),
    0,
  )
  const effect = found.effect.toPrecision(4)
  const reason =
    thin ??
    (large
      ? `${effect} is ${significant ? 'more' : 'no more'} than chance gives with ${n} values (${found.critical.toPrecision(4)})`
      : `${effect} is below ${rule.warn}, too small to matter`)
  return { kind: 'drift', status, reason, ...found, n, baselineN, worstBin: worst, rule }
}

function sum(counts: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < counts.length; i++) {
    if (!(counts[i]! >= 0)) throw new RangeError(`bin ${i} holds ${counts[i]}, which is no count`)
    total += counts[i]!
  }
  return total
}
