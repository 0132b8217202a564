import { setImmediate as afterMicrotasks } from 'node:timers/promises'
import type { Clock } from '@sluice/contracts'

interface Sleeper {
  readonly dueMs: number
  readonly order: number
  readonly wake: () => void
}

/**
 * Time that moves only when told to. Sleepers wake in order of their time, those of the same millisecond in the order they
 * went to sleep; after each one everything it set in motion runs before the next wakes. Two runs are the same.
 */
export class VirtualClock implements Clock {
  readonly #startMs: number
  #nowMs: number
  #order = 0
  readonly #sleepers = new Set<Sleeper>()

  constructor(startMs = 0) {
    this.#startMs = startMs
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs
  }

  /** How many sleeps have not ended. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const end = (): void => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const sleeper = { dueMs: this.#nowMs + Math.max(0, ms), order: this.#order++, wake: end }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', end, { once: true })
    })
  }

  /** Lets `ms` pass: wakes everyone who is due on the way, each at his own time. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    for (;;) {
      await afterMicrotasks()
      const next = this.#nextSleeper()
      if (next === undefined || next.dueMs > untilMs) break
      this.#wake(next)
    }
    this.#nowMs = untilMs
  }

  /**
   * Lets time pass, sleeper by sleeper, until `done` says so. Returns false when that did not happen within `limitMs` or when
   * nobody sleeps any more, so that waiting longer would change nothing.
   */
  async runUntil(done: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs
    for (;;) {
      await afterMicrotasks()
      if (done()) return true
      const next = this.#nextSleeper()
      if (next === undefined || next.dueMs > untilMs) return false
      this.#wake(next)
    }
  }

  #nextSleeper(): Sleeper | undefined {
    let next: Sleeper | undefined
    for (const sleeper of this.#sleepers) {
      if (
        next === undefined ||
        sleeper.dueMs < next.dueMs ||
        (sleeper.dueMs === next.dueMs && sleeper.order < next.order)
      ) {
        next = sleeper
      }
    }
    return next
  }

  #wake(sleeper: Sleeper): void {
    this.#nowMs = Math.max(this.#nowMs, sleeper.dueMs)
    sleeper.wake()
  }
}
