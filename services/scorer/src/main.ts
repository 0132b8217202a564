import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { endpointTopics } from '@sluice/contracts'
import { openModelStore } from '@sluice/files'
import { kafkaLog } from '@sluice/kafka'
import { onnxEngine } from '@sluice/onnx'
import { prometheusTelemetry } from '@sluice/prometheus'
import { confluentSchemaRegistry } from '@sluice/registry'
import {
  announceListening,
  jsonLogger,
  listenUrl,
  loadPlatformConfig,
  oipServer,
  Readiness,
  runService,
  startOpsServer,
  systemClock,
} from '@sluice/runtime'
import { compileDecision, loadModel, treesEngine } from '@sluice/scoring'
import type { Telemetry } from '@sluice/stream'
import { parseScorerArguments, scorerRole } from './config.ts'
import { ModelSlot, type ServedModel } from './model-slot.ts'
import { runScoreLoop } from './score-loop.ts'
import { scorerOipModel } from './scorer-http.ts'

/** How long the loop may make no progress before the process says that it is not ready, in milliseconds. */
const READY_GRACE_MS = 10_000

await runService('scorer', async (scope, signal) => {
  const args = parseScorerArguments(process.argv.slice(2))
  const { config, baseDir } = loadPlatformConfig({ file: args.config })
  const { endpoint, model: modelName, variant } = scorerRole(config, args)
  const eventSchema = readFileSync(resolve(baseDir, endpoint.schema), 'utf8')
  const logger = jsonLogger('scorer', config.log.level)
  const telemetry = await scope.use('telemetry', prometheusTelemetry())

  const readiness = new Readiness(systemClock, { graceMs: READY_GRACE_MS })
  readiness.require('model', 'not loaded yet')
  readiness.require('log', 'not connected yet')
  const ops = await scope.use(
    'operations server',
    startOpsServer({
      host: config.http.host,
      port: config.http.metricsPort,
      readiness,
      metrics: () => telemetry.scrape(),
    }),
  )

  const store = openModelStore(resolve(baseDir, config.models.dir))
  const load = async (): Promise<ServedModel> => {
    const loaded = await loadModel(await store.read(modelName, args.version), { trees: treesEngine, onnx: onnxEngine })
    const { model, golden, notUsed } = loaded
    for (const { engine, reason } of notUsed) logger.warn('An engine was passed over.', { engine, reason })
    logger.info('A model is loaded.', { model: model.name, version: model.version, engine: model.engine, golden })
    return { model, features: loaded.package.manifest.features, decide: compileDecision(loaded.package.manifest) }
  }
  const slot = new ModelSlot(await load())
  scope.defer('model', () => slot.close())
  readiness.ok('model')
  modelInfo(telemetry, slot, 1)
  const reload = (): void => {
    const before = slot.current
    load().then(
      (next) => {
        modelInfo(telemetry, slot, undefined)
        slot.replace(next)
        modelInfo(telemetry, slot, 1)
        logger.info('The package took over.', { sha256: next.model.sha256, before: before.model.sha256 })
      },
      (error: unknown) => logger.error('The package is refused; the one before keeps scoring.', { error }),
    )
  }
  process.on('SIGHUP', reload)
  scope.defer('reload on SIGHUP', () => {
    process.off('SIGHUP', reload)
  })

  const served = scorerOipModel(slot, () => readiness.ready)
  const app = oipServer({
    serverName: 'sluice-scorer',
    serverVersion: String(args.version),
    ready: () => readiness.ready,
    model: (name) => (name === modelName ? served : undefined),
  })
  await app.listen({ host: config.http.host, port: config.http.scorerPort })
  scope.defer('inference server', () => app.close())
  const url = listenUrl(app.addresses()[0])
  announceListening({ http: url, ops: ops.url })

  const log = kafkaLog({ brokers: config.kafka.brokers, clientId: config.kafka.clientId, clock: systemClock, logger })
  scope.defer('log', () => log.close())
  const registry = confluentSchemaRegistry({ url: config.registry.url, clock: systemClock })
  const loop = runScoreLoop({
    endpoint: args.endpoint,
    topics: endpointTopics(args.endpoint, config.topics.prefix),
    partitions: endpoint.partitions,
    slot,
    eventSchema,
    variant,
    batch: endpoint.batch,
    maxValueBytes: endpoint.maxValueBytes,
    instance: `${hostname()}-${process.pid}`,
    url,
    log,
    registry,
    clock: systemClock,
    telemetry,
    logger,
    signal,
    health: (problem) => (problem === undefined ? readiness.ok('log') : readiness.failing('log', problem)),
  })
  scope.defer('score loop', () => loop)
  return { logger, finished: loop }
})

/** Says which file is in use, or takes that back. */
function modelInfo(telemetry: Telemetry, { current: { model } }: ModelSlot, value: 1 | undefined): void {
  const labels = { model: model.name, model_version: String(model.version), engine: model.engine, sha256: model.sha256 }
  if (value === undefined) telemetry.clearGauge('sluice_model_info', labels)
  else telemetry.gauge('sluice_model_info', labels, value)
}
