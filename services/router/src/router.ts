import type { Clock } from '@sluice/contracts'
import { oipServer, type Readiness } from '@sluice/runtime'
import { DEFAULT_MAX_BATCH_BYTES, type Log, type Logger, retryDependency, type Telemetry } from '@sluice/stream'
import type { FastifyInstance } from 'fastify'
import type { RoutedEndpoint } from './config.ts'
import { ControlView } from './control-view.ts'
import { EndpointModel } from './endpoint-model.ts'
import { EventAppender } from './event-appender.ts'
import { runRouteLoop } from './route-loop.ts'
import { schemaInputs } from './schema-inputs.ts'
import { ScorerClient } from './scorer-client.ts'

export interface RouterOptions {
  readonly endpoints: readonly RoutedEndpoint[]
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly readiness: Readiness
}

export interface Router {
  /** Answers for the endpoints; whoever composes the router makes it listen and closes it. */
  readonly http: FastifyInstance
  /** Resolves when the signal aborted and everything is closed; rejects on our own bug. */
  readonly finished: Promise<void>
}

/**
 * One loop and one inference route per endpoint, over whatever log it is given. Waits for a log that is away; `undefined`
 * when the signal aborted before it came.
 */
export async function startRouter(options: RouterOptions): Promise<Router | undefined> {
  const { log, clock, logger, telemetry, readiness } = options
  readiness.require('log', 'not connected yet')
  const writer = await retryDependency(() => log.openWriter(), {
    ...options,
    health: (problem) => readiness.failing('log', problem),
  })
  if (writer === undefined) return undefined
  readiness.ok('log')
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const scorers = new ScorerClient({ clock, logger, telemetry })
  const models = new Map<string, EndpointModel>()
  const loops = options.endpoints.map((endpoint) => {
    const { name, topics, partitions, keyField, schema, maxValueBytes } = endpoint
    const control = new ControlView({ endpoint: name, logger, telemetry })
    const appender = new EventAppender({
      writer,
      topic: topics.events,
      partitions,
      clock,
      maxBatchBytes: DEFAULT_MAX_BATCH_BYTES,
    })
    models.set(
      name,
      new EndpointModel({ endpoint: name, keyField, inputs: schemaInputs(schema), control, appender, scorers, logger }),
    )
    readiness.require(name, `no route plan yet in ${topics.control}`)
    return runRouteLoop({
      endpoint: name,
      topics,
      control,
      log,
      clock,
      signal,
      logger,
      telemetry,
      maxValueBytes,
      maxBatchBytes: DEFAULT_MAX_BATCH_BYTES,
      health: (problem) => (problem === undefined ? readiness.ok(name) : readiness.failing(name, problem)),
    })
  })
  const http = oipServer({
    serverName: 'sluice-router',
    serverVersion: '0.1.0',
    ready: () => readiness.ready,
    model: (name) => models.get(name),
  })
  const finish = async (): Promise<void> => {
    try {
      await Promise.all(loops)
    } finally {
      // One endpoint's loop that fails stops the others, so that the process ends as a whole and starts anew.
      stop.abort()
      await Promise.allSettled(loops)
      await writer.close()
    }
  }
  return { http, finished: finish() }
}
