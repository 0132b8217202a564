import { type EstimateResult, type InsufficientCode, insufficient } from '../estimators/estimate.ts'
import { DEFAULT_PLANNED_SAMPLE_SIZE, sequentialCriterion } from './confidence-sequence.ts'
import type { Criterion, Sides } from './criterion.ts'
import { fixedCriterion } from './fixed.ts'
import { groupSequentialCriterion } from './group-sequential.ts'
import { hybridCriterion } from './hybrid.ts'
import type { VerdictPlan } from './verdict-plan.ts'

export const VERDICTS = ['insufficient', 'undecided', 'safe', 'harmed', 'won'] as const

/** What earlier looks left behind. */
export interface VerdictState {
  /** hybrid: the look at the planned sample size has happened. */
  readonly plannedLookTaken?: boolean
  /** groupSequential: n at each earlier look, ascending. */
  readonly looks?: readonly number[]
  /** Why no effect may be judged, such as a sample ratio mismatch. */
  readonly withheld?: string
}

export interface Verdict {
  readonly verdict: (typeof VERDICTS)[number]
  /** One sentence with the numbers that decided. */
  readonly reason: string
  /** Set for `insufficient`. */
  readonly code: InsufficientCode | null
  readonly method: VerdictPlan['method']
  readonly estimate: number | null
  readonly standardError: number | null
  readonly n: number
  /** Bounds of the effect; null where the method gives none. */
  readonly interval: readonly [number | null, number | null]
  /** Of the favourable verdict; for two-sided superiority of the difference itself. */
  readonly pValue: number | null
  /** Of `harmed`; null where the question has no such answer or shares `pValue`. */
  readonly harmPValue: number | null
  readonly alpha: number
  readonly margin: number
  /** This look was the one at the planned sample size: remember it as `plannedLookTaken`. */
  readonly plannedLook: boolean
}

/**
 * Judges a candidate's effect (candidate minus control; a paired difference). `won` and `safe` say the bound lies on the
 * good side of 0 or of the margin, `harmed` that the whole interval lies on the bad side, `undecided` that more data can
 * tell, `insufficient` that the data cannot carry any statement.
 */
export function verdict(effect: EstimateResult, plan: VerdictPlan, state: VerdictState = {}): Verdict {
  const refused = refuse(effect, plan, state)
  if (effect.kind === 'insufficient' || refused !== undefined) {
    const { code, reason } = refused ?? (effect as Extract<EstimateResult, { kind: 'insufficient' }>)
    return {
      verdict: 'insufficient',
      reason,
      code,
      method: plan.method,
      estimate: effect.kind === 'estimate' ? effect.estimate : null,
      standardError: effect.kind === 'estimate' ? effect.standardError : null,
      n: effect.n,
      interval: [null, null],
      pValue: null,
      harmPValue: null,
      alpha: plan.alpha,
      margin: plan.margin,
      plannedLook: false,
    }
  }
  const { estimate, standardError, n } = effect
  const sides = sidesOf(plan)
  const reached = plan.plannedSampleSize !== undefined && n >= plan.plannedSampleSize
  const plannedLook = reached && !state.plannedLookTaken && plan.method === 'hybrid'
  const { critical, pValue } = criterionOf(effect, plan, state, plannedLook)

  // Everything is judged as a favourable effect: larger is better, 0 or -margin is the limit.
  const favourable =
    plan.direction === 'either' ? -Math.abs(estimate) : plan.direction === 'increase' ? estimate : -estimate
  const z = (favourable + plan.margin) / standardError
  const towards = (side: number) => (sides === 'one' || side > 0 ? pValue(side) : 1)
  const judgesHarm = plan.question === 'non-inferiority' || sides === 'two'
  const tooEarly = plan.method === 'fixed' && plan.plannedSampleSize !== undefined && !reached
  const favourableVerdict = plan.question === 'superiority' ? 'won' : 'safe'
  const outcome = tooEarly
    ? 'undecided'
    : z >= critical
      ? favourableVerdict
      : judgesHarm && -z >= critical
        ? 'harmed'
        : 'undecided'
  const half = critical * standardError
  const superiority = plan.question === 'superiority'
  return {
    verdict: outcome,
    reason: tooEarly
      ? `a fixed test looks once, at n = ${plan.plannedSampleSize}, and n is ${n}`
      : explain(outcome, z, critical, plan),
    code: null,
    method: plan.method,
    estimate,
    standardError,
    n,
    interval: [
      Number.isFinite(half) && (judgesHarm || plan.direction === 'increase') ? estimate - half : null,
      Number.isFinite(half) && (judgesHarm || plan.direction === 'decrease') ? estimate + half : null,
    ],
    pValue: superiority ? pValue(z) : towards(z),
    harmPValue: superiority ? null : towards(-z),
    alpha: plan.alpha,
    margin: plan.margin,
    plannedLook,
  }
}

