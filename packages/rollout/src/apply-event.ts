import type { RolloutEvent } from './rollout-event.ts'
import type { RolloutSpec } from './rollout-spec.ts'
import { ACTIVE_PHASES, initialState, isPlanConfirmed, type RolloutState, stageOf } from './rollout-state.ts'

/**
 * The state after one more event. An event out of sequence, or by a controller whose fence has been overtaken, is void:
 * the state stays the very same object. So two controllers that write at once do no harm, as long as each acts on its
 * events only after it has read them back as valid.
 */
export function applyEvent(state: RolloutState, event: RolloutEvent): RolloutState {
  if (event.seq !== state.seq + 1) return state
  if (event.fence !== (event.kind === 'taken-over' ? state.fence + 1 : state.fence)) return state
  const changed = { ...changedBy(state, event), seq: event.seq, lastAtMs: event.atMs }
  return withClock(withPhase(changed), event.atMs)
}

/** The state that a list of events leads to. */
export function replay(spec: RolloutSpec, events: Iterable<RolloutEvent>): RolloutState {
  let state = initialState(spec)
  for (const event of events) state = applyEvent(state, event)
  return state
}

function changedBy(state: RolloutState, event: RolloutEvent): RolloutState {
  switch (event.kind) {
    case 'taken-over':
      return { ...state, fence: event.fence, holder: event.holder }
    case 'prepared':
      return { ...state, phase: 'ready', digest: event.digest, base: event.base, generation: event.base.generation }
    case 'started':
      return { ...state, phase: 'running', stageSinceMs: event.atMs, ...planned(event.plan) }
    case 'looked':
      return { ...state, metrics: { ...state.metrics, ...event.metrics } }
    case 'warned':
      return { ...state, warnings: { ...state.warnings, [event.check]: event.detail } }
    case 'warning-over': {
      const { [event.check]: _over, ...warnings } = state.warnings
      return { ...state, warnings }
    }
    case 'held': {
      const hold = { reason: event.reason, sinceMs: state.holds[event.by]?.sinceMs ?? event.atMs }
      return { ...state, holds: { ...state.holds, [event.by]: hold } }
    }
    case 'released': {
      const { [event.by]: _released, ...holds } = state.holds
      return { ...state, holds }
    }
    case 'decided':
      return { ...state, decision: { by: event.by, reason: event.reason } }
    case 'extended':
      return { ...state, extendedMs: state.extendedMs + event.byMs }
    case 'approval-requested':
      return { ...state, awaitingSinceMs: event.atMs, approvalOverdue: false }
    case 'approval-overdue':
      return { ...state, approvalOverdue: true }
    case 'approved':
      return { ...state, approval: event.approval, awaitingSinceMs: null, approvalOverdue: false }
    case 'advanced':
      return { ...state, ...stepEntered(state, event.stepIndex, event.unitsBefore, event.atMs), ...planned(event.plan) }
    case 'promoting':
      return { ...state, phase: 'promoting', ...planned(event.plan) }
    case 'rolling-back':
      return { ...state, phase: 'rolling-back', rollbackReason: event.reason, ...planned(event.plan) }
    case 'plan-seen':
      return { ...state, generation: event.generation }
    case 'replanned':
      return { ...state, ...planned(event.plan) }
    case 'plan-confirmed':
      return { ...state, confirmedGeneration: event.generation }
    case 'would-act':
      return { ...state, observed: [...state.observed, event.action] }
    case 'cancelled':
      return { ...state, phase: 'cancelled' }
  }
}

function planned(plan: NonNullable<RolloutState['plan']>): Pick<RolloutState, 'plan' | 'generation'> {
  return { plan, generation: plan.generation }
}

function stepEntered(
  { spec, stepIndex: from, stageSinceMs }: RolloutState,
  stepIndex: number,
  unitsBefore: number,
  atMs: number,
): Partial<RolloutState> {
  const isNewStage = stageOf(spec.steps[from]!) !== stageOf(spec.steps[stepIndex]!)
  return {
    stepIndex,
    unitsBefore,
    stageSinceMs: isNewStage ? atMs : stageSinceMs,
    ranMs: 0,
    clockSinceMs: null,
    awaitingSinceMs: null,
    approvalOverdue: false,
    approval: null,
    extendedMs: 0,
    observed: [],
  }
}

/** Which of the active phases it is follows from the holds; the two final ones from the plan being in force. */
function withPhase(state: RolloutState): RolloutState {
  if (state.phase === 'promoting' && isPlanConfirmed(state)) return { ...state, phase: 'completed' }
  if (state.phase === 'rolling-back' && isPlanConfirmed(state)) return { ...state, phase: 'rolled-back' }
  if (!ACTIVE_PHASES.includes(state.phase)) return state
  const isHeld = Object.keys(state.holds).length > 0
  return { ...state, phase: isHeld ? 'paused' : state.awaitingSinceMs === null ? 'running' : 'awaiting-approval' }
}

/** The clock of a step runs while its plan is in force and nothing holds it. */
function withClock(state: RolloutState, atMs: number): RolloutState {
  const runs = (state.phase === 'running' || state.phase === 'awaiting-approval') && isPlanConfirmed(state)
  if (runs && state.clockSinceMs === null) return { ...state, clockSinceMs: atMs }
  if (runs || state.clockSinceMs === null) return state
  return { ...state, ranMs: state.ranMs + Math.max(0, atMs - state.clockSinceMs), clockSinceMs: null }
}
