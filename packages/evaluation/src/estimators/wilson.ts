import { normalUpperQuantile } from '../special/normal.ts'
import type { SuccessCount } from './proportion.ts'

/** Interval [low, high]. */
export type Interval = readonly [number, number]

export const DEFAULT_CONFIDENCE = 0.95

/**
 * Wilson's score interval of a proportion (E. B. Wilson, JASA 22, 1927): holds its confidence for small n and for shares
 * near 0 and 1, where estimate ± z · standard error leaves [0, 1] or has no width. `n` > 0 may be an effective size.
 */
export function wilsonInterval({ successes, n }: SuccessCount, confidence = DEFAULT_CONFIDENCE): Interval {
  if (!(n > 0 && successes >= 0 && successes <= n)) throw new RangeError(`successes ${successes} of n ${n}`)
  const z = normalUpperQuantile((1 - confidence) / 2)
  const p = successes / n
  const z2 = z * z
  const center = (p + z2 / (2 * n)) / (1 + z2 / n)
  const half = (z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))
  return [successes === 0 ? 0 : Math.max(0, center - half), successes === n ? 1 : Math.min(1, center + half)]
}