function sidesOf(plan: VerdictPlan): Sides {
  return plan.sides ?? (plan.question === 'superiority' || plan.direction === 'either' ? 'two' : 'one')
}

function criterionOf(
  effect: Extract<EstimateResult, { kind: 'estimate' }>,
  plan: VerdictPlan,
  state: VerdictState,
  atPlannedLook: boolean,
): Criterion {
  const { alpha } = plan
  const { n, standardError, degreesOfFreedom } = effect
  const sides = sidesOf(plan)
  const plannedSampleSize = plan.plannedSampleSize ?? DEFAULT_PLANNED_SAMPLE_SIZE
  switch (plan.method) {
    case 'fixed':
      return fixedCriterion({ alpha, sides, degreesOfFreedom })
    case 'sequential': {
      const tuning = plan.mixingScale === undefined ? { plannedSampleSize } : { mixingScale: plan.mixingScale }
      return sequentialCriterion({ alpha, sides, n, standardError, tuning })
    }
    case 'hybrid':
      return hybridCriterion({ alpha, sides, n, standardError, degreesOfFreedom, plannedSampleSize, atPlannedLook })
    case 'groupSequential':
      return groupSequentialCriterion({
        fractions: [...(state.looks ?? []), n].map((look) => Math.min(1, look / plannedSampleSize)),
        alpha,
        sides,
        spending: plan.spending ?? 'obrien-fleming',
      })
  }
}

function refuse(effect: EstimateResult, plan: VerdictPlan, state: VerdictState) {
  if (state.withheld !== undefined) return insufficient('withheld', effect.n, state.withheld)
  if (effect.kind === 'insufficient') return undefined
  if (effect.n < plan.minimumN) {
    return insufficient('below-minimum', effect.n, `n is ${effect.n}, the minimum ${plan.minimumN}`)
  }
  if (!(effect.standardError > 0)) return insufficient('zero-variance', effect.n)
  const lastLook = state.looks?.at(-1)
  if (plan.method === 'groupSequential' && lastLook !== undefined && lastLook >= plan.plannedSampleSize!) {
    return insufficient('past-last-look', effect.n, `the look at n = ${lastLook} reached ${plan.plannedSampleSize}`)
  }
  return undefined
}

function explain(outcome: Verdict['verdict'], z: number, critical: number, plan: VerdictPlan): string {
  const limit = plan.margin === 0 ? '0' : `the margin ${plan.margin}`
  const distance = `${Math.abs(z).toPrecision(4)} standard errors`
  if (!Number.isFinite(critical)) return 'this look may spend no alpha yet'
  const needed = critical.toPrecision(4)
  if (outcome === 'undecided') return `${distance} from ${limit}; ${needed} are needed`
  const side = outcome === 'harmed' ? 'bad' : 'good'
  return `${distance} on the ${side} side of ${limit}, where ${needed} are needed`
}
