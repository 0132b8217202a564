import { type Estimate, type EstimateResult, estimateOf, type Insufficient, insufficient } from './estimate.ts'

export type Direction = 'increase' | 'decrease'

/** Candidate minus control of independent arms: variances add, degrees of freedom after Welch and Satterthwaite. */
export function difference(control: EstimateResult, candidate: EstimateResult): EstimateResult {
  const arms = bothArms(control, candidate)
  if ('code' in arms) return arms
  const [a, b] = arms
  return estimateOf(
    b.estimate - a.estimate,
    a.standardError ** 2 + b.standardError ** 2,
    a.n + b.n,
    welchDegreesOfFreedom(a, b),
  )
}

/**
 * (candidate - control) / |control| by the delta method, for display: it charges the control's noise to the effect, so
 * decide on `difference`.
 */
export function relativeLift(control: EstimateResult, candidate: EstimateResult): EstimateResult {
  const arms = bothArms(control, candidate)
  if ('code' in arms) return arms
  const [a, b] = arms
  if (a.estimate === 0) return insufficient('zero-baseline', a.n + b.n)
  const slope = b.estimate / a.estimate
  return estimateOf(
    (b.estimate - a.estimate) / Math.abs(a.estimate),
    (b.standardError ** 2 + slope * slope * a.standardError ** 2) / (a.estimate * a.estimate),
    a.n + b.n,
    welchDegreesOfFreedom(a, b),
  )
}

/**
 * Distance of the candidate from a limit that is `margin` (a share of the control) on the bad side of the control:
 * candidate - (1 ∓ margin) control. Its sign decides a relative margin without dividing by a noisy control: non-inferior
 * on the good side of 0, harmed on the bad side.
 */
export function relativeMarginContrast(
  control: EstimateResult,
  candidate: EstimateResult,
  { direction, margin }: { readonly direction: Direction; readonly margin: number },
): EstimateResult {
  const arms = bothArms(control, candidate)
  if ('code' in arms) return arms
  const [a, b] = arms
  const factor = 1 + (direction === 'increase' ? -1 : 1) * Math.sign(a.estimate) * margin
  return estimateOf(
    b.estimate - factor * a.estimate,
    b.standardError ** 2 + (factor * a.standardError) ** 2,
    a.n + b.n,
    welchDegreesOfFreedom({ ...a, standardError: factor * a.standardError }, b),
  )
}

/** null (the normal distribution) when an arm has none or neither arm varies. */
export function welchDegreesOfFreedom(a: Estimate, b: Estimate): number | null {
  if (a.degreesOfFreedom === null || b.degreesOfFreedom === null) return null
  const va = a.standardError ** 2
  const vb = b.standardError ** 2
  const total = va + vb
  if (!(total > 0)) return null
  // Shares first: squares of variances of small effects would underflow.
  return 1 / ((va / total) ** 2 / a.degreesOfFreedom + (vb / total) ** 2 / b.degreesOfFreedom)
}

function bothArms(control: EstimateResult, candidate: EstimateResult): readonly [Estimate, Estimate] | Insufficient {
  if (control.kind === 'insufficient') return { ...control, reason: `control: ${control.reason}` }
  if (candidate.kind === 'insufficient') return { ...candidate, reason: `candidate: ${candidate.reason}` }
  return [control, candidate]
}
