import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type EndpointTopics, endpointTopics, type PlatformConfig } from '@sluice/contracts'
import { kafkaLog } from '@sluice/kafka'
import { confluentSchemaRegistry } from '@sluice/registry'
import { routerGroup } from '@sluice/router'
import { CompiledPlan, planFromConfig } from '@sluice/routing'
import { loadPlatformConfig, systemClock } from '@sluice/runtime'
import { scorerGroup } from '@sluice/scorer'
import type { Log, SchemaRegistry } from '@sluice/stream'
import { checkDelivery, type DeliveryReport, type ReadRecord, readTopic, until } from '@sluice/testing'
import { inject } from 'vitest'
import { type ServiceListening, ServiceProcess } from '../../packages/cli/src/up/service-process.ts'
import { type CommandResult, runCommand } from './run-command.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
export const ENDPOINT = 'churn'
export const CHURN_SCHEMA = join(ROOT, 'examples/churn/customer-event.avsc')
export const CHURN_MODELS = join(ROOT, 'examples/churn/models')
/** How long the platform may take to come to rest: a killed reader's partitions wait for the end of its session, 10 s. */
const REST_MS_MAX = 120_000
const LOG_LINES_SHOWN = 15

const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

type Endpoint = PlatformConfig['endpoints'][string]
type Variant = Endpoint['variants'][number]
type Shadow = Endpoint['shadows'][number]

export interface PlatformOptions {
  /** Part of the topic names, so that tests share a broker. */
  readonly name: string
  readonly variants?: readonly Variant[]
  readonly shadows?: readonly Shadow[]
  readonly partitions?: number
  readonly schema?: string
  readonly modelsDir?: string
  readonly maxValueBytes?: number
  /** Default: the stack that all tests share. */
  readonly brokers?: readonly string[]
  readonly registryUrl?: string
}

export interface RunningProcess extends ServiceListening {
  readonly process: ServiceProcess
}

export const CHAMPION: Variant = { name: 'champion', model: 'churn', version: 7, weight: 80 }
export const CHALLENGER: Variant = { name: 'challenger', model: 'churn', version: 8, weight: 20 }

/** Topics, schemas and services of one test: real processes on a real broker, under names of their own. */
export class TestPlatform {
  readonly dir = mkdtempSync(join(tmpdir(), 'sluice-it-'))
  readonly configFile = join(this.dir, 'sluice.yaml')
  readonly topics: EndpointTopics
  readonly log: Log
  readonly registry: SchemaRegistry
  readonly crashes: string[] = []
  /** Settings of this platform as environment variables; they win over the configuration file. */
  readonly env: Readonly<Record<string, string>>
  readonly #options: PlatformOptions
  readonly #services = new Map<string, RunningProcess>()
  #variants: readonly Variant[]
  #plan: CompiledPlan | undefined

  private constructor(options: PlatformOptions) {
    const prefix = `${options.name}-${randomBytes(4).toString('hex')}`
    const brokers = options.brokers ?? inject('kafkaBrokers')
    const registryUrl = options.registryUrl ?? inject('registryUrl')
    this.#options = options
    this.#variants = options.variants ?? [CHAMPION, CHALLENGER]
    this.topics = endpointTopics(ENDPOINT, prefix)
    this.env = {
      SLUICE_KAFKA__BROKERS: brokers.join(','),
      SLUICE_REGISTRY__URL: registryUrl,
      SLUICE_REDIS__URL: inject('redisUrl'),
      SLUICE_TOPICS__PREFIX: prefix,
      SLUICE_HTTP__ROUTER_PORT: '0',
      SLUICE_HTTP__SCORER_PORT: '0',
      SLUICE_HTTP__METRICS_PORT: '0',
    }
    this.log = kafkaLog({ brokers, clientId: prefix, clock: systemClock, logger: QUIET })
    this.registry = confluentSchemaRegistry({ url: registryUrl, clock: systemClock })
  }

