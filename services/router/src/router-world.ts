import { endpointTopics, type Labels } from '@sluice/contracts'
import { formatControlRecord, type RoutePlan, type ScorerReady } from '@sluice/routing'
import {
  type FaultPlan,
  HeaderBlockBuilder,
  type Logger,
  type LogWriter,
  type MemoryLog,
  memoryBroker,
  RecordBatchBuilder,
  readHeaders,
  type Slab,
  slabKey,
  slabOffset,
  slabValue,
  type Telemetry,
  VirtualClock,
} from '@sluice/stream'
import { ControlView } from './control-view.ts'
import { runRouteLoop } from './route-loop.ts'

/** A record as tests look at it. */
export interface SeenRecord {
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly headerBytes: Uint8Array
}

export interface NewRecord {
  readonly partition: number
  /** Latin-1, so that any byte can be written down. */
  readonly key: string | null
  readonly value: string | null
  readonly headers?: readonly (readonly [string, string | null])[]
}

/** Not TextDecoder's latin1, which is windows-1252 and changes bytes. */
const latin1Of = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** Counters and gauges by name and labels. */
export class RecordingTelemetry implements Telemetry {
  readonly values = new Map<string, number>()

  count(name: string, labels: Labels, by: number): void {
    const key = seriesKey(name, labels)
    this.values.set(key, (this.values.get(key) ?? 0) + by)
  }
  gauge(name: string, labels: Labels, value: number): void {
    this.values.set(seriesKey(name, labels), value)
  }
  clearGauge(name: string, labels: Labels): void {
    this.values.delete(seriesKey(name, labels))
  }
  observe(): void {}
  observeAll(): void {}

  value(name: string, labels: Labels): number {
    return this.values.get(seriesKey(name, labels)) ?? 0
  }
}

function seriesKey(name: string, labels: Labels): string {
  return `${name} ${JSON.stringify(Object.entries(labels).sort())}`
}

export interface RunningRouter {
  readonly log: MemoryLog
  readonly control: ControlView
  /** Last word of the loop on its health. */
  readonly health: () => string | undefined
  /** Rejects with what ended the loop. */
  readonly finished: Promise<void>
  stop(): Promise<void>
}

/** One endpoint on an in-memory broker in virtual time, with the routers that a test starts. */
export class RouterWorld {
  readonly clock = new VirtualClock(1_700_000_000_000)
  readonly telemetry = new RecordingTelemetry()
  readonly topics = endpointTopics('churn')
  readonly partitions: number
  readonly #broker
  readonly #log: MemoryLog
  #writer: LogWriter | undefined

  constructor(partitions = 3, maxPollBytes = 16_384) {
    this.partitions = partitions
    this.#broker = memoryBroker({ clock: this.clock, maxPollBytes })
    this.#log = this.#broker.connect('test')
  }

  get log(): MemoryLog {
    return this.#log
  }

