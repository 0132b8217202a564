import type { ConfigProblem } from '@sluice/contracts'
import { BUCKET_COUNT } from '@sluice/routing'
import { formatDuration } from './duration-text.ts'
import type { Analysis, RolloutStep } from './rollout-spec.ts'

/** Largest weight at which the control still gets an arm of the same size. */
export const ANALYSED_WEIGHT_BP_MAX = BUCKET_COUNT / 2

/** A step beyond half of the keys has no equal control any more: it only lets the candidate out further. */
export function isReleaseStep(step: RolloutStep): boolean {
  return step.weightBp > ANALYSED_WEIGHT_BP_MAX
}

/** What is wrong between the fields of the steps. */
export function stepProblems(steps: readonly RolloutStep[]): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const seen = new Map<string, number>()
  let before: RolloutStep | undefined
  for (const [i, step] of steps.entries()) {
    const at = `steps[${i}]`
    const add = (path: string, problem: string, fix: string) => problems.push({ path: `${at}${path}`, problem, fix })
    const same = seen.get(step.name)
    if (same !== undefined) add('.name', `is already the name of steps[${same}]`, 'Give every step a name of its own')
    seen.set(step.name, i)
    if (step.shadowBp > 0 === step.weightBp > 0) add('', 'needs either shadow or weight', 'Give one of the two')
    if (before !== undefined && step.shadowBp > 0 && before.weightBp > 0) {
      add('.shadow', 'would take back the weight of the step before', 'Put shadow steps first')
    }
    if (before !== undefined && step.weightBp > 0 && step.weightBp < before.weightBp) {
      add(
        '.weight',
        `is ${step.weightBp / 100}, less than the ${before.weightBp / 100} before`,
        'Weights of a rollout only grow',
      )
    }
    if (before !== undefined && step.shadowBp > 0 && step.shadowBp < before.shadowBp) {
      add('.shadow', `is ${step.shadowBp / 100}, less than the ${before.shadowBp / 100} before`, 'Shares only grow')
    }
    problems.push(...holdProblems(step, `${at}.hold`))
    before = step
  }
  const decisions = steps.flatMap((step, i) => (step.hold.decision ? [i] : []))
  for (const i of decisions.slice(1)) {
    problems.push({
      path: `steps[${i}].hold.decision`,
      problem: `the goals are already decided in steps[${decisions[0]}]`,
      fix: 'Decide once',
    })
  }
  const first = decisions[0]
  const early = first === undefined ? -1 : steps.findIndex((step, i) => i < first && isReleaseStep(step))
  if (early >= 0) {
    problems.push({
      path: `steps[${early}].weight`,
      problem: `is above ${ANALYSED_WEIGHT_BP_MAX / 100} before the goals are decided, and leaves no control of equal size`,
      fix: `Give at most ${ANALYSED_WEIGHT_BP_MAX / 100} up to the step with the decision`,
    })
  }
  return problems
}

function holdProblems(step: RolloutStep, path: string): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const { durationMs, minSampleSize, decision, maxDurationMs, approval } = step.hold
  if (durationMs === 0 && minSampleSize === 0 && !decision && approval === null) {
    problems.push({
      path,
      problem: 'lets the step pass at once',
      fix: 'Give duration, minSampleSize, decision or approval',
    })
  }
  if (maxDurationMs !== null && minSampleSize === 0 && !decision) {
    problems.push({
      path: `${path}.maxDuration`,
      problem: 'has no effect: nothing in this step can take too long',
      fix: 'Leave it out, or add minSampleSize or decision',
    })
  }
  if (maxDurationMs !== null && maxDurationMs < durationMs) {
    problems.push({
      path: `${path}.maxDuration`,
      problem: `is ${formatDuration(maxDurationMs)}, shorter than the duration ${formatDuration(durationMs)}`,
      fix: 'Make it longer',
    })
  }
  if (decision && maxDurationMs === null) {
    problems.push({
      path: `${path}.maxDuration`,
      problem: 'is missing: two equal versions are never decided',
      fix: 'Say when to stop waiting',
    })
  }
  if (decision && (step.shadowBp > 0 || isReleaseStep(step))) {
    problems.push({
      path: `${path}.decision`,
      problem: 'goals are compared between two live arms of equal size',
      fix: `Decide in a step with a weight of at most ${ANALYSED_WEIGHT_BP_MAX / 100}`,
    })
  }
  if (isReleaseStep(step) && minSampleSize > 0) {
    problems.push({
      path: `${path}.minSampleSize`,
      problem: `has no effect above a weight of ${ANALYSED_WEIGHT_BP_MAX / 100}, where arms are no longer counted`,
      fix: 'Give a duration',
    })
  }
  if (approval !== null && approval.onTimeout !== null && approval.timeoutMs === null) {
    problems.push({
      path: `${path}.approval.onTimeout`,
      problem: 'has no effect without timeout',
      fix: 'Give timeout, or leave it out',
    })
  }
  return problems
}

/** What is wrong between the fields of the analysis. */
export function analysisProblems(analysis: Analysis): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const { method, goals, guardrails, plannedSampleSize } = analysis
  if (method !== 'sequential' && goals.length > 0 && plannedSampleSize === undefined) {
    problems.push({
      path: 'analysis.plannedSampleSize',
      problem: `is missing, and ${method} looks at the goals there`,
      fix: 'Compute it from the smallest effect that matters, or take the method sequential',
    })
  }
  const goalNames = new Map<string, number>()
  for (const [i, goal] of goals.entries()) {
    const same = goalNames.get(goal.metric)
    if (same !== undefined) {
      problems.push({
        path: `analysis.goals[${i}].metric`,
        problem: `${goal.metric} is already goals[${same}]`,
        fix: 'Name every goal once',
      })
    }
    goalNames.set(goal.metric, i)
  }
  const guardrailNames = new Map<string, number>()
  for (const [i, guardrail] of guardrails.entries()) {
    const path = `analysis.guardrails[${i}]`
    const same = guardrailNames.get(guardrail.metric)
    if (same !== undefined) {
      problems.push({
        path: `${path}.metric`,
        problem: `${guardrail.metric} is already guardrails[${same}]`,
        fix: 'Name every guardrail once',
      })
    }
    guardrailNames.set(guardrail.metric, i)
    if ('maxRegression' in guardrail) {
      if (guardrail.direction === 'either' && guardrail.maxRegression === 0) {
        problems.push({
          path: `${path}.maxRegression`,
          problem: 'is 0 in both directions, which no version can keep',
          fix: 'Say how much change is accepted',
        })
      }
    } else if ((guardrail.max === undefined) === (guardrail.min === undefined)) {
      problems.push({
        path,
        problem: 'needs maxRegression, or one of max and min',
        fix: 'Say what the candidate must keep',
      })
    }
  }
  return problems
}

/** What is wrong between the steps and the analysis. */
export function relationProblems(steps: readonly RolloutStep[], analysis: Analysis): readonly ConfigProblem[] {
  const decides = steps.findIndex((step) => step.hold.decision)
  if (analysis.goals.length > 0 && decides < 0) {
    return [
      {
        path: 'analysis.goals',
        problem: 'have no effect: no step waits for a decision',
        fix: 'Give one step `hold: { decision: true }`',
      },
    ]
  }
  if (analysis.goals.length === 0 && decides >= 0) {
    return [
      {
        path: `steps[${decides}].hold.decision`,
        problem: 'there is no goal to decide',
        fix: 'Name a goal in analysis.goals, or wait for a duration',
      },
    ]
  }
  return []
}
