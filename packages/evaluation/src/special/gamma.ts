import { invariant } from '@sluice/contracts'

export const HALF_LOG_TWO_PI = 0.9189385332046728
/** From here on the Stirling series below is exact to the last bits of a double. */
export const STIRLING_MIN = 10
/** A continued fraction or series needs about `10 √a` terms; this reaches a = 10^10. */
const TERMS_MAX = 1_000_000
const EPSILON = 2.220446049250313e-16
const TINY = 1e-300

/**
 * `ln Γ(x) - [(x - ½) ln x - x + ½ ln 2π]` for x ≥ 10: the remainder of Stirling's series (DLMF 5.11.1), whose terms are
 * Bernoulli numbers over 2k (2k - 1). Kept apart because differences of large `ln Γ` cancel everything but this.
 */
export function stirlingRemainder(x: number): number {
  const y = 1 / (x * x)
  return (
    (1 / 12 + y * (-1 / 360 + y * (1 / 1260 + y * (-1 / 1680 + y * (1 / 1188 + y * (-691 / 360_360 + y / 156)))))) / x
  )
}

/** ln Γ(x), x > 0. Relative error below 1e-14, but only absolute 1e-14 around the zeros at 1 and 2. */
export function logGamma(x: number): number {
  invariant(x > 0, `logGamma: ${x} is not positive`)
  let shift = 1
  let y = x
  while (y < STIRLING_MIN) {
    shift *= y
    y++
  }
  return (y - 0.5) * Math.log(y) - y + HALF_LOG_TWO_PI + stirlingRemainder(y) - Math.log(shift)
}

/** `x^a e^-x / Γ(a)`: the factor in front of both expansions of the incomplete gamma function. */
function gammaFactor(a: number, x: number): number {
  if (a < STIRLING_MIN) return Math.exp(a * Math.log(x) - x - logGamma(a))
  // With Γ(a) from Stirling the large terms cancel on paper: what is left is a (ln r + 1 - r) with r = x / a.
  const d = (x - a) / a
  return Math.exp(a * (Math.log1p(d) - d) - stirlingRemainder(a)) * Math.sqrt(a / (2 * Math.PI))
}

/** Power series of P(a, x), DLMF 8.11.4; converges fast for x < a + 1. */
function gammaSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; n < TERMS_MAX; n++) {
    term *= x / (a + n)
    sum += term
    if (term < sum * EPSILON * 0.25) break
  }
  return gammaFactor(a, x) * sum
}

/** Continued fraction of Q(a, x), DLMF 8.9.2 contracted to its even part, by Lentz's method; for x > a + 1. */
function gammaFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let h = d
  for (let n = 1; n < TERMS_MAX; n++) {
    const an = -n * (n - a)
    b += 2
    d = an * d + b
    if (Math.abs(d) < TINY) d = TINY
    c = b + an / c
    if (Math.abs(c) < TINY) c = TINY
    d = 1 / d
    const factor = d * c
    h *= factor
    if (Math.abs(factor - 1) < EPSILON) break
  }
  return gammaFactor(a, x) * h
}

/** Regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x), accurate in the far tail. */
export function regularizedGammaQ(a: number, x: number): number {
  invariant(a > 0 && x >= 0, `regularizedGammaQ: a = ${a}, x = ${x}`)
  if (x === 0) return 1
  return x < a + 1 ? 1 - gammaSeries(a, x) : gammaFraction(a, x)
}
