import type { Clock } from '@sluice/contracts'

/** Given as the reason, because an abort without one builds an exception with its stack. */
const WOKEN = 'woken'

/** One waiter that others may wake. A wake-up that comes while nobody waits ends the next wait at once. */
export class WakeUp {
  readonly #clock: Clock
  #woken = false
  #sleep: AbortController | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly wake = (): void => {
    this.#woken = true
    this.#sleep?.abort(WOKEN)
  }

  /** Waits for a wake-up, the signal, or `ms`. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#woken && signal?.aborted !== true && ms > 0) {
      const sleep = new AbortController()
      const stop = (): void => sleep.abort(WOKEN)
      signal?.addEventListener('abort', stop, { once: true })
      this.#sleep = sleep
      await this.#clock.sleep(ms, sleep.signal)
      this.#sleep = undefined
      signal?.removeEventListener('abort', stop)
    }
    this.#woken = false
  }
}
