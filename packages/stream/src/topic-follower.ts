import { type Clock, DependencyError } from '@sluice/contracts'
import { BACKOFF_FIRST_MS, BACKOFF_LAST_MS, IDLE_POLL_MS } from './consume-loop.ts'
import type { Log, LogReader } from './log.ts'
import type { Logger } from './logger.ts'
import type { Slab } from './slab.ts'

export interface TopicFollowerOptions {
  readonly log: Log
  readonly topic: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly logger: Logger
  /** Called for every record, oldest first, and again for all of them when the log had to be opened anew. */
  readonly visit: (slab: Slab, index: number) => void
}

export interface TopicFollower {
  /** Resolves when everything that was there at the start has been visited. */
  readonly caughtUp: Promise<void>
  /** Resolves when the signal aborted and the reader is closed; rejects on our own bug. */
  readonly finished: Promise<void>
}

/**
 * Reads a whole topic from its beginning and goes on following it, outside of any group: every process sees every record.
 * For small compacted topics such as `control`; the visitor must not mind seeing a record twice.
 */
export function followTopic(options: TopicFollowerOptions): TopicFollower {
  let arrived: () => void = () => {}
  const caughtUp = new Promise<void>((resolve) => {
    arrived = resolve
  })
  return { caughtUp, finished: follow(options, arrived) }
}

async function follow(options: TopicFollowerOptions, arrived: () => void): Promise<void> {
  const { clock, signal, logger, topic } = options
  let failures = 0
  while (!signal.aborted) {
    let reader: LogReader | undefined
    try {
      const ends = await options.log.admin.offsets(topic)
      reader = await options.log.openReader({
        partitions: ends.map(({ partition, earliest }) => ({ topic, partition, offset: earliest })),
      })
      const waiting = new Map(ends.filter((e) => e.latest > e.earliest).map((e) => [e.partition, e.latest]))
      if (waiting.size === 0) arrived()
      while (!signal.aborted) {
        for (const slab of await reader.poll({ maxWaitMs: IDLE_POLL_MS, signal })) {
          for (let i = 0; i < slab.count; i++) options.visit(slab, i)
          const end = waiting.get(slab.partition)
          if (end !== undefined && slab.nextOffset >= end) waiting.delete(slab.partition)
        }
        if (waiting.size === 0) arrived()
        failures = 0
      }
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      const waitMs = Math.min(BACKOFF_FIRST_MS * 2 ** failures++, BACKOFF_LAST_MS)
      logger.warn('A followed topic cannot be read; trying again.', { topic, error, next: error.next, waitMs })
      await clock.sleep(waitMs, signal)
    } finally {
      await reader?.close()
    }
  }
}
