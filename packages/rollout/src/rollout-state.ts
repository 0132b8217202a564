import type { RoutePlan } from '@sluice/routing'
import type { Approval, DecidedBy, HoldBy, MetricMemory } from './rollout-event.ts'
import type { RolloutSpec, RolloutStep } from './rollout-spec.ts'
import { isReleaseStep } from './spec-relations.ts'

export const PHASES = [
  'pending',
  'ready',
  'running',
  'paused',
  'awaiting-approval',
  'promoting',
  'completed',
  'rolling-back',
  'rolled-back',
  'cancelled',
] as const
export type Phase = (typeof PHASES)[number]

/** Phases with traffic on the candidate in which the rollout may still go either way. */
export const ACTIVE_PHASES: readonly Phase[] = ['running', 'paused', 'awaiting-approval']
export const TERMINAL_PHASES: readonly Phase[] = ['completed', 'rolled-back', 'cancelled']

/** Everything a rollout knows: a function of its specification and its events alone. Plain data. */
export interface RolloutState {
  readonly spec: RolloutSpec
  readonly phase: Phase
  /** Of the last event; 0 before the first. */
  readonly seq: number
  /** Only inputs with this token are obeyed; 0 before the first controller. */
  readonly fence: number
  readonly holder: string | null
  readonly lastAtMs: number
  /** Of the candidate's model package, frozen when the rollout was prepared. */
  readonly digest: string | null
  /** The plan in force before the rollout; a rollback returns to it under a new generation. */
  readonly base: RoutePlan | null
  /** The last plan of this rollout. */
  readonly plan: RoutePlan | null
  /** Highest generation known, whoever published it. */
  readonly generation: number
  /** Generation of this rollout's last plan that is known to be in force. */
  readonly confirmedGeneration: number
  readonly stepIndex: number
  /** Units of the smaller arm when the step began. */
  readonly unitsBefore: number
  /** Time in the step during which its plan was in force and nothing held it, up to `clockSinceMs`. */
  readonly ranMs: number
  /** When the clock of the step went on; null while it stands. */
  readonly clockSinceMs: number | null
  /** When the stage (shadow or live) began to collect. */
  readonly stageSinceMs: number
  readonly holds: Readonly<Partial<Record<HoldBy, { readonly reason: string; readonly sinceMs: number }>>>
  readonly awaitingSinceMs: number | null
  readonly approvalOverdue: boolean
  readonly approval: Approval | null
  readonly decision: { readonly by: DecidedBy; readonly reason: string } | null
  readonly extendedMs: number
  readonly metrics: Readonly<Record<string, MetricMemory>>
  readonly warnings: Readonly<Record<string, string>>
  /** Why it is being or was taken back. */
  readonly rollbackReason: string | null
  /** observe: what was already said in this step. */
  readonly observed: readonly string[]
}

export const NO_MEMORY: MetricMemory = { plannedLookTaken: false, won: false, failures: 0 }

export function initialState(spec: RolloutSpec): RolloutState {
  return {
    spec,
    phase: 'pending',
    seq: 0,
    fence: 0,
    holder: null,
    lastAtMs: 0,
    digest: null,
    base: null,
    plan: null,
    generation: 0,
    confirmedGeneration: 0,
    stepIndex: 0,
    unitsBefore: 0,
    ranMs: 0,
    clockSinceMs: null,
    stageSinceMs: 0,
    holds: {},
    awaitingSinceMs: null,
    approvalOverdue: false,
    approval: null,
    decision: null,
    extendedMs: 0,
    metrics: {},
    warnings: {},
    rollbackReason: null,
    observed: [],
  }
}

export function currentStep(state: RolloutState): RolloutStep {
  return state.spec.steps[state.stepIndex]!
}

/** shadow: both score the same events; live: two arms of equal size; release: the candidate has more than half. */
export type Stage = 'shadow' | 'live' | 'release'

export function stageOf(step: RolloutStep): Stage {
  return step.shadowBp > 0 ? 'shadow' : isReleaseStep(step) ? 'release' : 'live'
}

/** Milliseconds the current step has run: its plan in force and nothing holding it. */
export function ranMs(state: RolloutState, nowMs: number): number {
  return state.ranMs + (state.clockSinceMs === null ? 0 : Math.max(0, nowMs - state.clockSinceMs))
}

export function isPlanConfirmed(state: RolloutState): boolean {
  return state.plan !== null && state.confirmedGeneration === state.plan.generation
}
