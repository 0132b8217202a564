import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DependencyError, type EndpointTopics, endpointTopics } from '@sluice/contracts'
import { featureList } from '@sluice/features'
import { ControlView, routerGroup, runRouteLoop } from '@sluice/router'
import { CompiledPlan, formatControlRecord, partitionOfKey, type RoutePlan } from '@sluice/routing'
import { ModelSlot, runScoreLoop, scorerGroup } from '@sluice/scorer'
import { compileDecision, type Model } from '@sluice/scoring'
import {
  type AvroSchemaJson,
  type Logger,
  type MemoryLog,
  memoryBroker,
  memorySchemaRegistry,
  ProcessCrashedError,
  RecordBatchBuilder,
  type SchemaRegistry,
  type Telemetry,
  VirtualClock,
  valueSubject,
} from '@sluice/stream'
import { checkDelivery, type DeliveryReport, type Rng, readTopic, rng } from '@sluice/testing'
import { CALM, type FaultOdds, SeededFaults } from './seeded-faults.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const ENDPOINT = 'churn'
const PARTITIONS = 3
const START_MS = 1_790_000_000_000
/** Pause before a crashed process is there again, in virtual milliseconds. */
const RESTART_MS_MAX = 3_000
/** Longest a run may take to come to rest after the last fault, in virtual milliseconds. */
const REST_MS_MAX = 600_000

const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const NO_TELEMETRY: Telemetry = {
  count: () => {},
  gauge: () => {},
  clearGauge: () => {},
  observe: () => {},
  observeAll: () => {},
}

export interface WorldOptions {
  readonly seed: number
  readonly events: number
  readonly odds?: FaultOdds
  /** Odds of a look-up in the registry failing or taking long. */
  readonly registryOdds?: { readonly fail: number; readonly slow: number }
  /** The model of a version; scores by whatever engine, as long as it does it at once. */
  readonly model: (version: number) => Model
}

const FEATURES = featureList.parse([
  { name: 'tenure', type: 'number', missing: 'reject' },
  { name: 'monthlyCharges', type: 'number' },
  { name: 'contract', type: 'category', categories: ['Month-to-month', 'One year', 'Two year'] },
])

/**
 * The whole platform in one process on virtual time: two routers, two scorers of version 7, one of version 8, one shadow,
 * each a process that can crash, freeze or lose its answers and is started again. The code is the services' own.
 */
