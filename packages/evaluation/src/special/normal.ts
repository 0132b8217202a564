import { invariant } from '@sluice/contracts'

const SQRT_TWO_PI = 2.5066282746310007

export function normalPdf(z: number): number {
  return Math.exp(-0.5 * z * z) / SQRT_TWO_PI
}

/**
 * Coefficients of W. J. Cody's rational Chebyshev approximations (Math. Comp. 23, 1969, pp. 631–637), highest power first:
 * erf on [0, 0.46875], erfc on [0.46875, 4], and erfc beyond in powers of 1/x².
 */
const ERF = {
  numerator: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  denominator: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
} as const
const ERFC = {
  numerator: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  denominator: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
    4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
} as const
const ERFC_FAR = {
  numerator: [
    0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
    0.0006587491615298378,
  ],
  denominator: [
    1, 2.568520192289822, 1.8729528499234673, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
  ],
} as const

function rational({ numerator, denominator }: Rational, x: number): number {
  let top = numerator[0]!
  let bottom = denominator[0]!
  for (let i = 1; i < numerator.length; i++) {
    top = top * x + numerator[i]!
    bottom = bottom * x + denominator[i]!
  }
  return top / bottom
}

interface Rational {
  readonly numerator: readonly number[]
  readonly denominator: readonly number[]
}

/** erfc(x) for x ≥ 0.46875. */
function erfcFar(x: number): number {
  // e^-x² from a square that is exact in its first part: the rounding of x² itself would cost x² units in the last place.
  const coarse = Math.trunc(x * 16) / 16
  const scale = Math.exp(-coarse * coarse) * Math.exp(-(x - coarse) * (x + coarse))
  if (x <= 4) return scale * rational(ERFC, x)
  const y = 1 / (x * x)
  return (scale * (1 / Math.sqrt(Math.PI) - y * rational(ERFC_FAR, y))) / x
}

/** P(Z > z) of the standard normal, relative error below 1e-14 down to 1e-300. */
export function normalSf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  if (x <= 0.46875) return 0.5 - 0.5 * (z / Math.SQRT2) * rational(ERF, x * x)
  const tail = 0.5 * erfcFar(x)
  return z > 0 ? tail : 1 - tail
}

const NEWTON_STEPS_MAX = 60

/**
 * The z with P(Z > z) = q, 0 < q < 1. Small q keep full relative accuracy; a quantile of 1 - q could not.
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
