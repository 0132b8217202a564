import type { Clock } from '@sluice/contracts'

/**
 * Whether a service may take work, as a set of named conditions. All must hold. A condition says why it does not, and a
 * short trouble does not count before it has lasted `graceMs`: a broker that is away for a second must not make an
 * orchestrator pull every pod at once.
 */
export class Readiness {
  readonly #clock: Clock
  readonly #graceMs: number
  readonly #conditions = new Map<
    string,
    { readonly reason: string; readonly sinceMs: number; readonly graceMs: number } | undefined
  >()

  constructor(clock: Clock, options: { readonly graceMs: number }) {
    this.#clock = clock
    this.#graceMs = options.graceMs
  }

  /** Declares a condition that does not hold yet; it counts at once. */
  require(name: string, reason: string): void {
    this.#conditions.set(name, { reason, sinceMs: this.#clock.nowMs(), graceMs: 0 })
  }

  ok(name: string): void {
    this.#conditions.set(name, undefined)
  }

  /** A condition stopped holding; it counts after the grace time unless it never held. */
  failing(name: string, reason: string): void {
    const before = this.#conditions.get(name)
    if (before === undefined)
      this.#conditions.set(name, { reason, sinceMs: this.#clock.nowMs(), graceMs: this.#graceMs })
    else this.#conditions.set(name, { ...before, reason })
  }

  /** Conditions that count as broken now, with their reasons; empty means ready. */
  problems(): readonly { readonly condition: string; readonly reason: string }[] {
    const now = this.#clock.nowMs()
    const out: { condition: string; reason: string }[] = []
    for (const [condition, state] of this.#conditions) {
      if (state !== undefined && now - state.sinceMs >= state.graceMs) out.push({ condition, reason: state.reason })
    }
    return out
  }

  get ready(): boolean {
    return this.problems().length === 0
  }
}
