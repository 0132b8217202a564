import { CrossMoments } from '../counters/cross-moments.ts'
import { welchDegreesOfFreedom } from './difference.ts'
import { type Estimate, type EstimateResult, estimateOf, type Insufficient, insufficient } from './estimate.ts'

export interface CupedEstimate extends Estimate {
  /** Slope of the outcome on the covariate, over both arms. */
  readonly theta: number
  /** Share of the variance the covariate explained away; 0 when it is of no use. */
  readonly varianceReduction: number
}

/**
 * Candidate minus control of an outcome y with the part removed that a covariate x from before the treatment explains
 * (Deng, Xu, Kohavi, Walker, WSDM 2013): y - θ (x - x̄), θ = cov(y, x)/var(x) over both arms. The covariate that is
 * always there is the champion's shadow score. A covariate without spread gives θ = 0, the plain difference.
 *
 * `relative` divides by the control's unadjusted mean, with GrowthBook's delta-method variance, for display.
 */
export function cuped(
  control: CrossMoments,
  candidate: CrossMoments,
  { relative = false }: { readonly relative?: boolean } = {},
): CupedEstimate | Insufficient {
  for (const [name, arm] of [['control', control] as const, ['candidate', candidate] as const]) {
    if (!(arm.n > 0)) return insufficient('empty', 0, name)
    if (arm.n < 2) return insufficient('below-minimum', arm.n, `${name} has one unit; at least 2 are needed`)
  }
  const pooled = new CrossMoments(control.cells).merge(candidate)
  const theta = pooled.varianceX === 0 ? 0 : pooled.covariance / pooled.varianceX
  const n = control.n + candidate.n
  if (relative && control.meanY === 0) return insufficient('zero-baseline', n)
  const base = relative ? control.meanY : 1
  const effect = (candidate.meanY - control.meanY - theta * (candidate.meanX - control.meanX)) / Math.abs(base)
  const slope = relative ? candidate.meanY / control.meanY : 1
  const varianceOfControl = adjustedVariance(control, theta, slope) / control.n / (base * base)
  const varianceOfCandidate = adjustedVariance(candidate, theta, 1) / candidate.n / (base * base)
  const plain = control.varianceY / control.n + candidate.varianceY / candidate.n
  const adjusted = adjustedVariance(control, theta, 1) / control.n + adjustedVariance(candidate, theta, 1) / candidate.n
  const result = estimateOf(
    effect,
    varianceOfControl + varianceOfCandidate,
    n,
    degreesOfFreedom(control, candidate, theta),
  )
  return result.kind === 'insufficient'
    ? result
    : { ...result, theta, varianceReduction: plain > 0 ? 1 - adjusted / plain : 0 }
}

/** Variance of slope · y - θ x; the slope is 1 but for the control of a relative effect. */
function adjustedVariance(arm: CrossMoments, theta: number, slope: number): number {
  const scale = slope * slope * arm.varianceY + theta * theta * arm.varianceX
  const variance = scale - 2 * theta * slope * arm.covariance
  return variance <= 16 * Number.EPSILON * scale ? 0 : variance
}

function degreesOfFreedom(control: CrossMoments, candidate: CrossMoments, theta: number): number | null {
  const [a, b] = [control, candidate].map(
    (arm): EstimateResult => estimateOf(0, adjustedVariance(arm, theta, 1) / arm.n, arm.n),
  )
  return a?.kind === 'estimate' && b?.kind === 'estimate' ? welchDegreesOfFreedom(a, b) : null
}
