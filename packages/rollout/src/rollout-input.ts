import type { RoutePlan } from '@sluice/routing'
import type { LookReport } from './look-report.ts'
import type { Actor } from './rollout-event.ts'

/** What somebody wants from a rollout, or tells it. All but `take-over` carry the token that `take-over` gave. */
export type RolloutInput =
  /** A controller begins its work; whoever had the token before can no longer act. */
  { readonly kind: 'take-over'; readonly holder: string } | (ControlledInput & { readonly fence: number })

export type ControlledInput =
  /** The candidate is loaded and scored its golden rows; `base` is the plan in force. */
  | { readonly kind: 'prepare'; readonly digest: string; readonly base: RoutePlan }
  | { readonly kind: 'start'; readonly actor: Actor }
  /** The periodic look at everything that was measured. */
  | { readonly kind: 'look'; readonly report: LookReport }
  /** Time has passed and there is nothing to look at. */
  | { readonly kind: 'tick' }
  /** The candidate failed in a way that needs no statistics: it cannot be loaded, its schema does not fit. */
  | { readonly kind: 'fail'; readonly reason: string }
  /** A plan was read from the control topic, whoever wrote it. */
  | { readonly kind: 'plan-in-force'; readonly generation: number }
  | { readonly kind: 'pause'; readonly actor: Actor; readonly reason: string }
  | { readonly kind: 'resume'; readonly actor: Actor }
  | {
      readonly kind: 'approve'
      readonly actor: Actor
      readonly rollout: string
      readonly step: string
      readonly digest: string
    }
  /** A person decides in place of the goals; every other gate still holds. */
  | { readonly kind: 'promote'; readonly actor: Actor; readonly step: string; readonly reason: string }
  | { readonly kind: 'extend'; readonly actor: Actor; readonly byMs: number }
  /** Takes the traffic back. */
  | { readonly kind: 'abort'; readonly actor: Actor; readonly reason: string }
  /** Ends the rollout and leaves the traffic as it is. */
  | { readonly kind: 'cancel'; readonly actor: Actor }

/** Why an input changed nothing. The key is stable; `reason` says it with the particulars. */
export const REFUSAL_CODES = {
  'stale-fence': 'another controller has taken over',
  'wrong-phase': 'the rollout is not in a phase for it',
  'wrong-base': 'the plan in force is no ground for the rollout',
  'wrong-digest': 'it names another candidate',
  'wrong-step': 'it names another step',
  'wrong-stage': 'it reports on another stage',
  'not-allowed': 'this person may not do it',
  'no-effect': 'it would change nothing',
} as const
export type RefusalCode = keyof typeof REFUSAL_CODES

export interface Refusal {
  readonly code: RefusalCode
  readonly reason: string
}