export class World {
  readonly clock = new VirtualClock(START_MS)
  readonly topics: EndpointTopics = endpointTopics(ENDPOINT)
  readonly faults: SeededFaults
  readonly #options: WorldOptions
  readonly #rng: Rng
  readonly #broker = memoryBroker({ clock: this.clock, sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 6_000 })
  readonly #registry: SchemaRegistry
  readonly #slowRegistry: SchemaRegistry
  readonly #operator: MemoryLog
  readonly #stop = new AbortController()
  readonly #processes: Promise<void>[] = []
  readonly #plans = new Map<number, CompiledPlan>()
  /** The first error that no process may have; ends the run. */
  #failure: unknown
  crashes = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.#rng = rng(options.seed, 'world')
    this.faults = new SeededFaults(rng(options.seed, 'faults'), options.odds ?? CALM)
    this.#registry = memorySchemaRegistry()
    this.#slowRegistry = unreliable(
      this.#registry,
      this.clock,
      rng(options.seed, 'registry'),
      this.faults,
      options.registryOdds,
    )
    this.#operator = this.#broker.connect('operator')
  }

  /** Creates topics and schemas, publishes the first plan and starts every process. */
  async start(): Promise<void> {
    const { topics } = this
    const names = [
      topics.events,
      topics.version(7),
      topics.version(8),
      topics.version(9),
      topics.predictions,
      topics.shadows,
      topics.control,
      topics.deadLetters,
    ]
    await this.#operator.admin.createTopics(
      names.map((name) => ({ name, partitions: PARTITIONS, replication: 1, config: {} })),
    )
    const prediction = JSON.parse(readFileSync(resolve(ROOT, 'schemas/prediction.avsc'), 'utf8')) as AvroSchemaJson
    await this.#registry.register(valueSubject(topics.predictions), prediction)
    await this.#registry.register(valueSubject(topics.shadows), prediction)
    await this.publish({ generation: 1, weights: [9_000, 1_000] })
    this.#spawn('router-a', (log, signal) => this.#route(log, signal))
    this.#spawn('router-b', (log, signal) => this.#route(log, signal))
    for (const [name, version] of [
      ['v7-a', 7],
      ['v7-b', 7],
      ['v8', 8],
      ['v9', 9],
    ] as const) {
      this.#spawn(name, (log, signal) => this.#score(log, signal, version, name))
    }
  }

  /** Publishes a plan: version 7 and 8 by weights in basis points, version 9 as a shadow of everything. */
  async publish({
    generation,
    weights,
  }: {
    readonly generation: number
    readonly weights: readonly [number, number]
  }): Promise<void> {
    const plan: RoutePlan = {
      generation,
      endpoint: ENDPOINT,
      salt: ENDPOINT,
      variants: [
        { name: 'champion', model: 'churn', version: 7, weightBp: weights[0] },
        { name: 'challenger', model: 'churn', version: 8, weightBp: weights[1] },
      ],
      shadows: [{ name: 'candidate', model: 'churn', version: 9, percentBp: 10_000 }],
    }
    this.#plans.set(generation, new CompiledPlan(plan))
    const { key, value } = formatControlRecord({ kind: 'plan', plan })
    await this.#append(this.topics.control, partitionOfKey(key, PARTITIONS), [{ key, value }])
  }

  /** Produces events in bursts: most good, some that nobody can score, some tombstones, some without a key. */
  async produce(): Promise<void> {
    const random = this.#rng.child('events')
    const utf8 = new TextEncoder()
    let left = this.#options.events
    let ramp = this.#options.events / 2
    while (left > 0) {
      const burst = Math.min(left, random.int(1, 80))
      for (let i = 0; i < burst; i++) {
        const customer = `C${random.int(1, 400)}`
        const key = random.chance(0.02) ? null : utf8.encode(customer)
        const partition = key === null ? random.int(0, PARTITIONS - 1) : partitionOfKey(key, PARTITIONS)
        await this.#append(this.topics.events, partition, [{ key, value: eventValue(random, customer) }])
      }
      left -= burst
      if (ramp > 0 && left <= ramp) {
        ramp = 0
        await this.publish({ generation: 2, weights: [5_000, 5_000] })
      }
      await this.clock.advance(random.int(0, 400))
      this.#throwFailure()
    }
  }

  /** Ends the faults and lets the platform come to rest: every group has committed everything. */
  async rest(): Promise<void> {
    this.faults.healed = true
    const groups = [
      { group: routerGroup(this.topics), topic: this.topics.events },
      ...[7, 8, 9].map((version) => ({
        group: scorerGroup(this.topics, version),
        topic: this.topics.version(version),
      })),
    ]
    const deadlineMs = this.clock.nowMs() + REST_MS_MAX
    for (;;) {
      await this.clock.advance(250)
      this.#throwFailure()
      const behind: string[] = []
      for (const { group, topic } of groups) {
        const committed = new Map(
          (await this.#operator.admin.committedOffsets(group, topic)).map((c) => [c.partition, c.offset]),
        )
        for (const { partition, earliest, latest } of await this.#operator.admin.offsets(topic)) {
          if ((committed.get(partition) ?? earliest) < latest)
            behind.push(`${group} ${topic}/${partition} at ${committed.get(partition)} of ${latest}`)
        }
      }
      if (behind.length === 0) return
      if (this.clock.nowMs() > deadlineMs)
        throw new Error(`seed ${this.#options.seed}: no rest within ${REST_MS_MAX} ms:\n${behind.join('\n')}`)
    }
  }

  async check(): Promise<DeliveryReport> {
    const { topics } = this
    const read = async (topic: string) => {
      // Reading waits on virtual time, so somebody has to let it pass.
      let done = false
      const records = readTopic(this.#operator, topic).finally(() => {
        done = true
      })
      await this.clock.runUntil(() => done, REST_MS_MAX)
      return records
    }
    return checkDelivery({
      topics,
      events: await read(topics.events),
      predictions: await read(topics.predictions),
      deadLetters: (await read(topics.deadLetters)).filter((r) => r.header('sluice-dlq-topic') !== topics.version(9)),
      delivery: 'at_least_once',
      versionOf: (event, generation) => {
        const plan = this.#plans.get(generation)!
        const key = event.key ?? new Uint8Array(0)
        return plan.variants[plan.variantIndex(key, 0, event.key === null ? -1 : key.length)]!.version
      },
    })
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    let done = false
    const ended = Promise.all(this.#processes).finally(() => {
      done = true
    })
    await this.clock.runUntil(() => done, REST_MS_MAX)
    await ended
  }

  /** A process that is started again whenever it crashed. */
  #spawn(name: string, run: (log: MemoryLog, signal: AbortSignal) => Promise<void>): void {
    const random = this.#rng.child(name)
    const live = async (): Promise<void> => {
      for (let life = 1; !this.#stop.signal.aborted; life++) {
        const log = this.#broker.connect(`${name}#${life}`, { faults: this.faults })
        try {
          await run(log, this.#stop.signal)
        } catch (error) {
          if (error instanceof ProcessCrashedError) this.crashes++
          else if (!(error instanceof DependencyError)) {
            this.#failure ??= error
            return
          }
          // An orchestrator would take a moment, too. A dependency error that ends a process does so as a crash would.
          log.crash()
          await this.clock.sleep(random.int(1, RESTART_MS_MAX), this.#stop.signal)
        }
      }
    }
    this.#processes.push(live())
  }

  #route(log: MemoryLog, signal: AbortSignal): Promise<void> {
    return runRouteLoop({
      endpoint: ENDPOINT,
      topics: this.topics,
      control: new ControlView({ endpoint: ENDPOINT, logger: QUIET, telemetry: NO_TELEMETRY }),
      log,
      clock: this.clock,
      signal,
      logger: QUIET,
      telemetry: NO_TELEMETRY,
      maxValueBytes: 4_096,
      maxBatchBytes: 65_536,
      health: () => {},
    })
  }

  #score(log: MemoryLog, signal: AbortSignal, version: number, instance: string): Promise<void> {
    return runScoreLoop({
      endpoint: ENDPOINT,
      topics: this.topics,
      partitions: PARTITIONS,
      slot: new ModelSlot({
        model: this.#options.model(version),
        features: FEATURES,
        decide: compileDecision({ task: 'binary', threshold: 0.5, labels: { negative: 'stays', positive: 'churns' } }),
      }),
      eventSchema: JSON.stringify({ type: 'record', name: 'Event', fields: [] }),
      variant: 'unnamed',
      batch: { maxBatchSize: 16, maxBatchDelayMs: 5 },
      maxValueBytes: 4_096,
      instance,
      url: 'http://127.0.0.1:1',
      log,
      registry: this.#slowRegistry,
      clock: this.clock,
      telemetry: NO_TELEMETRY,
      logger: QUIET,
      signal,
      health: () => {},
    })
  }

  async #append(
    topic: string,
    partition: number,
    records: readonly { readonly key: Uint8Array | null; readonly value: Uint8Array | null }[],
  ): Promise<void> {
    const batch = new RecordBatchBuilder()
    for (const { key, value } of records) {
      if (key !== null) batch.key(key, 0, key.length)
      if (value !== null) batch.value(value, 0, value.length)
      batch.add(this.clock.nowMs())
    }
    const writer = await this.#operator.openWriter()
    writer.append(topic, partition, batch)
    await writer.flush()
    await writer.close()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}

