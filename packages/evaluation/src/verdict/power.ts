import { normalSf, normalUpperQuantile } from '../special/normal.ts'
import { plannedRatio } from './confidence-sequence.ts'
import type { Sides } from './criterion.ts'
import { groupSequentialBounds } from './group-sequential.ts'
import { SEQUENTIAL_SHARE } from './hybrid.ts'
import type { Spending } from './spending.ts'
import type { VerdictPlan } from './verdict-plan.ts'

export const DEFAULT_POWER = 0.8

/** What is compared. Arms are of equal size; `paired` counts pairs instead of units per arm. */
export type PowerMetric =
  | { readonly kind: 'proportion'; readonly baseline: number }
  | { readonly kind: 'mean'; readonly standardDeviation: number }
  | { readonly kind: 'paired'; readonly standardDeviation: number }

export interface PowerPlan {
  readonly alpha: number
  readonly sides: Sides
  readonly method: VerdictPlan['method']
  /** groupSequential: number of equally spaced looks. */
  readonly looks?: number
  readonly spending?: Spending
}

/**
 * Critical z at the planned sample size. Earlier looks can only end an experiment sooner, so sample sizes from it are what
 * has to be reserved, not what is used on average.
 */
export function plannedCriticalValue({
  alpha,
  sides,
  method,
  looks = 4,
  spending = 'obrien-fleming',
}: PowerPlan): number {
  const side = sides === 'two' ? alpha / 2 : alpha
  switch (method) {
    case 'fixed':
      return normalUpperQuantile(side)
    case 'hybrid':
      return normalUpperQuantile(side * (1 - SEQUENTIAL_SHARE))
    case 'sequential': {
      const x = plannedRatio(alpha, sides)
      const log =
        sides === 'two' ? Math.log(1 / alpha) + 0.5 * Math.log1p(x) : Math.log1p(Math.sqrt(1 + x) / (2 * alpha))
      return Math.sqrt((2 * log * (1 + x)) / x)
    }
    case 'groupSequential': {
      const fractions = Array.from({ length: looks }, (_, k) => (k + 1) / looks)
      return groupSequentialBounds({ fractions, alpha, sides, spending }).at(-1)!
    }
  }
}

/** Standard deviations of √n · difference under no effect and under `effect`. */
function deviations(metric: PowerMetric, effect: number): readonly [number, number] {
  if (metric.kind === 'mean') return [Math.SQRT2 * metric.standardDeviation, Math.SQRT2 * metric.standardDeviation]
  if (metric.kind === 'paired') return [metric.standardDeviation, metric.standardDeviation]
  const p1 = metric.baseline
  const p2 = p1 + effect
  const pooled = 0.5 * (p1 + p2)
  return [Math.sqrt(2 * pooled * (1 - pooled)), Math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))]
}

function checkEffect(metric: PowerMetric, effect: number): void {
  if (effect === 0) throw new RangeError('effect is 0; no sample is large enough to find it')
  if (metric.kind !== 'proportion') return
  const p2 = metric.baseline + effect
  if (!(p2 > 0 && p2 < 1)) {
    throw new RangeError(`effect ${effect} moves the baseline ${metric.baseline} to ${p2}, outside of 0 to 1`)
  }
}

/**
 * Units per arm (pairs for `paired`) with which an absolute `effect` is found with probability `power`:
 * [z_crit √(2 p̄q̄) + z_power √(p₁q₁ + p₂q₂)]²/Δ² for proportions (Fleiss, Levin, Paik, Statistical Methods for Rates and
 * Proportions, 2003, 4.2), (z_crit + z_power)² 2s²/Δ² for means. The far tail of a two-sided test is neglected.
 */
export function sampleSize(metric: PowerMetric, effect: number, power: number, plan: PowerPlan): number {
  checkEffect(metric, effect)
  const [underNull, underEffect] = deviations(metric, effect)
  const root = plannedCriticalValue(plan) * underNull + normalUpperQuantile(1 - power) * underEffect
  return Math.ceil((root * root) / (effect * effect))
}

/** Probability of finding an absolute `effect` with `n` units per arm (pairs for `paired`). */
export function powerOf(metric: PowerMetric, effect: number, n: number, plan: PowerPlan): number {
  checkEffect(metric, effect)
  const [underNull, underEffect] = deviations(metric, effect)
  const critical = plannedCriticalValue(plan) * underNull
  const shift = Math.abs(effect) * Math.sqrt(n)
  const near = normalSf((critical - shift) / underEffect)
  return plan.sides === 'two' ? near + normalSf((critical + shift) / underEffect) : near
}

/** Smallest absolute increase found with probability `power` by `n` units per arm; null when not even the largest is. */
export function minimumDetectableEffect(metric: PowerMetric, n: number, power: number, plan: PowerPlan): number | null {
  const room = metric.kind === 'proportion' ? (1 - metric.baseline) * (1 - 1e-9) : 1e3 * metric.standardDeviation
  if (powerOf(metric, room, n, plan) < power) return null
  let low = 0
  let high = room
  for (let step = 0; step < 200; step++) {
    const middle = 0.5 * (low + high)
    if (middle === low || middle === high) break
    if (powerOf(metric, middle, n, plan) < power) low = middle
    else high = middle
  }
  return high
}
