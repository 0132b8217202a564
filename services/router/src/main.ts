import { kafkaLog } from '@sluice/kafka'
import { prometheusTelemetry } from '@sluice/prometheus'
import {
  announceListening,
  jsonLogger,
  listenUrl,
  loadPlatformConfig,
  Readiness,
  runService,
  startOpsServer,
  systemClock,
} from '@sluice/runtime'
import { parseRouterArguments, routedEndpoints } from './config.ts'
import { startRouter } from './router.ts'

/** How long a loop may make no progress before the process says that it is not ready, in milliseconds. */
const READY_GRACE_MS = 10_000

await runService('router', async (scope, signal) => {
  const args = parseRouterArguments(process.argv.slice(2))
  const loaded = loadPlatformConfig({ file: args.config })
  const { config } = loaded
  const endpoints = routedEndpoints(loaded)
  const logger = jsonLogger('router', config.log.level)
  const telemetry = await scope.use('telemetry', prometheusTelemetry())

  const readiness = new Readiness(systemClock, { graceMs: READY_GRACE_MS })
  const ops = await scope.use(
    'operations server',
    startOpsServer({
      host: config.http.host,
      port: config.http.metricsPort,
      readiness,
      metrics: () => telemetry.scrape(),
    }),
  )

  const log = kafkaLog({
    brokers: config.kafka.brokers,
    clientId: config.kafka.clientId,
    clock: systemClock,
    logger,
  })
  scope.defer('log', () => log.close())
  const router = await startRouter({ endpoints, log, clock: systemClock, signal, logger, telemetry, readiness })
  if (router === undefined) return { logger, finished: Promise.resolve() }
  scope.defer('route loops', () => router.finished)
  await router.http.listen({ host: config.http.host, port: config.http.routerPort })
  scope.defer('inference server', () => router.http.close())
  announceListening({ http: listenUrl(router.http.addresses()[0]), ops: ops.url })
  return { logger, finished: router.finished }
})
