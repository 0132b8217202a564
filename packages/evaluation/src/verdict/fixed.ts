import { normalSf } from '../special/normal.ts'
import { tSf, tUpperQuantile } from '../special/student-t.ts'
import type { Criterion, Sides } from './criterion.ts'

/** Student's t, or the normal distribution for null degrees of freedom: valid for one look, planned beforehand. */
export function fixedCriterion({
  alpha,
  sides,
  degreesOfFreedom,
}: {
  readonly alpha: number
  readonly sides: Sides
  readonly degreesOfFreedom: number | null
}): Criterion {
  const tail = (z: number) => (degreesOfFreedom === null ? normalSf(z) : tSf(z, degreesOfFreedom))
  return {
    critical: tUpperQuantile(sides === 'two' ? alpha / 2 : alpha, degreesOfFreedom),
    pValue: (z) => (sides === 'two' ? Math.min(1, 2 * tail(Math.abs(z))) : tail(z)),
  }
}
