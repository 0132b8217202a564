import { invariant } from '@sluice/contracts'
import { regularizedGammaP, regularizedGammaQ } from './gamma.ts'

const SQRT_TWO_PI = 2.5066282746310007

export function normalPdf(z: number): number {
  return Math.exp(-0.5 * z * z) / SQRT_TWO_PI
}

/** P(Z > z) of the standard normal, relative error below 1e-12 down to 1e-300: ½ Q(½, z²/2), DLMF 7.11.2. */
export function normalSf(z: number): number {
  if (z < 0) return z < -1 ? 1 - normalSf(-z) : 0.5 + 0.5 * regularizedGammaP(0.5, 0.5 * z * z)
  return 0.5 * regularizedGammaQ(0.5, 0.5 * z * z)
}

/** P(Z ≤ z) of the standard normal. */
export function normalCdf(z: number): number {
  return normalSf(-z)
}

const NEWTON_STEPS_MAX = 60

/**
 * The z with P(Z > z) = q, 0 < q < 1. Small q keep full relative accuracy, which `normalQuantile(1 - q)` cannot.
 *
 * Newton's method on ln P(Z > z): that function is concave, so from any start the second step lies right of the root
 * and all later ones descend to it.
 */
export function normalUpperQuantile(q: number): number {
  invariant(q > 0 && q < 1, `normalUpperQuantile: ${q} is not between 0 and 1`)
  if (q === 0.5) return 0
  if (q > 0.5) return -normalUpperQuantile(1 - q)
  const logQ = Math.log(q)
  let z = Math.sqrt(Math.max(0, -2 * logQ - Math.log(2 * Math.PI * Math.max(1, -2 * logQ))))
  for (let step = 0; step < NEWTON_STEPS_MAX; step++) {
    const tail = normalSf(z)
    const change = ((Math.log(tail) - logQ) * tail) / normalPdf(z)
    z += change
    if (Math.abs(change) <= 1e-15 * Math.max(1, z)) break
  }
  return z
}

/** The z with P(Z ≤ z) = p, 0 < p < 1. */
export function normalQuantile(p: number): number {
  return -normalUpperQuantile(p)
}
