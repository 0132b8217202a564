import { ConfigError, EXIT_CONFIG } from '@sluice/contracts'
import type { Logger } from '@sluice/stream'
import { errorChain } from './logger.ts'
import { Scope } from './scope.ts'

/** Longest a service may take to finish what it has in hand after a signal, in milliseconds. */
export const STOP_DEADLINE_MS = 15_000

/**
 * Runs a service's `main`: `start` brings the parts up and returns a promise that ends only when the service can go on no
 * longer (a crash) or has nothing left to do. SIGTERM and SIGINT abort `signal`, then the parts stop in reverse order.
 *
 * Exit codes: 0 asked to stop, 1 crashed, 78 wrong configuration (all problems printed, nothing started).
 */
export async function runService(
  name: string,
  start: (scope: Scope, signal: AbortSignal) => Promise<{ readonly logger: Logger; readonly finished: Promise<void> }>,
): Promise<void> {
  const abort = new AbortController()
  const scope = new Scope((part, error) => console.error(`${name}: stopping ${part} failed: ${errorChain(error)}`))
  const stopped = new Promise<void>((resolve) =>
    abort.signal.addEventListener('abort', () => resolve(), { once: true }),
  )
  const onSignal = (): void => {
    if (abort.signal.aborted) process.exit(1) // A second signal means now.
    abort.abort()
    setTimeout(() => {
      console.error(`${name}: did not stop within ${STOP_DEADLINE_MS} ms`)
      process.exit(1)
    }, STOP_DEADLINE_MS).unref()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  // A parent that started us over IPC and is gone cannot stop us any more.
  process.on('disconnect', onSignal)
  let exitCode = 0
  try {
    const { logger, finished } = await start(scope, abort.signal)
    logger.info('Started.', { pid: process.pid })
    await Promise.race([finished, stopped])
    logger.info('Stopping.', {})
  } catch (error) {
    if (error instanceof ConfigError) {
      console.error(`${name}: the configuration has ${error.problems.length} problem(s):`)
      for (const p of error.problems) console.error(`  ${p.path}: ${p.problem}\n    ${p.fix}`)
      exitCode = EXIT_CONFIG
    } else {
      console.error(`${name}: ${errorChain(error)}`)
      exitCode = 1
    }
  }
  abort.abort()
  await scope.stop()
  process.exit(exitCode)
}
