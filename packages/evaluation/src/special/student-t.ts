import { invariant } from '@sluice/contracts'
import { logBeta, regularizedBeta } from './beta.ts'
import { normalSf, normalUpperQuantile } from './normal.ts'

/**
 * Degrees of freedom from which P(T > t) is taken from Hill's normalizing transformation (G. W. Hill, Algorithm 395,
 * CACM 13, 1970) instead of the incomplete beta function, whose fraction needs ever more terms.
 */
const TRANSFORM_DF_MIN = 100_000

/** P(T > t) of Student's t with `df` > 0 degrees of freedom; relative error below 1e-10 in both tails. */
export function tSf(t: number, df: number): number {
  invariant(df > 0, `tSf: ${df} degrees of freedom`)
  if (t < 0) return 1 - tSf(-t, df)
  if (df >= TRANSFORM_DF_MIN) return normalSf(normalOfT(t, df))
  const t2 = t * t
  return 0.5 * regularizedBeta(0.5 * df, 0.5, df / (df + t2), t2 / (df + t2))
}

/** The z whose normal tail is the t tail at `t`. */
function normalOfT(t: number, df: number): number {
  const a = df - 0.5
  const b = 48 * a * a
  const y = a * Math.log1p((t * t) / df)
  return (((((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b) + y + 3) / b + 1) * Math.sqrt(y)
}

const STEPS_MAX = 200

/** The t with P(T > t) = q, 0 < q < 1. `df` of null means the normal distribution. */
export function tUpperQuantile(q: number, df: number | null): number {
  if (df === null) return normalUpperQuantile(q)
  invariant(q > 0 && q < 1 && df > 0, `tUpperQuantile: q = ${q}, df = ${df}`)
  if (q === 0.5) return 0
  if (q > 0.5) return -tUpperQuantile(1 - q, df)
  // In u = ln t the logarithm of the tail is nearly straight for small df, where the tail is a power of t.
  const logScale = -logBeta(0.5 * df, 0.5) - 0.5 * Math.log(df)
  let u = Math.log(normalUpperQuantile(q))
  let low = Math.log(1e-17)
  let high = Number.POSITIVE_INFINITY
  for (let step = 0; step < STEPS_MAX; step++) {
    const t = Math.exp(u)
    const tail = tSf(t, df)
    if (tail > q) low = u
    else high = u
    const density = Math.exp(logScale - 0.5 * (df + 1) * Math.log1p((t * t) / df))
    const change = (Math.log(tail / q) * tail) / (density * t)
    if (!(Math.abs(change) > 1e-15 * Math.max(1, Math.abs(u)))) break
    // A step out of the bracket means the tail is not yet straight here: halve the bracket instead.
    const next = u + change
    u = next > low && next < high ? next : 0.5 * (low + Math.min(high, u + 2))
  }
  return Math.exp(u)
}
