import { type Clock, DependencyError } from '@sluice/contracts'
import { BACKOFF_FIRST_MS, BACKOFF_LAST_MS } from './consume-loop.ts'
import type { Logger } from './logger.ts'

/**
 * Tries until it works or the signal aborts (then `undefined`): a service that starts while its broker or registry is away
 * waits for it and says so, instead of crashing in a circle.
 */
export async function retryDependency<T>(
  attempt: () => Promise<T>,
  options: {
    readonly clock: Clock
    readonly signal: AbortSignal
    readonly logger: Logger
    readonly health: (problem: string) => void
  },
): Promise<T | undefined> {
  for (let failures = 0; !options.signal.aborted; failures++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      const waitMs = Math.min(BACKOFF_FIRST_MS * 2 ** failures, BACKOFF_LAST_MS)
      options.health(error.message)
      options.logger.warn('A dependency is away; trying again.', { error, next: error.next, waitMs })
      await options.clock.sleep(waitMs, options.signal)
    }
  }
  return undefined
}
