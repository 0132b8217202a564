import type { Clock, EndpointTopics } from '@sluice/contracts'
import { followTopic, type Log, type Logger, retryDependency, runConsumeLoop, type Telemetry } from '@sluice/stream'
import type { ControlView } from './control-view.ts'
import { SlabRouter } from './slab-router.ts'

/** A unit of work ends with each poll: routing is a copy, so there is nothing to gain by waiting for company. */
const MAX_BATCH_DELAY_MS = 0

/** Hears how things stand; `undefined` is fine, a text is why not. */
export type Health = (problem: string | undefined) => void

export interface RouteLoopOptions {
  readonly endpoint: string
  readonly topics: EndpointTopics
  readonly control: ControlView
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly maxValueBytes: number
  readonly maxBatchBytes: number
  readonly health: Health
}

/** Consumer group of an endpoint's routers; the prefix of the topics keeps two installations on one cluster apart. */
export function routerGroup(topics: EndpointTopics): string {
  return `sluice.router.${topics.events}`
}

/**
 * Routes the events of one endpoint until the signal aborts. Follows the control topic from its beginning and takes no
 * partition before it has read all of it and found a plan.
 */
export async function runRouteLoop(options: RouteLoopOptions): Promise<void> {
  const { endpoint, topics, control, log, clock, logger } = options
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const follower = followTopic({
    log,
    topic: topics.control,
    clock,
    signal,
    logger,
    visit: (slab, index) => control.visit(slab, index),
  })
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  const route = async (): Promise<void> => {
    await Promise.race([follower.caughtUp, aborted])
    if (control.current === undefined && !signal.aborted) {
      options.health(`no route plan yet in ${topics.control}`)
      logger.info('Waiting for the first plan.', { endpoint })
    }
    await Promise.race([control.planned, aborted])
    if (!signal.aborted) await routeEvents({ ...options, signal })
  }
  const parts = [follower.finished, route()]
  try {
    await Promise.all(parts)
  } finally {
    // When one part fails, the other is stopped too and its end awaited, so that nothing runs on unwatched.
    stop.abort()
    await Promise.allSettled(parts)
  }
}

async function routeEvents(options: RouteLoopOptions): Promise<void> {
  const { topics, log, telemetry } = options
  const router = new SlabRouter({ ...options, plans: options.control })
  const reader = await retryDependency(
    () =>
      log.openReader({
        group: routerGroup(topics),
        topics: [topics.events],
        from: 'earliest',
        isolation: 'read_committed',
        onRevoked: (partitions) => {
          for (const { topic, partition } of partitions) {
            const labels = { topic, partition: String(partition) }
            telemetry.clearGauge('sluice_consumer_lag_records', labels)
            telemetry.clearGauge('sluice_consumer_lag_seconds', labels)
          }
        },
      }),
    options,
  )
  if (reader === undefined) return
  try {
    const session = await log.openWork(reader, { delivery: 'at_least_once' })
    try {
      await runConsumeLoop({
        ...options,
        reader,
        session,
        maxBatchRecords: Number.POSITIVE_INFINITY,
        maxBatchDelayMs: MAX_BATCH_DELAY_MS,
        handle: async (slabs, work) => router.route(slabs, work),
      })
    } finally {
      await session.close()
    }
  } finally {
    await reader.close()
  }
}
