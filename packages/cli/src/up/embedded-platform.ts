import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Clock, endpointTopics } from '@sluice/contracts'
import { openModelStore } from '@sluice/files'
import { onnxEngine } from '@sluice/onnx'
import { prometheusTelemetry } from '@sluice/prometheus'
import { routedEndpoints, startRouter } from '@sluice/router'
import { type LoadedConfig, listenUrl, oipServer, Readiness } from '@sluice/runtime'
import { ModelSlot, runScoreLoop, scorerOipModel } from '@sluice/scorer'
import { compileDecision, loadModel, treesEngine } from '@sluice/scoring'
import { type MemoryBroker, memoryBroker, memorySchemaRegistry, type SchemaRegistry } from '@sluice/stream'
import { noteLogger } from '../note-logger.ts'
import type { Platform, RunningService } from './platform.ts'

export interface EmbeddedPlatformOptions {
  readonly clock: Clock
  readonly config: LoadedConfig
  readonly note: (line: string) => void
}

/**
 * The same loops on the log inside this process: for a machine without Java and Docker. Nothing survives the end of the
 * process, and everything shares its CPU. Metrics are not served.
 */
export function embeddedPlatform(options: EmbeddedPlatformOptions): Platform {
  const broker = memoryBroker({ clock: options.clock })
  const registry = memorySchemaRegistry()
  const stop = new AbortController()
  const stops: (() => Promise<unknown>)[] = []
  let routerUrl = ''
  return {
    env: {},
    get routerUrl() {
      return routerUrl
    },
    openLog: async (client) => broker.connect(client),
    openRegistry: () => registry,
    startServices: async () => {
      const { config, baseDir } = options.config
      const running: RunningService[] = []
      const router = await startEmbeddedRouter(options, broker, stop.signal)
      if (router === undefined) return running
      running.push(router.service)
      stops.push(router.stop)
      routerUrl = router.service.http
      for (const [endpoint, settings] of Object.entries(config.endpoints)) {
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

/** The router with its endpoint route, on the same loops as in a process of its own. */
async function startEmbeddedRouter(
  { config, clock, note }: EmbeddedPlatformOptions,
  broker: MemoryBroker,
  signal: AbortSignal,
): Promise<{ readonly service: RunningService; readonly stop: () => Promise<void> } | undefined> {
  const router = await startRouter({
    endpoints: routedEndpoints(config),
    log: broker.connect('router'),
    clock,
    signal,
    logger: noteLogger(note),
    telemetry: prometheusTelemetry(),
    readiness: new Readiness(clock, { graceMs: 0 }),
  })
  if (router === undefined) return undefined
  await router.http.listen({ host: '127.0.0.1', port: 0 })
  const url = listenUrl(router.http.addresses()[0])
  router.finished.catch((error: unknown) => note(`router ended: ${String(error)}`))
  return {
    service: { name: 'router', http: url, ops: url, pid: process.pid },
    stop: async () => {
      await router.http.close()
      await router.finished.catch(() => {})
    },
  }
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
  const slot = new ModelSlot({ model, features: manifest.features, decide: compileDecision(manifest) })
  const served = scorerOipModel(slot, () => true)
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
    slot,
    variant: role.name,
    batch: settings.batch,
    maxValueBytes: settings.maxValueBytes,
    instance: name,
    url,
    log: options.broker.connect(name),
    clock,
    telemetry: prometheusTelemetry(),
    logger: noteLogger(note),
    health: () => {},
  })
  loop.catch((error: unknown) => note(`${name} ended: ${String(error)}`))
  return {
    service: { name, http: url, ops: url, pid: process.pid },
    stop: async () => {
      await loop.catch(() => {})
      await app.close()
      await slot.close()
    },
  }
}
