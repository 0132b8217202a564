import { invariant } from '@sluice/contracts'
import { regularizedGammaQ } from './gamma.ts'

/** P(X > x) of the chi-square distribution with `df` > 0 degrees of freedom. */
export function chiSquareSf(x: number, df: number): number {
  invariant(df > 0 && x >= 0, `chiSquareSf: x = ${x}, df = ${df}`)
  return regularizedGammaQ(0.5 * df, 0.5 * x)
}

const BISECTIONS_MAX = 200

/** The x with P(X > x) = q, 0 < q < 1. */
export function chiSquareUpperQuantile(q: number, df: number): number {
  invariant(q > 0 && q < 1 && df > 0, `chiSquareUpperQuantile: q = ${q}, df = ${df}`)
  let low = 0
  let high = df
  while (chiSquareSf(high, df) > q) high *= 2
  for (let step = 0; step < BISECTIONS_MAX; step++) {
    const middle = 0.5 * (low + high)
    if (middle === low || middle === high) break
    if (chiSquareSf(middle, df) > q) low = middle
    else high = middle
  }
  return 0.5 * (low + high)
}
