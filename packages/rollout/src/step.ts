import type { RoutePlan } from '@sluice/routing'
import type { Actor, RolloutEvent } from './rollout-event.ts'
import {
  type ControlledInput,
  REFUSAL_CODES,
  type Refusal,
  type RefusalCode,
  type RolloutInput,
} from './rollout-input.ts'
import { promotedPlan, refuseBase, rolledBackPlan, stepPlan } from './rollout-plan.ts'
import type { ApprovalSpec } from './rollout-spec.ts'
import { ACTIVE_PHASES, currentStep, isPlanConfirmed, type Phase, type RolloutState, stageOf } from './rollout-state.ts'
import { isFixedLookOver, passTime, takeLook } from './take-look.ts'
import { Transition } from './transition.ts'

const DIGEST = /^[0-9a-f]{64}$/

/** What the controller must do, in this order. */
export type RolloutEffect =
  /** Append as one record, all or nothing; the state holds only once they are read back as valid. */
  | { readonly kind: 'append-events'; readonly events: readonly RolloutEvent[] }
  /** Publish to the control topic; doing so twice does no harm. */
  | { readonly kind: 'publish-plan'; readonly plan: RoutePlan }

export interface StepResult {
  readonly state: RolloutState
  readonly effects: readonly RolloutEffect[]
  /** Set when the input changed nothing and why. */
  readonly refused: Refusal | null
}

/**
 * One input to a rollout. Pure: the new state follows from the state, the input and the time (milliseconds since the
 * Unix epoch; a clock that goes back counts as standing still). Whatever changes is in the events of the first effect.
 */
export function step(state: RolloutState, input: RolloutInput, nowMs: number): StepResult {
  const at = new Transition(state, Math.max(nowMs, state.lastAtMs))
  const refused = input.kind === 'take-over' ? takeOver(at, input.holder) : controlled(at, input)
  if (at.events.length === 0) return { state, effects: [], refused }
  const effects: RolloutEffect[] = [{ kind: 'append-events', events: at.events }]
  if (at.state.plan !== state.plan) effects.push({ kind: 'publish-plan', plan: at.state.plan! })
  return { state: at.state, effects, refused }
}

/** What a controller that comes back must do again: publish the last plan, unless it is known to be in force. */
export function pendingEffects(state: RolloutState): readonly RolloutEffect[] {
  if (state.plan === null || isPlanConfirmed(state) || state.phase === 'cancelled') return []
  return [{ kind: 'publish-plan', plan: state.plan }]
}

function takeOver(at: Transition, holder: string): null {
  at.record({ kind: 'taken-over', holder, fence: at.state.fence + 1 })
  return null
}

function refuse(code: RefusalCode, detail: string): Refusal {
  return { code, reason: `${REFUSAL_CODES[code]}: ${detail}` }
}

function controlled(at: Transition, input: ControlledInput & { readonly fence: number }): Refusal | null {
  const { state } = at
  if (input.fence !== state.fence || state.fence === 0) {
    return refuse('stale-fence', `the token is ${state.fence}, not ${input.fence}`)
  }
  const phases = PHASES_OF[input.kind]
  if (!phases.includes(state.phase)) {
    return refuse('wrong-phase', `${input.kind} is for ${phases.join(', ')}; the rollout is ${state.phase}`)
  }
  switch (input.kind) {
    case 'prepare':
      return prepare(at, input.digest, input.base)
    case 'start':
      at.record({
        kind: 'started',
        by: input.actor,
        plan: stepPlan(state.spec, state.base!, currentStep(state), state.generation + 1),
      })
      return null
    case 'look': {
      const stage = stageOf(currentStep(state))
      if (input.report.stage !== stage) return refuse('wrong-stage', `the step is ${stage}, not ${input.report.stage}`)
      takeLook(at, input.report)
      return null
    }
    case 'tick':
      passTime(at, null)
      return null
    case 'fail':
      at.rollBack(input.reason)
      return null
    case 'plan-in-force':
      return planInForce(at, input.generation)
    case 'pause':
      if (state.holds.user !== undefined) return refuse('no-effect', `it is paused: ${state.holds.user.reason}`)
      at.record({ kind: 'held', by: 'user', reason: input.reason, actor: input.actor })
      return null
    case 'resume':
      return resume(at, input.actor)
    case 'approve':
      return approve(at, input)
    case 'promote':
      return promote(at, input)
    case 'extend':
      return extend(at, input.byMs, input.actor)
    case 'abort':
      if (state.base === null || state.plan === null) at.record({ kind: 'cancelled', actor: input.actor })
      else at.rollBack(input.reason, input.actor)
      return null
    case 'cancel':
      at.record({ kind: 'cancelled', actor: input.actor })
      return null
  }
}

const BEFORE: readonly Phase[] = ['pending', 'ready']
const PHASES_OF: Readonly<Record<ControlledInput['kind'], readonly Phase[]>> = {
  prepare: BEFORE,
  start: ['ready'],
  look: ACTIVE_PHASES,
  tick: ACTIVE_PHASES,
  fail: [...ACTIVE_PHASES, 'promoting'],
  'plan-in-force': ['ready', ...ACTIVE_PHASES, 'promoting', 'rolling-back'],
  pause: ACTIVE_PHASES,
  resume: ACTIVE_PHASES,
  approve: ACTIVE_PHASES,
  promote: ACTIVE_PHASES,
  extend: ACTIVE_PHASES,
  abort: [...BEFORE, ...ACTIVE_PHASES, 'promoting'],
  cancel: [...BEFORE, ...ACTIVE_PHASES],
}

