import {
  difference,
  type EstimateResult,
  holm,
  insufficient,
  refuseTooLittle,
  relativeMarginContrast,
  type Verdict,
  type VerdictPlan,
  verdict,
} from '@sluice/evaluation'
import type { LookReport } from './look-report.ts'
import type { MetricMemory } from './rollout-event.ts'
import type { Analysis, Goal, LevelGuardrail, StatisticalGuardrail } from './rollout-spec.ts'
import { NO_MEMORY } from './rollout-state.ts'

export type MetricRole = 'goal' | 'guardrail' | 'level'

/** What is known about one metric at one look. */
export interface Judgement {
  readonly role: MetricRole
  readonly metric: string
  readonly verdict: Verdict['verdict']
  readonly reason: string
  readonly onHarm: 'rollback' | 'hold'
  /** A value that failed its limit now, even if not yet often enough. */
  readonly failing: boolean
  /** The test behind it; null for levels. */
  readonly test: Verdict | null
  readonly memory: MetricMemory
}

export type Memories = Readonly<Record<string, MetricMemory>>

/** Name under which a metric is remembered: one metric may be a goal and a guardrail. */
export function memoryKey(role: MetricRole, metric: string): string {
  return `${role}:${metric}`
}

/**
 * Judges every metric of the analysis that the stage allows: goals on live arms only, guardrails that compare wherever
 * there is something to compare with, limits always. Between several goals Holm's adjustment keeps
 * the chance of one wrong win below alpha; guardrails are not adjusted, because missing a harm is the worse error.
 */
export function judge(analysis: Analysis, report: LookReport, memories: Memories): readonly Judgement[] {
  const goals = report.stage === 'live' ? judgeGoals(analysis, report, memories) : []
  const guardrails = analysis.guardrails.flatMap((guardrail) => {
    if (!('maxRegression' in guardrail)) {
      return [judgeLevel(guardrail, report, remembered(memories, 'level', guardrail.metric))]
    }
    return report.stage === 'release' ? [] : [judgeGuardrail(analysis, guardrail, report)]
  })
  return [...goals, ...guardrails]
}

function remembered(memories: Memories, role: MetricRole, metric: string): MetricMemory {
  return memories[memoryKey(role, metric)] ?? NO_MEMORY
}

function judgeGoals(analysis: Analysis, report: LookReport, memories: Memories): readonly Judgement[] {
  const tests = analysis.goals.map((goal) => {
    const memory = remembered(memories, 'goal', goal.metric)
    const isOver = analysis.method === 'fixed' && memory.plannedLookTaken
    return {
      goal,
      memory,
      isOver,
      test: verdict(effectOf(goal.metric, analysis, report), goalPlan(analysis, goal), memory),
    }
  })
  const { rejected } = holm(
    // A goal that was won stays rejected; one that cannot be won at this look must not make it easier for the others.
    tests.map(({ memory, isOver, test }) => (memory.won ? 0 : isOver ? 1 : (test.pValue ?? 1))),
    analysis.alpha,
  )
  return tests.map(({ goal, memory, isOver, test }, i) => {
    const won = memory.won || (!isOver && test.verdict === 'won' && rejected[i]!)
    const isPlannedLook =
      test.verdict !== 'insufficient' &&
      analysis.plannedSampleSize !== undefined &&
      analysis.method !== 'sequential' &&
      test.n >= analysis.plannedSampleSize
    const judged = won ? 'won' : isOver || (test.verdict === 'won' && !rejected[i]!) ? 'undecided' : test.verdict
    return {
      role: 'goal',
      metric: goal.metric,
      verdict: judged,
      reason: memory.won
        ? 'won at an earlier look'
        : isOver
          ? 'its one look has been taken'
          : judged === test.verdict
            ? test.reason
            : `${test.reason}, but not enough for ${tests.length} goals together`,
      onHarm: goal.onHarm,
      failing: false,
      test,
      memory: { ...memory, won, plannedLookTaken: memory.plannedLookTaken || isPlannedLook },
    }
  })
}

function goalPlan(analysis: Analysis, goal: Goal): VerdictPlan {
  return {
    method: analysis.method,
    question: 'superiority',
    direction: goal.direction,
    margin: 0,
    alpha: analysis.alpha,
    minimumN: 2 * analysis.minUnits,
    ...plannedSize(analysis),
  }
}