  /** Writes the configuration and creates the topics and schemas. */
  static async open(options: PlatformOptions): Promise<TestPlatform> {
    const platform = new TestPlatform(options)
    mkdirSync(join(platform.dir, 'logs'))
    platform.configure(platform.#variants)
    await platform.succeed('topics', 'apply')
    await platform.succeed('schemas', 'apply')
    return platform
  }

  /** Writes the configuration anew; who runs already does not hear of it. */
  configure(variants: readonly Variant[], schema = this.#options.schema ?? CHURN_SCHEMA): void {
    this.#variants = variants
    this.#plan = undefined
    const { shadows = [], partitions = 3, modelsDir = CHURN_MODELS, maxValueBytes } = this.#options
    const endpoint = {
      key: 'customerId',
      schema,
      partitions,
      variants,
      shadows,
      ...(maxValueBytes === undefined ? {} : { maxValueBytes }),
    }
    writeFileSync(
      this.configFile,
      JSON.stringify({ models: { dir: modelsDir }, endpoints: { [ENDPOINT]: endpoint } }, undefined, 1),
    )
  }

  get variants(): readonly Variant[] {
    return this.#variants
  }

  get partitions(): number {
    return this.#options.partitions ?? 3
  }

  /** A command as a person runs it against this platform. */
  sluice(...args: string[]): Promise<CommandResult> {
    return runCommand([...args, '--config', this.configFile], { ...process.env, ...this.env })
  }

  /** A command that has to end well; its JSON document. */
  async succeed<T>(...args: string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.sluice(...args, '--json')
    if (exitCode !== 0) throw new Error(`sluice ${args.join(' ')} ended with ${exitCode}:\n${stderr}`)
    return JSON.parse(stdout) as T
  }

  /** Starts a router; resolves when it listens. It is started again when it crashes, as `sluice up` does. */
  router(name = 'router'): Promise<RunningProcess> {
    return this.#start(name, 'router', [])
  }

  scorer(version: number, name = `scorer-v${version}`): Promise<RunningProcess> {
    return this.#start(name, 'scorer', ['--endpoint', ENDPOINT, '--version', String(version)])
  }

  /** Router, a scorer per variant, and the plan in force. */
  async start(): Promise<void> {
    await Promise.all([this.router(), ...this.#versions().map((version) => this.scorer(version))])
    await this.plan()
    await this.ready()
  }

  service(name: string): RunningProcess {
    const service = this.#services.get(name)
    if (service === undefined) throw new Error(`${name} was not started`)
    return service
  }

  async stopService(name: string): Promise<void> {
    await this.service(name).process.stop()
    this.#services.delete(name)
  }

  /** Puts the configured plan into force once its scorers are ready. */
  async plan(): Promise<void> {
    let last: CommandResult | undefined
    await until(
      'a plan in force',
      async () => {
        last = await this.sluice('plan', 'apply')
        return last.exitCode === 0 ? true : undefined
      },
      { still: () => `${last?.stderr}\n${this.logLines()}` },
    )
  }

  /** Waits until every service says that it is ready. */
  async ready(): Promise<void> {
    for (const [name, { ops }] of this.#services) {
      await until(
        `${name} ready`,
        async () => ((await fetch(`${ops}/health/ready`).catch(() => undefined))?.status === 200 ? true : undefined),
        { still: () => this.logLines() },
      )
    }
  }

  /** Waits until a service says that it is not ready and resolves with the broken conditions. */
  notReady(name: string): Promise<readonly { readonly condition: string; readonly reason: string }[]> {
    return until(
      `${name} not ready`,
      async () => {
        const answer = await fetch(`${this.service(name).ops}/health/ready`)
        if (answer.status !== 503) return undefined
        return ((await answer.json()) as { problems: { condition: string; reason: string }[] }).problems
      },
      { still: () => this.logLines(), waitMsMax: REST_MS_MAX },
    )
  }

  /** Records in a topic, all partitions together. */
  async count(topic: string): Promise<number> {
    return (await this.log.admin.offsets(topic)).reduce(
      (sum, { earliest, latest }) => sum + Number(latest - earliest),
      0,
    )
  }

  /** Waits until the router and after it the scorers have committed everything. */
  async rest(): Promise<void> {
    const stages = [
      [{ group: routerGroup(this.topics), topic: this.topics.events }],
      this.#versions().map((version) => ({
        group: scorerGroup(this.topics, version),
        topic: this.topics.version(version),
      })),
    ]
    for (const { group, topic } of stages.flat()) await this.caughtUp(group, topic)
  }

