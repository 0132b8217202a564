import { type EstimateResult, estimateOf, insufficient } from './estimate.ts'

export interface SuccessCount {
  readonly successes: number
  readonly n: number
}

/** Share of successes; variance p(1 - p)/n. */
export function proportion({ successes, n }: SuccessCount): EstimateResult {
  if (!(n > 0)) return insufficient('empty', 0)
  if (successes < 0 || successes > n) {
    throw new RangeError(`successes ${successes} of n ${n}: a part cannot exceed the whole`)
  }
  if (n < 2) return insufficient('below-minimum', n, 'one unit has no spread; at least 2 are needed')
  const p = successes / n
  return estimateOf(p, (p * (1 - p)) / n, n)
}