function plannedSize({ plannedSampleSize }: Analysis): Pick<VerdictPlan, 'plannedSampleSize'> {
  return plannedSampleSize === undefined ? {} : { plannedSampleSize }
}

function judgeGuardrail(analysis: Analysis, guardrail: StatisticalGuardrail, report: LookReport): Judgement {
  const test = guardrailTest(analysis, guardrail, report)
  return {
    role: 'guardrail',
    metric: guardrail.metric,
    verdict: test.verdict,
    reason: test.reason,
    onHarm: guardrail.onHarm,
    failing: test.verdict === 'harmed',
    test,
    memory: NO_MEMORY,
  }
}

function guardrailTest(analysis: Analysis, guardrail: StatisticalGuardrail, report: LookReport): Verdict {
  const { metric, direction, maxRegression } = guardrail
  const plan = (over: Partial<VerdictPlan>): VerdictPlan => ({
    method: 'sequential',
    question: 'non-inferiority',
    direction,
    margin: 0,
    alpha: analysis.guardrailAlpha,
    minimumN: report.stage === 'live' ? 2 * analysis.minUnits : analysis.minUnits,
    ...plannedSize(analysis),
    ...over,
  })
  if (typeof maxRegression === 'number') {
    return verdict(effectOf(metric, analysis, report), plan({ margin: maxRegression }))
  }
  const margin = maxRegression.relative
  if (direction !== 'either') return verdict(effectOf(metric, analysis, report, { direction, margin }), plan({}))
  // Beyond either limit is harm, within both is safe; each side gets half of the alpha.
  const alpha = analysis.guardrailAlpha / 2
  const [low, high] = (['increase', 'decrease'] as const).map((side) =>
    verdict(effectOf(metric, analysis, report, { direction: side, margin }), plan({ alpha, direction: side })),
  ) as [Verdict, Verdict]
  return low.verdict === 'safe' ? high : low
}

/** The effect a test is about: of paired events in the shadow stage, of the two arms in the live stage. */
function effectOf(
  metric: string,
  { minUnits, minEvents }: Analysis,
  report: LookReport,
  relative?: { readonly direction: 'increase' | 'decrease'; readonly margin: number },
): EstimateResult {
  if (report.stage === 'shadow') {
    const paired = report.paired[metric]
    if (paired === undefined) return insufficient('empty', 0, `no paired ${metric}`)
    if (relative === undefined) return paired
    return insufficient('withheld', paired.n, 'a relative margin needs two live arms')
  }
  const control = report.control.measures[metric]
  const candidate = report.candidate.measures[metric]
  if (control === undefined || candidate === undefined) return insufficient('empty', 0, `no ${metric} in an arm`)
  const arms = [
    { name: 'control', ...control },
    { name: 'candidate', ...candidate },
  ].map(({ name, value, events }) => ({ name, units: value.n, ...(events === undefined ? {} : { events }) }))
  const tooLittle = refuseTooLittle(arms, { units: minUnits, events: minEvents })
  if (tooLittle !== undefined) return tooLittle
  return relative === undefined
    ? difference(control.value, candidate.value)
    : relativeMarginContrast(control.value, candidate.value, relative)
}

function judgeLevel(guardrail: LevelGuardrail, report: LookReport, memory: MetricMemory): Judgement {
  const { metric, max, min, failureLimit, onHarm } = guardrail
  const value = report.levels[metric]
  const limit = max === undefined ? `at least ${min}` : `at most ${max}`
  const base = { role: 'level', metric, onHarm, test: null } as const
  if (value === undefined || Number.isNaN(value)) {
    return { ...base, verdict: 'insufficient', reason: `there is no value; ${limit} is asked`, failing: false, memory }
  }
  const failing = (max !== undefined && value > max) || (min !== undefined && value < min)
  const failures = failing ? memory.failures + 1 : 0
  const harmed = failures > failureLimit
  return {
    ...base,
    verdict: harmed ? 'harmed' : failing ? 'undecided' : 'safe',
    reason: `is ${value}, ${limit} is asked${failing ? `; failed ${failures} looks in a row, ${failureLimit} may` : ''}`,
    failing,
    memory: { ...memory, failures: Math.min(failures, failureLimit + 1) },
  }
}
