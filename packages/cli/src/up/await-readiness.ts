import { type Clock, DependencyError, type EndpointTopics } from '@sluice/contracts'
import { applyControl, type ControlState, EMPTY_CONTROL_STATE, readControlRecord } from '@sluice/routing'
import { followTopic, type Log, type Logger, slabKey, slabValue } from '@sluice/stream'

/** How long scorers may take to load their models and announce themselves, in milliseconds. */
export const READY_WAIT_MS = 120_000
const CHECK_MS = 50

const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Resolves when a ready scorer has announced each of the versions in `control`. */
export async function awaitReadiness(
  log: Log,
  topics: EndpointTopics,
  versions: readonly number[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController()
  let state: ControlState = EMPTY_CONTROL_STATE
  const follower = followTopic({
    log,
    topic: topics.control,
    clock,
    signal: AbortSignal.any([signal, done.signal]),
    logger: QUIET,
    visit: (slab, index) => {
      state = applyControl(state, readControlRecord(slabKey(slab, index), slabValue(slab, index))).state
    },
  })
  try {
    const deadlineMs = clock.monotonicMs() + READY_WAIT_MS
    for (;;) {
      const ready = new Set([...state.readiness.values()].map((scorer) => scorer.version))
      const missing = versions.filter((version) => !ready.has(version))
      if (missing.length === 0 || signal.aborted) return
      if (clock.monotonicMs() > deadlineMs) {
        throw new DependencyError(
          'scorer',
          `no scorer of version ${missing.join(', ')} became ready within ${READY_WAIT_MS / 1000} s`,
          {
            next: 'Look into its log file, named above.',
          },
        )
      }
      await clock.sleep(CHECK_MS, signal)
    }
  } finally {
    done.abort()
    await follower.finished
  }
}
