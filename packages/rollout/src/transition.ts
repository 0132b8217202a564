import { invariant } from '@sluice/contracts'
import { applyEvent } from './apply-event.ts'
import type { Actor, AutomaticAction, RolloutEvent, RolloutFact } from './rollout-event.ts'
import { rolledBackPlan } from './rollout-plan.ts'
import { type RolloutState, TERMINAL_PHASES } from './rollout-state.ts'

/** One step in the making: facts go in, the state follows each of them. */
export class Transition {
  readonly events: RolloutEvent[] = []
  readonly nowMs: number
  #state: RolloutState

  constructor(state: RolloutState, nowMs: number) {
    this.#state = state
    this.nowMs = nowMs
  }

  get state(): RolloutState {
    return this.#state
  }

  get isTakingBack(): boolean {
    return this.#state.phase === 'rolling-back' || TERMINAL_PHASES.includes(this.#state.phase)
  }

  record(fact: RolloutFact): void {
    const { seq, fence } = this.#state
    const event: RolloutEvent = { seq: seq + 1, fence, atMs: this.nowMs, ...fact }
    const next = applyEvent(this.#state, event)
    invariant(next !== this.#state, `event ${event.seq} (${event.kind}) does not follow its own state`)
    this.#state = next
    this.events.push(event)
  }

  /** Records what a rollout does by itself; one that only observes records once per step that it would have. */
  automatically(action: AutomaticAction, reason: string, fact: () => RolloutFact): void {
    if (this.#state.spec.mode === 'enforce') this.record(fact())
    else if (!this.#state.observed.includes(action)) this.record({ kind: 'would-act', action, reason })
  }

  /** The latch: from here only the confirmation of the plan leads on. */
  rollBack(reason: string, actor?: Actor): void {
    const fact = (): RolloutFact => ({
      kind: 'rolling-back',
      reason,
      plan: rolledBackPlan(this.#state.base!, this.#state.generation + 1),
      ...(actor === undefined ? {} : { actor }),
    })
    if (actor === undefined) this.automatically('rollback', reason, fact)
    else this.record(fact())
  }
}
