import type { RoutePlan } from '@sluice/routing'

/** Who asked for something, and from where. */
export interface Actor {
  readonly name: string
  readonly groups: readonly string[]
  /** Address, command or page it came from. */
  readonly via: string
}

/** A person's agreement to leave one step with one candidate; it says nothing about any other. */
export interface Approval {
  readonly step: string
  readonly digest: string
  readonly by: Actor
  readonly atMs: number
  readonly expiresAtMs: number
}

/** Why a rollout stands still; several may hold at once. Health and signal holds end by themselves. */
export const HOLDS = ['user', 'health', 'signal', 'inconclusive', 'foreign-plan'] as const
export type HoldBy = (typeof HOLDS)[number]

/** What is remembered about a metric from one look to the next. */
export interface MetricMemory {
  /** The planned look has been taken: fixed tests look once, hybrid tests have spent their larger share of alpha. */
  readonly plannedLookTaken: boolean
  /** A goal that was won once stays won: its test covers all looks together. */
  readonly won: boolean
  /** Looks in a row at which a level guardrail failed. */
  readonly failures: number
}

/** Why the goals count as decided. */
export type DecidedBy = 'statistics' | 'max-duration' | 'person'

/** What a rollout that only observes would have done. */
export type AutomaticAction = 'advance' | 'promote' | 'rollback' | 'hold' | 'ask-approval'

/** What happened. Everything a rollout knows follows from its list of events. */
export type RolloutFact =
  | { readonly kind: 'taken-over'; readonly holder: string; readonly fence: number }
  | { readonly kind: 'prepared'; readonly digest: string; readonly base: RoutePlan }
  | { readonly kind: 'started'; readonly by: Actor; readonly plan: RoutePlan }
  | { readonly kind: 'looked'; readonly metrics: Readonly<Record<string, MetricMemory>> }
  | { readonly kind: 'warned'; readonly check: string; readonly detail: string }
  | { readonly kind: 'warning-over'; readonly check: string }
  | { readonly kind: 'held'; readonly by: HoldBy; readonly reason: string; readonly actor?: Actor }
  | { readonly kind: 'released'; readonly by: HoldBy; readonly actor?: Actor }
  | { readonly kind: 'decided'; readonly by: DecidedBy; readonly reason: string; readonly actor?: Actor }
  | { readonly kind: 'extended'; readonly byMs: number; readonly actor: Actor }
  | { readonly kind: 'approval-requested' }
  | { readonly kind: 'approval-overdue' }
  | { readonly kind: 'approved'; readonly approval: Approval }
  | { readonly kind: 'advanced'; readonly stepIndex: number; readonly unitsBefore: number; readonly plan: RoutePlan }
  | { readonly kind: 'promoting'; readonly plan: RoutePlan }
  | { readonly kind: 'rolling-back'; readonly reason: string; readonly plan: RoutePlan; readonly actor?: Actor }
  | { readonly kind: 'plan-seen'; readonly generation: number }
  | { readonly kind: 'replanned'; readonly plan: RoutePlan }
  | { readonly kind: 'plan-confirmed'; readonly generation: number }
  | { readonly kind: 'would-act'; readonly action: AutomaticAction; readonly reason: string }
  | { readonly kind: 'cancelled'; readonly actor: Actor }

/** A fact in its place: `seq` counts from 1 without gaps, `fence` names the controller that wrote it. */
export type RolloutEvent = RolloutFact & { readonly seq: number; readonly fence: number; readonly atMs: number }
