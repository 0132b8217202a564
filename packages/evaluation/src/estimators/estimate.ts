/** Why nothing can be said. The key is stable; `reason` of a result says it with the numbers. */
export const INSUFFICIENT_CODES = {
  empty: 'there is no data',
  'below-minimum': 'fewer units or events than the minimum',
  'one-class': 'all outcomes are equal, and the measure compares positives with negatives',
  'zero-variance': 'the data shows no spread, so no uncertainty can be estimated',
  'zero-denominator': 'the denominator of the ratio is zero',
  'zero-baseline': 'the control is zero, so nothing is relative to it',
  'no-discordant-pairs': 'the two never differ',
  'not-finite': 'the sums left the range of a double',
  'past-last-look': 'all looks of the plan are used up',
  withheld: 'something is wrong with the experiment itself',
} as const
export type InsufficientCode = keyof typeof INSUFFICIENT_CODES

export interface Insufficient {
  readonly kind: 'insufficient'
  readonly code: InsufficientCode
  readonly reason: string
  readonly n: number
}

/** What every estimator gives and every verdict takes. All numbers are finite. */
export interface Estimate {
  readonly kind: 'estimate'
  readonly estimate: number
  /** 0 when the data shows no spread: a valid summand of a difference, but no base for a verdict. */
  readonly standardError: number
  /** Units the estimate rests on; the clock of sequential methods. */
  readonly n: number
  /** Of the t distribution of estimate / standardError; null where the normal distribution is meant. */
  readonly degreesOfFreedom: number | null
}

export type EstimateResult = Estimate | Insufficient

export function insufficient(code: InsufficientCode, n: number, detail?: string): Insufficient {
  const reason = INSUFFICIENT_CODES[code]
  return { kind: 'insufficient', code, reason: detail === undefined ? reason : `${reason}: ${detail}`, n }
}

/** The estimate, or `insufficient` when overflow of its sums left something that is no number. */
export function estimateOf(estimate: number, variance: number, n: number, df: number | null = n - 1): EstimateResult {
  const standardError = Math.sqrt(variance)
  if (!Number.isFinite(estimate) || !Number.isFinite(standardError) || !Number.isFinite(n)) {
    return insufficient('not-finite', Number.isFinite(n) ? n : 0, 'give the values in a larger unit')
  }
  return { kind: 'estimate', estimate, standardError, n, degreesOfFreedom: df !== null && df > 0 ? df : null }
}
