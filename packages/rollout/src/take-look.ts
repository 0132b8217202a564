import { formatDuration } from './duration-text.ts'
import { allPassed, gates, lacksOnlyApproval, smallerArm } from './gates.ts'
import { healthProblems } from './health.ts'
import { type Judgement, judge, memoryKey } from './judge.ts'
import type { LookReport } from './look-report.ts'
import type { HoldBy, MetricMemory } from './rollout-event.ts'
import { promotedPlan, stepPlan } from './rollout-plan.ts'
import { currentStep, NO_MEMORY, ranMs, stageOf } from './rollout-state.ts'
import type { Transition } from './transition.ts'

/**
 * Everything a look may lead to, in order of precedence: rollback, holds, decision, then the gates of the step. Arms that
 * are not what they were designed to be win nothing and use up no look; a harm still takes the candidate back, because a
 * candidate that loses its customers' records is what makes such arms.
 */
export function takeLook(at: Transition, report: LookReport): void {
  const { analysis } = at.state.spec
  const problems = healthProblems(at.state, report, at.nowMs)
  const isSound = !problems.some(({ check }) => check === 'srm' || check === 'multipleExposure')
  const judgements = judge(analysis, report, at.state.metrics)
  remember(
    at,
    judgements.filter(({ role }) => isSound || role === 'level'),
  )
  const harmed = judgements.filter((judgement) => judgement.verdict === 'harmed')
  const harm = harmed.find((judgement) => judgement.onHarm === 'rollback')
  const fatal = problems.find((problem) => problem.action === 'rollback')
  const cause = harm === undefined ? fatal?.detail : harmText(harm)
  if (cause !== undefined) {
    at.rollBack(cause)
    if (at.isTakingBack) return
  }
  warn(at, new Map(problems.filter((p) => p.action === 'warn').map((p) => [p.check, p.detail])))
  holdWhile(
    at,
    'health',
    problems
      .filter((p) => p.action === 'hold')
      .map((p) => p.detail)
      .join('; '),
  )
  holdWhile(
    at,
    'signal',
    harmed
      .filter((j) => j.onHarm === 'hold')
      .map(harmText)
      .join('; '),
  )
  if (isSound) decide(at, judgements)
  releaseDecided(at, report)
  passTime(at, report)
  moveOn(at, report)
}

function harmText({ role, metric, reason }: Judgement): string {
  return `${role} ${metric} is harmed: ${reason}`
}

function remember(at: Transition, judgements: readonly Judgement[]): void {
  const changed: Record<string, MetricMemory> = {}
  for (const { role, metric, memory } of judgements) {
    const key = memoryKey(role, metric)
    const before = at.state.metrics[key] ?? NO_MEMORY
    const isSame =
      before.won === memory.won &&
      before.failures === memory.failures &&
      before.plannedLookTaken === memory.plannedLookTaken
    if (!isSame) changed[key] = memory
  }
  if (Object.keys(changed).length > 0) at.record({ kind: 'looked', metrics: changed })
}

function warn(at: Transition, warnings: ReadonlyMap<string, string>): void {
  for (const check of Object.keys(at.state.warnings)) {
    if (!warnings.has(check)) at.record({ kind: 'warning-over', check })
  }
  for (const [check, detail] of warnings) {
    if (at.state.warnings[check] === undefined) at.record({ kind: 'warned', check, detail })
  }
}

/** Holds while there is a reason, and lets go by itself when there is none any more. */
function holdWhile(at: Transition, by: HoldBy, reason: string): void {
  const held = at.state.holds[by]
  if (reason !== '' && held === undefined) at.automatically('hold', reason, () => ({ kind: 'held', by, reason }))
  if (reason === '' && held !== undefined) at.record({ kind: 'released', by })
}

function decide(at: Transition, judgements: readonly Judgement[]): void {
  const { state } = at
  if (!currentStep(state).hold.decision || state.decision !== null) return
  const goals = judgements.filter((judgement) => judgement.role === 'goal')
  if (goals.some((goal) => goal.verdict !== 'won')) return
  if (judgements.some((judgement) => judgement.verdict === 'harmed')) return
  at.record({ kind: 'decided', by: 'statistics', reason: `won: ${goals.map((goal) => goal.metric).join(', ')}` })
}

