import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Clock, endpointTopics } from '@sluice/contracts'
import { openModelStore } from '@sluice/files'
import { onnxEngine } from '@sluice/onnx'
import { prometheusTelemetry } from '@sluice/prometheus'
import { ControlView, runRouteLoop } from '@sluice/router'
import { type LoadedConfig, listenUrl, oipServer } from '@sluice/runtime'
import { runScoreLoop, scorerOipModel } from '@sluice/scorer'
import { compileDecision, loadModel, treesEngine } from '@sluice/scoring'
import { type Logger, type MemoryBroker, memoryBroker, memorySchemaRegistry, type SchemaRegistry } from '@sluice/stream'
import type { Platform, RunningService } from './platform.ts'

export interface EmbeddedPlatformOptions {
  readonly clock: Clock
  readonly config: LoadedConfig
  readonly note: (line: string) => void
}

/**
 * The same loops on the log inside this process: for a machine without Java and Docker. Nothing survives the end of the
 * process and everything shares its CPU; there is no endpoint route, because events over REST need a router of their own.
 */
export function embeddedPlatform(options: EmbeddedPlatformOptions): Platform {
  const broker = memoryBroker({ clock: options.clock })
  const registry = memorySchemaRegistry()
  const stop = new AbortController()
  const stops: (() => Promise<unknown>)[] = []
  return {
    env: {},
    routerUrl: '',
    openLog: async (client) => broker.connect(client),
    openRegistry: () => registry,
    startServices: async () => {
      const { config, baseDir } = options.config
      const running: RunningService[] = []
      for (const [endpoint, settings] of Object.entries(config.endpoints)) {
        stops.push(startRouter(options, broker, endpoint, stop.signal))
        const eventSchema = readFileSync(resolve(baseDir, settings.schema), 'utf8')
        for (const role of [...settings.variants, ...settings.shadows]) {
          const started = await startScorer({
            ...options,
            broker,
            registry,
            endpoint,
            eventSchema,
            role,
            signal: stop.signal,
          })
          running.push(started.service)
          stops.push(started.stop)
        }
      }
      return running
    },
    stop: async () => {
      stop.abort()
      for (const end of stops.reverse()) await end()
    },
  }
}

function quietLogger(name: string, note: (line: string) => void): Logger {
  const loud = (message: string, fields: object = {}): void =>
    note(`${name}: ${message} ${JSON.stringify(fields, (_, v) => (v instanceof Error ? v.message : v))}`)
  return { debug: () => {}, info: () => {}, warn: loud, error: loud }
}

function startRouter(
  { config: { config }, clock, note }: EmbeddedPlatformOptions,
  broker: MemoryBroker,
  endpoint: string,
  signal: AbortSignal,
): () => Promise<void> {
  const logger = quietLogger('router', note)
  const telemetry = prometheusTelemetry()
  const settings = config.endpoints[endpoint]!
  const loop = runRouteLoop({
    endpoint,
    topics: endpointTopics(endpoint, config.topics.prefix),
    control: new ControlView({ endpoint, logger, telemetry }),
    log: broker.connect('router'),
    clock,
    signal,
    logger,
    telemetry,
    maxValueBytes: settings.maxValueBytes,
    maxBatchBytes: settings.maxValueBytes,
    health: () => {},
  })
  loop.catch((error: unknown) => note(`router ended: ${String(error)}`))
  return () => loop.catch(() => {})
}

interface StartScorerOptions extends EmbeddedPlatformOptions {
  readonly broker: MemoryBroker
  readonly registry: SchemaRegistry
  readonly endpoint: string
  readonly eventSchema: string
  readonly role: { readonly name: string; readonly model: string; readonly version: number }
  readonly signal: AbortSignal
}

async function startScorer(
  options: StartScorerOptions,
): Promise<{ readonly service: RunningService; readonly stop: () => Promise<void> }> {
  const {
    config: { config, baseDir },
    endpoint,
    role,
    clock,
    note,
  } = options
  const settings = config.endpoints[endpoint]!
  const store = openModelStore(resolve(baseDir, config.models.dir))
  const loaded = await loadModel(await store.read(role.model, role.version), { trees: treesEngine, onnx: onnxEngine })
  const {
    model,
    package: { manifest },
  } = loaded
  const name = `scorer-${endpoint}-v${role.version}`
  const decide = compileDecision(manifest)
  const served = scorerOipModel({ model, features: manifest.features, decide, ready: () => true })
  const app = oipServer({
    serverName: 'sluice-scorer',
    serverVersion: String(role.version),
    ready: () => true,
    model: (asked) => (asked === model.name ? served : undefined),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = listenUrl(app.addresses()[0])
  const loop = runScoreLoop({
    ...options,
    topics: endpointTopics(endpoint, config.topics.prefix),
    partitions: settings.partitions,
    model,
    features: manifest.features,
    decide,
    variant: role.name,
    batch: settings.batch,
    maxValueBytes: settings.maxValueBytes,
    instance: name,
    url,
    log: options.broker.connect(name),
    clock,
    telemetry: prometheusTelemetry(),
    logger: quietLogger(name, note),
    health: () => {},
  })
  loop.catch((error: unknown) => note(`${name} ended: ${String(error)}`))
  return {
    service: { name, http: url, ops: url, pid: process.pid },
    stop: async () => {
      await loop.catch(() => {})
      await app.close()
      await model.close()
    },
  }
}