/** JSON events, with the faults that real producers have. */
function eventValue(random: Rng, customer: string): Uint8Array | null {
  const dice = random.next()
  if (dice < 0.02) return null
  if (dice < 0.04) return Uint8Array.of(7, 7, 7)
  if (dice < 0.05) return Uint8Array.of(0, 0, 0, 0, 99, 2)
  const event: Record<string, unknown> = {
    customerId: customer,
    tenure: dice < 0.07 ? null : random.int(0, 72),
    monthlyCharges: random.chance(0.1) ? null : random.int(2_000, 11_000) / 100,
    contract: random.pick(['Month-to-month', 'One year', 'Two year', 'Never heard of']),
  }
  if (dice < 0.08) event['tenure'] = 'many'
  return new TextEncoder().encode(dice < 0.09 ? JSON.stringify(event).slice(0, -3) : JSON.stringify(event))
}

/** A registry that fails or takes its time. */
function unreliable(
  registry: SchemaRegistry,
  clock: VirtualClock,
  random: Rng,
  faults: SeededFaults,
  odds = { fail: 0, slow: 0 },
): SchemaRegistry {
  const weather = async (): Promise<void> => {
    if (faults.healed) return
    if (random.chance(odds.slow)) await clock.sleep(random.int(100, 5_000))
    if (random.chance(odds.fail))
      throw new DependencyError('registry', 'planned failure', { next: 'repeat the operation' })
  }
  return {
    ...registry,
    schemaById: async (id) => {
      await weather()
      return registry.schemaById(id)
    },
    latest: async (subject) => {
      await weather()
      return registry.latest(subject)
    },
  }
}