/** A step that took too long goes on when what was missing has come after all, or a person has decided. */
function releaseDecided(at: Transition, report: LookReport): void {
  if (at.state.holds.inconclusive === undefined) return
  const isMissing = gates(at.state, report, at.nowMs).some(
    ({ gate, passed }) => !passed && (gate === 'decision' || gate === 'sample'),
  )
  if (!isMissing) at.record({ kind: 'released', by: 'inconclusive' })
}

/** What happens because time has passed: a step that takes too long, an approval that does not come. */
export function passTime(at: Transition, report: LookReport | null): void {
  giveUpWaiting(at, report)
  const { hold } = currentStep(at.state)
  const { awaitingSinceMs, approvalOverdue } = at.state
  if (awaitingSinceMs === null || approvalOverdue) return
  const timeoutMs = hold.approval?.timeoutMs ?? null
  if (timeoutMs === null || at.nowMs - awaitingSinceMs < timeoutMs) return
  at.record({ kind: 'approval-overdue' })
  if (hold.approval?.onTimeout === 'rollback') at.rollBack(`nobody approved within ${formatDuration(timeoutMs)}`)
}

function giveUpWaiting(at: Transition, report: LookReport | null): void {
  const { state } = at
  const { hold } = currentStep(state)
  if (hold.maxDurationMs === null || state.holds.inconclusive !== undefined) return
  const closed = gates(state, report, at.nowMs).filter(
    ({ gate, passed }) => !passed && (gate === 'decision' || (gate === 'sample' && report !== null)),
  )
  if (closed.length === 0) return
  const limitMs = hold.maxDurationMs + state.extendedMs
  const isLate = ranMs(state, at.nowMs) >= limitMs
  const isOver = closed.some(({ gate }) => gate === 'decision') && isFixedLookOver(at)
  if (!isLate && !isOver) return
  const why = isLate ? `${formatDuration(limitMs)} have passed` : 'the one look of the fixed test has been taken'
  if (closed.every(({ gate }) => gate === 'decision') && state.spec.analysis.decision === 'do-no-harm') {
    if (Object.keys(state.holds).length > 0) return
    at.record({ kind: 'decided', by: 'max-duration', reason: `${why}, and nothing was harmed` })
    return
  }
  const reason = `${why}: ${closed.map(({ detail }) => detail).join(', ')}`
  at.automatically('hold', reason, () => ({ kind: 'held', by: 'inconclusive', reason }))
}

/** A fixed test that was undecided at its look stays so, whatever comes later. */
export function isFixedLookOver({ state }: Pick<Transition, 'state'>): boolean {
  const { method, goals } = state.spec.analysis
  if (method !== 'fixed') return false
  return goals.some(({ metric }) => {
    const memory = state.metrics[memoryKey('goal', metric)]
    return memory?.plannedLookTaken === true && !memory.won
  })
}

function moveOn(at: Transition, report: LookReport): void {
  if (at.isTakingBack) return
  const { spec, base, stepIndex, generation } = at.state
  const list = gates(at.state, report, at.nowMs)
  if (lacksOnlyApproval(list) && at.state.awaitingSinceMs === null) {
    const reason = `step ${currentStep(at.state).name} waits for approval`
    at.automatically('ask-approval', reason, () => ({ kind: 'approval-requested' }))
  }
  if (!allPassed(list)) return
  const reason = list.map(({ detail }) => detail).join('; ')
  const next = spec.steps[stepIndex + 1]
  if (next === undefined) {
    at.automatically('promote', reason, () => ({ kind: 'promoting', plan: promotedPlan(spec, base!, generation + 1) }))
    return
  }
  at.automatically('advance', reason, () => ({
    kind: 'advanced',
    stepIndex: stepIndex + 1,
    unitsBefore: stageOf(next) === report.stage ? smallerArm(report) : 0,
    plan: stepPlan(spec, base!, next, generation + 1),
  }))
}