function prepare(at: Transition, digest: string, base: RoutePlan): Refusal | null {
  if (!DIGEST.test(digest)) return refuse('wrong-digest', 'it must be the SHA-256 of the model package in hexadecimal')
  const problems = refuseBase(at.state.spec, base)
  if (problems.length > 0) {
    return refuse('wrong-base', problems.map((p) => `${p.path} ${p.problem}. ${p.fix}`).join('; '))
  }
  at.record({ kind: 'prepared', digest, base })
  return null
}

/** A higher generation than ours means somebody else changed the traffic: the last word of a rollback is ours again. */
function planInForce(at: Transition, generation: number): Refusal | null {
  const { state } = at
  if (generation > state.generation) {
    at.record({ kind: 'plan-seen', generation })
    const { spec, base, phase } = at.state
    if (phase === 'rolling-back') at.record({ kind: 'replanned', plan: rolledBackPlan(base!, generation + 1) })
    else if (phase === 'promoting') at.record({ kind: 'replanned', plan: promotedPlan(spec, base!, generation + 1) })
    else if (ACTIVE_PHASES.includes(phase)) {
      at.record({ kind: 'held', by: 'foreign-plan', reason: `plan ${generation} was put into force by somebody else` })
    }
    return null
  }
  if (state.plan === null || generation !== state.plan.generation) {
    return refuse('no-effect', `plan ${generation} is older than ${state.generation}`)
  }
  if (isPlanConfirmed(state)) return refuse('no-effect', `plan ${generation} is known to be in force`)
  at.record({ kind: 'plan-confirmed', generation })
  return null
}

function resume(at: Transition, actor: Actor): Refusal | null {
  const { holds } = at.state
  if (holds.user === undefined && holds['foreign-plan'] === undefined) {
    return refuse('no-effect', 'no person has paused it')
  }
  if (holds.user !== undefined) at.record({ kind: 'released', by: 'user', actor })
  if (holds['foreign-plan'] !== undefined) {
    const { spec, base, generation } = at.state
    at.record({ kind: 'released', by: 'foreign-plan', actor })
    at.record({ kind: 'replanned', plan: stepPlan(spec, base!, currentStep(at.state), generation + 1) })
  }
  return null
}

function approve(
  at: Transition,
  { actor, rollout, step: name, digest }: Extract<ControlledInput, { kind: 'approve' }>,
): Refusal | null {
  const { spec } = at.state
  const { approval } = currentStep(at.state).hold
  if (rollout !== spec.name) return refuse('wrong-step', `this is the rollout ${spec.name}, not ${rollout}`)
  const wrongStep = refuseStep(at, name)
  if (wrongStep !== null) return wrongStep
  if (digest !== at.state.digest) return refuse('wrong-digest', `this rollout is about ${at.state.digest}`)
  if (approval === null) return refuse('no-effect', `step ${name} asks for no approval`)
  if (!mayApprove(approval, actor)) return refuse('not-allowed', approverText(approval, actor))
  const expiresAtMs = at.nowMs + approval.validForMs
  at.record({ kind: 'approved', approval: { step: name, digest, by: actor, atMs: at.nowMs, expiresAtMs } })
  return null
}

function mayApprove({ approvers }: ApprovalSpec, { name, groups }: Actor): boolean {
  if (name === '') return false
  return approvers.length === 0 || [name, ...groups].some((who) => approvers.includes(who))
}

function approverText({ approvers }: ApprovalSpec, { name }: Actor): string {
  return name === '' ? 'an approval needs a name' : `${name} is none of ${approvers.join(', ')}`
}

function refuseStep(at: Transition, name: string): Refusal | null {
  const current = currentStep(at.state).name
  return name === current ? null : refuse('wrong-step', `the rollout is at ${current}, not ${name}`)
}

function promote(at: Transition, input: Extract<ControlledInput, { kind: 'promote' }>): Refusal | null {
  const wrongStep = refuseStep(at, input.step)
  if (wrongStep !== null) return wrongStep
  const { state } = at
  if (!currentStep(state).hold.decision) return refuse('no-effect', `step ${input.step} has nothing to decide`)
  if (state.decision !== null) return refuse('no-effect', `it is decided: ${state.decision.reason}`)
  const reason = `${input.actor.name} decided: ${input.reason}`
  at.record({ kind: 'decided', by: 'person', reason, actor: input.actor })
  return null
}

function extend(at: Transition, byMs: number, actor: Actor): Refusal | null {
  const { state } = at
  if (!(Number.isSafeInteger(byMs) && byMs > 0)) return refuse('no-effect', `${byMs} ms is no time`)
  if (currentStep(state).hold.maxDurationMs === null) return refuse('no-effect', 'the step has no maxDuration')
  if (isFixedLookOver(at)) return refuse('no-effect', 'the one look of the fixed test has been taken')
  at.record({ kind: 'extended', byMs, actor })
  if (state.holds.inconclusive !== undefined) at.record({ kind: 'released', by: 'inconclusive', actor })
  return null
}
