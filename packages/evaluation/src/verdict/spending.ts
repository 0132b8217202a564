import { normalSf, normalUpperQuantile } from '../special/normal.ts'

/**
 * How much of alpha may be spent by the time a share of the planned sample has come (Lan and DeMets, Biometrika 70, 1983).
 * A number is the power of the family alpha · tᵖ (Kim and DeMets, Biometrika 74, 1987).
 */
export type Spending = 'obrien-fleming' | 'pocock' | number

/** Alpha spent on one side by information fraction `t`, 0 < t ≤ 1; `alpha` is that of the side. */
export function spent(spending: Spending, alpha: number, t: number): number {
  if (t >= 1) return alpha
  if (spending === 'pocock') return alpha * Math.log1p((Math.E - 1) * t)
  if (spending === 'obrien-fleming') return 2 * normalSf(normalUpperQuantile(alpha / 2) / Math.sqrt(t))
  return alpha * t ** spending
}
