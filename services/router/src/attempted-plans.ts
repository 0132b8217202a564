import type { CompiledPlan } from '@sluice/routing'

interface Attempt {
  /** One past the last offset that was routed by the plan. */
  readonly toOffset: bigint
  readonly plan: CompiledPlan
}

/**
 * Which plan routed records whose commit has not succeeded yet, per partition. The outputs of a failed attempt may already
 * be in the log; if a repeat went by a newer plan, one event could be scored live by two variants.
 */
export class AttemptedPlans {
  /** Oldest first, with rising `toOffset`; a new entry only where the plan changed between two attempts. */
  readonly #attempts = new Map<number, Attempt[]>()

  /** The plan for one record: the one it was routed by before, else the current one. */
  planFor(partition: number, offset: bigint, current: CompiledPlan): CompiledPlan {
    return this.#attempts.get(partition)?.find((attempt) => offset < attempt.toOffset)?.plan ?? current
  }

  /** True when no record of the partition has to keep an older plan. */
  isClear(partition: number): boolean {
    return !this.#attempts.has(partition)
  }

  attempted(partition: number, toOffset: bigint, plan: CompiledPlan): void {
    const attempts = this.#attempts.get(partition) ?? []
    const last = attempts.at(-1)
    if (last !== undefined && toOffset <= last.toOffset) return
    if (last?.plan === plan) attempts.pop()
    attempts.push({ toOffset, plan })
    this.#attempts.set(partition, attempts)
  }

  committed(partition: number): void {
    this.#attempts.delete(partition)
  }
}