  /** Waits until a group has committed everything that is in a topic. */
  async caughtUp(group: string, topic: string): Promise<void> {
    let behind = ''
    await until(
      `the end of ${topic} for ${group}`,
      async () => {
        behind = await this.#behind(group, topic)
        return behind === '' ? true : undefined
      },
      { waitMsMax: REST_MS_MAX, still: () => `${behind}\n${this.crashes.join('\n')}\n${this.logLines()}` },
    )
  }

  read(what: 'events' | 'predictions' | 'shadows' | 'deadLetters'): Promise<readonly ReadRecord[]> {
    return readTopic(this.log, this.topics[what])
  }

  /** The version that the configured split gives a key. */
  versionOf(key: Uint8Array | null): number {
    this.#plan ??= new CompiledPlan(
      planFromConfig(
        ENDPOINT,
        loadPlatformConfig({ file: this.configFile, env: this.env }).config.endpoints[ENDPOINT]!,
        1,
      ),
    )
    return this.#plan.variants[this.#plan.variantIndex(key ?? new Uint8Array(0), 0, key === null ? -1 : key.length)]!
      .version
  }

  /** Holds everything that came out against everything that went in. For a platform whose plan never changed. */
  async delivery(): Promise<DeliveryReport & { readonly records: readonly ReadRecord[] }> {
    const predictions = await this.read('predictions')
    const report = checkDelivery({
      topics: this.topics,
      events: await this.read('events'),
      predictions,
      deadLetters: await this.read('deadLetters'),
      delivery: 'at_least_once',
      versionOf: ({ key }) => this.versionOf(key),
    })
    return { ...report, records: predictions }
  }

  /** The newest lines of every service's log, for messages. */
  logLines(): string {
    return [...this.#services.keys()]
      .map((name) => {
        const lines = readFileSync(this.#logFile(name), 'utf8').trimEnd().split('\n')
        return [`--- ${name}`, ...lines.slice(-LOG_LINES_SHOWN)].join('\n')
      })
      .join('\n')
  }

  async stop(): Promise<void> {
    // Told to end all at once: nothing is in hand any more, and each leaves its group in its own time.
    await Promise.all([...this.#services.values()].map((service) => service.process.stop()))
    await this.log.close()
    rmSync(this.dir, { recursive: true, force: true })
  }

  async #start(name: string, service: 'router' | 'scorer', args: readonly string[]): Promise<RunningProcess> {
    const serviceProcess = new ServiceProcess({
      name,
      entry: join(ROOT, 'services', service, 'src/main.ts'),
      args: ['--config', this.configFile, ...args],
      env: this.env,
      logFile: this.#logFile(name),
      onCrash: (crashed, reason) => this.crashes.push(`${crashed} ended: ${reason}`),
    })
    const running = { ...(await serviceProcess.start()), process: serviceProcess }
    this.#services.set(name, running)
    return running
  }

  #versions(): readonly number[] {
    return [...this.#variants, ...(this.#options.shadows ?? [])].map(({ version }) => version)
  }

  async #behind(group: string, topic: string): Promise<string> {
    const committed = new Map(
      (await this.log.admin.committedOffsets(group, topic)).map(({ partition, offset }) => [partition, offset]),
    )
    return (await this.log.admin.offsets(topic))
      .filter(({ partition, earliest, latest }) => (committed.get(partition) ?? earliest) < latest)
      .map(({ partition, latest }) => `${topic}/${partition} at ${committed.get(partition)} of ${latest}`)
      .join('\n')
  }

  #logFile(name: string): string {
    return join(this.dir, 'logs', `${name}.log`)
  }
}
