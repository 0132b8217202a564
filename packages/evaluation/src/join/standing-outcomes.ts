import type { OutcomeFact } from './outcome-fact.ts'
import type { JoinEvent } from './position-index.ts'

/** Which prediction an outcome is about. */
export type OutcomeRef =
  | { readonly kind: 'prediction'; readonly version: number; readonly partition: number; readonly offset: bigint }
  /** Every version that scored the event. */
  | { readonly kind: 'event'; readonly partition: number; readonly offset: bigint }
  /** Every event with this CloudEvents id. */
  | { readonly kind: 'ceId'; readonly id: string }
  /** The latest event of this entity at or before the outcome and within the horizon. */
  | { readonly kind: 'key'; readonly key: string }

/** One record of the outcomes topic. */
export interface JoinOutcome extends OutcomeFact {
  /** Position in the outcomes topic; each is taken once. */
  readonly cause: JoinEvent
  readonly ref: OutcomeRef
}

/** An outcome that may still find predictions, or find a better one. */
export interface StandingOutcome {
  readonly outcome: JoinOutcome
  /** Predictions it lies on now. */
  matches: number
  /** By key: the event it lies on now. */
  target: JoinEvent | null
}

export function refKey(ref: OutcomeRef): string {
  if (ref.kind === 'prediction') return `p${ref.version}.${ref.partition}.${ref.offset}`
  if (ref.kind === 'event') return `e${ref.partition}.${ref.offset}`
  return ref.kind === 'ceId' ? `c${ref.id}` : `k${ref.key}`
}

/** Outcomes by what they refer to. */
export class StandingOutcomes {
  readonly #byRef = new Map<string, StandingOutcome[]>()

  add(standing: StandingOutcome): void {
    const key = refKey(standing.outcome.ref)
    const list = this.#byRef.get(key)
    if (list === undefined) this.#byRef.set(key, [standing])
    else list.push(standing)
  }

  of(ref: OutcomeRef): readonly StandingOutcome[] {
    return this.#byRef.size === 0 ? NONE : (this.#byRef.get(refKey(ref)) ?? NONE)
  }

  /** Ends those of one reference. */
  remove(ref: OutcomeRef): void {
    this.#byRef.delete(refKey(ref))
  }

  /** Ends those that happened before; returns them. */
  removeBefore(beforeMs: number): readonly StandingOutcome[] {
    const removed: StandingOutcome[] = []
    for (const [key, list] of this.#byRef) {
      const old = list.filter((s) => s.outcome.occurredAtMs < beforeMs)
      if (old.length === 0) continue
      removed.push(...old)
      if (old.length === list.length) this.#byRef.delete(key)
      else
        this.#byRef.set(
          key,
          list.filter((s) => s.outcome.occurredAtMs >= beforeMs),
        )
    }
    return removed
  }

  *[Symbol.iterator](): Generator<StandingOutcome> {
    for (const list of this.#byRef.values()) yield* list
  }
}

const NONE: readonly StandingOutcome[] = []
