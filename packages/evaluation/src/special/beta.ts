import { invariant } from '@sluice/contracts'
import { HALF_LOG_TWO_PI, logGamma, STIRLING_MIN, stirlingRemainder } from './gamma.ts'

const TERMS_MAX = 1_000_000
const EPSILON = 2.220446049250313e-16
const TINY = 1e-300

/** ln Γ(large) - ln Γ(large + small), large ≥ 10, by Stirling's series: the parts that would cancel are never formed. */
function logGammaRatio(large: number, small: number): number {
  return (
    -(large - 0.5) * Math.log1p(small / large) -
    small * (Math.log(large + small) - 1) +
    stirlingRemainder(large) -
    stirlingRemainder(large + small)
  )
}

/** ln B(a, b) for a, b > 0. */
export function logBeta(a: number, b: number): number {
  invariant(a > 0 && b > 0, `logBeta: a = ${a}, b = ${b}`)
  const small = Math.min(a, b)
  const large = Math.max(a, b)
  if (large < STIRLING_MIN) return logGamma(small) + logGamma(large) - logGamma(small + large)
  if (small < STIRLING_MIN) return logGamma(small) + logGammaRatio(large, small)
  // Both large: B = √(2π/(ab/(a+b))) (a/(a+b))^a (b/(a+b))^b times the remainders.
  return (
    HALF_LOG_TWO_PI +
    (stirlingRemainder(small) + stirlingRemainder(large) - stirlingRemainder(small + large)) +
    -0.5 * Math.log(large) +
    (small - 0.5) * Math.log(small / (small + large)) -
    large * Math.log1p(small / large)
  )
}

/** Continued fraction of the incomplete beta function, DLMF 8.17.22, by Lentz's method. */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1
  let d = 1 - ((a + b) * x) / (a + 1)
  if (Math.abs(d) < TINY) d = TINY
  d = 1 / d
  let h = d
  for (let m = 1; m < TERMS_MAX; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 + even * d
    c = 1 + even / c
    if (Math.abs(d) < TINY) d = TINY
    if (Math.abs(c) < TINY) c = TINY
    d = 1 / d
    h *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 + odd * d
    c = 1 + odd / c
    if (Math.abs(d) < TINY) d = TINY
    if (Math.abs(c) < TINY) c = TINY
    d = 1 / d
    const factor = d * c
    h *= factor
    if (Math.abs(factor - 1) < EPSILON) break
  }
  return h
}

/**
 * Regularized incomplete beta function I_x(a, b), 0 ≤ x ≤ 1. `complement` is 1 - x: whoever knows it exactly gives it,
 * because near x = 1 it decides the result.
 */
export function regularizedBeta(a: number, b: number, x: number, complement = 1 - x): number {
  invariant(a > 0 && b > 0 && x >= 0 && x <= 1, `regularizedBeta: a = ${a}, b = ${b}, x = ${x}`)
  if (x === 0 || complement === 0) return x === 0 ? 0 : 1
  const logX = x < 0.5 ? Math.log(x) : Math.log1p(-complement)
  const logComplement = complement < 0.5 ? Math.log(complement) : Math.log1p(-x)
  const factor = Math.exp(a * logX + b * logComplement - logBeta(a, b))
  return x < (a + 1) / (a + b + 2)
    ? (factor * betaFraction(a, b, x)) / a
    : 1 - (factor * betaFraction(b, a, complement)) / b
}
