import type { ConfigProblem } from '@sluice/contracts'
import { invariant } from '@sluice/contracts'
import { BUCKET_COUNT, bucketOwners, type PlanShadow, parseRoutePlan, type RoutePlan } from '@sluice/routing'
import type { RolloutSpec, RolloutStep } from './rollout-spec.ts'
import { ANALYSED_WEIGHT_BP_MAX } from './spec-relations.ts'

/** What a key counts as in the comparison; most keys of a small step count as nothing. */
export const NOT_COMPARED = 0
export const CANDIDATE_ARM = 1
export const CONTROL_ARM = 2

/**
 * Arm of each of the 10,000 buckets at a candidate's weight. The control is as large as the candidate, taken from the
 * champion's keys and never from keys that the candidate may get later in an analysed step: with equal arms at every
 * step a ramp cannot turn days with other customers into an effect, and a key never changes its arm. A weight above half
 * of the keys leaves no such control, and nothing is compared.
 */
export function comparisonArms(weightBp: number): Uint8Array {
  if (weightBp > ANALYSED_WEIGHT_BP_MAX) return new Uint8Array(BUCKET_COUNT)
  // A second candidate of the same weight is what the layout keeps apart from the first at any weight.
  return bucketOwners([BUCKET_COUNT - 2 * weightBp, weightBp, weightBp])
}

/** Why a plan in force is no ground for the rollout; empty when it is one. */
export function refuseBase(spec: RolloutSpec, base: RoutePlan): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const result = parseRoutePlan(base)
  if (!result.ok) return result.problems
  if (base.endpoint !== spec.endpoint) {
    problems.push({
      path: 'endpoint',
      problem: `the plan is of ${base.endpoint}, the rollout of ${spec.endpoint}`,
      fix: 'Take the plan in force of the same endpoint',
    })
  }
  const [champion] = base.variants
  if (champion!.model !== spec.champion.model || champion!.version !== spec.champion.version) {
    problems.push({
      path: 'variants[0]',
      problem: `is ${champion!.model} version ${champion!.version}, not the champion ${spec.champion.model} version ${spec.champion.version}`,
      fix: 'Write the rollout against the version that serves now',
    })
  }
  if (champion!.weightBp !== BUCKET_COUNT) {
    problems.push({
      path: 'variants[0].weightBp',
      problem: `is ${champion!.weightBp}; a rollout starts where the champion has all keys`,
      fix: 'End what else is going on at this endpoint first',
    })
  }
  base.variants.forEach((variant, i) => {
    if (i === 0 || variant.version === spec.candidate.version || variant.name !== spec.candidate.name) return
    problems.push({
      path: `variants[${i}].name`,
      problem: `${variant.name} is another version than the candidate of that name`,
      fix: 'Give the candidate another name',
    })
  })
  if (champion!.name === spec.candidate.name) {
    problems.push({
      path: 'variants[0].name',
      problem: 'is also the name of the candidate',
      fix: 'Give the candidate another name',
    })
  }
  if (othersIn(spec, base).some((shadow) => shadow.name === spec.candidate.name)) {
    problems.push({
      path: 'shadows',
      problem: `${spec.candidate.name} is the name of another shadow`,
      fix: 'Give the candidate another name',
    })
  }
  return problems
}

/** Shadows that the rollout has nothing to do with and leaves alone. */
function othersIn(spec: RolloutSpec, base: RoutePlan): readonly PlanShadow[] {
  return base.shadows.filter((shadow) => shadow.version !== spec.candidate.version)
}

/** The plan of a step. A new salt moves nobody: the champion has all keys when it comes in. */
export function stepPlan(spec: RolloutSpec, base: RoutePlan, step: RolloutStep, generation: number): RoutePlan {
  const champion = base.variants[0]!
  const { candidate } = spec
  return checked({
    generation,
    endpoint: base.endpoint,
    salt: spec.salt ?? spec.name,
    variants: [
      { ...champion, weightBp: BUCKET_COUNT - step.weightBp },
      ...(step.weightBp > 0 ? [{ ...candidate, weightBp: step.weightBp }] : []),
    ],
    shadows: [...othersIn(spec, base), ...(step.shadowBp > 0 ? [{ ...candidate, percentBp: step.shadowBp }] : [])],
  })
}

/** The candidate as the new champion; the old one stays in the plan without keys, so that the way back is short. */
export function promotedPlan(spec: RolloutSpec, base: RoutePlan, generation: number): RoutePlan {
  return checked({
    generation,
    endpoint: base.endpoint,
    salt: spec.salt ?? spec.name,
    variants: [
      { ...spec.candidate, weightBp: BUCKET_COUNT },
      { ...base.variants[0]!, weightBp: 0 },
    ],
    shadows: [...othersIn(spec, base)],
  })
}

/** What was in force before, as a new plan: routers never go back to a lower generation. */
export function rolledBackPlan(base: RoutePlan, generation: number): RoutePlan {
  return checked({ ...base, generation })
}

function checked(plan: RoutePlan): RoutePlan {
  const result = parseRoutePlan(plan)
  invariant(result.ok, 'a rollout makes valid plans from a base that was checked')
  return result.plan
}
