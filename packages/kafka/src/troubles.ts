import type { Clock } from '@sluice/contracts'

/** What does not work at the moment, and since when. One entry per source, such as a broker or the group. */
export class Troubles {
  readonly #clock: Clock
  readonly #entries = new Map<string, { readonly sinceMs: number; error: Error }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  report(source: string, error: Error): void {
    const entry = this.#entries.get(source)
    if (entry === undefined) this.#entries.set(source, { sinceMs: this.#clock.monotonicMs(), error })
    else entry.error = error
  }

  clear(source: string): void {
    this.#entries.delete(source)
  }

  /** The latest error of the source that has been in trouble longest, when that is at least `ms`. */
  lasting(ms: number): Error | undefined {
    let oldest: { readonly sinceMs: number; readonly error: Error } | undefined
    for (const entry of this.#entries.values())
      if (oldest === undefined || entry.sinceMs < oldest.sinceMs) oldest = entry
    return oldest !== undefined && this.#clock.monotonicMs() - oldest.sinceMs >= ms ? oldest.error : undefined
  }
}