  async createTopics(versions: readonly number[]): Promise<void> {
    const { events, control, deadLetters } = this.topics
    const names = [events, control, deadLetters, ...versions.map((version) => this.topics.version(version))]
    await this.#log.admin.createTopics(
      names.map((name) => ({ name, partitions: this.partitions, replication: 1, config: {} })),
    )
  }

  /** Appends records in order. */
  async produce(topic: string, records: readonly NewRecord[]): Promise<void> {
    this.#writer ??= await this.#log.openWriter()
    const builders = new Map<number, RecordBatchBuilder>()
    for (const record of records) {
      let builder = builders.get(record.partition)
      if (builder === undefined) {
        builder = new RecordBatchBuilder({ maxBytes: 64 * 1024 * 1024 })
        builders.set(record.partition, builder)
      }
      const headers = new HeaderBlockBuilder()
      for (const [name, value] of record.headers ?? []) headers.binary(name, value === null ? null : bytesOf(value))
      const key = record.key === null ? null : bytesOf(record.key)
      const value = record.value === null ? null : bytesOf(record.value)
      builder.key(key ?? new Uint8Array(0), 0, key?.length ?? -1)
      builder.value(value ?? new Uint8Array(0), 0, value?.length ?? -1)
      builder.extraHeaders(headers)
      builder.add(this.clock.nowMs())
    }
    for (const [partition, builder] of builders) this.#writer.append(topic, partition, builder)
    await this.#writer.flush()
  }

  async publish(record: RoutePlan | ScorerReady, partition = 0): Promise<void> {
    const { key, value } = formatControlRecord('kind' in record ? record : { kind: 'plan', plan: record })
    await this.produce(this.topics.control, [{ partition, key: latin1Of(key), value: latin1Of(value) }])
  }

  startRouter(
    name: string,
    options: { readonly faults?: FaultPlan; readonly maxValueBytes?: number } = {},
  ): RunningRouter {
    const log = this.#broker.connect(name, options.faults === undefined ? {} : { faults: options.faults })
    const { telemetry, clock, topics } = this
    const control = new ControlView({ endpoint: 'churn', logger: silentLogger, telemetry })
    const stop = new AbortController()
    let health: string | undefined = 'not started'
    const finished = runRouteLoop({
      endpoint: 'churn',
      topics,
      control,
      log,
      clock,
      signal: stop.signal,
      logger: silentLogger,
      telemetry,
      maxValueBytes: options.maxValueBytes ?? 1_048_576,
      maxBatchBytes: 1_048_576,
      health: (problem) => {
        health = problem
      },
    })
    finished.catch(() => {}) // The test that expects an end awaits it.
    return {
      log,
      control,
      health: () => health,
      finished,
      stop: async () => {
        stop.abort()
        await this.clock.advance(60_000)
        await finished
      },
    }
  }

  /** Everything in a topic, by partition and offset. */
  async read(topic: string): Promise<readonly SeenRecord[]> {
    const ends = await this.#log.admin.offsets(topic)
    const reader = await this.#log.openReader({
      partitions: ends.map(({ partition }) => ({ topic, partition, offset: 'earliest' as const })),
    })
    const records: SeenRecord[] = []
    for (;;) {
      const slabs = await reader.poll({ maxWaitMs: 0 })
      if (slabs.length === 0) break
      for (const slab of slabs) for (let i = 0; i < slab.count; i++) records.push(seen(slab, i))
    }
    await reader.close()
    return records.sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset))
  }

  /** Lets time pass until the group has committed everything that is in `events` now. */
  async routeEverything(limitMs = 600_000): Promise<boolean> {
    const ends = await this.#log.admin.offsets(this.topics.events)
    const group = `sluice.router.${this.topics.events}`
    let caughtUp = false
    const check = async (): Promise<void> => {
      const committed = await this.#log.admin.committedOffsets(group, this.topics.events)
      caughtUp = ends.every(({ partition, latest }) => {
        return latest === 0n || committed.find((c) => c.partition === partition)?.offset === latest
      })
    }
    return this.clock.runUntil(() => {
      void check()
      return caughtUp
    }, limitMs)
  }
}

function seen(slab: Slab, index: number): SeenRecord {
  const key = slabKey(slab, index)
  const value = slabValue(slab, index)
  const headers: [string, string | null][] = []
  const start = slab.headerStarts[index]!
  const length = slab.headerLengths[index]!
  readHeaders(
    slab.bytes,
    start,
    length,
    slab.headerCounts[index]!,
    (nameStart, nameLength, valueStart, valueLength) => {
      headers.push([
        latin1Of(slab.bytes.subarray(nameStart, nameStart + nameLength)),
        valueLength < 0 ? null : latin1Of(slab.bytes.subarray(valueStart, valueStart + valueLength)),
      ])
      return true
    },
  )
  return {
    partition: slab.partition,
    offset: slabOffset(slab, index),
    timestamp: slab.timestamps[index]!,
    key: key === null ? null : latin1Of(key),
    value: value === null ? null : latin1Of(value),
    headers,
    headerBytes: slab.bytes.slice(start, start + length),
  }
}
