import { endpointTopics, HEADERS } from '@sluice/contracts'
import { CompiledPlan, type ControlRecord, formatControlRecord, type RoutePlan } from '@sluice/routing'
import { type NamedRow, type OipModel, oipServer, Readiness, RequestRefused, systemClock } from '@sluice/runtime'
import { type Fault, type LogOperation, memoryBroker, RecordBatchBuilder } from '@sluice/stream'
import { readTopic } from '@sluice/testing'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { startRouter } from './router.ts'
import { RecordingTelemetry, silentLogger } from './router-world.ts'

const topics = endpointTopics('churn')
const PARTITIONS = 4
const SCHEMA = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'customerId', type: 'string' },
    { name: 'tenure', type: ['null', 'double'] },
  ],
}
/** Bound on every wait, in milliseconds; reached only when something is broken. */
const WAIT_MS = 10_000

function plan(generation: number, weightsBp: readonly number[]): RoutePlan {
  return {
    generation,
    endpoint: 'churn',
    salt: 'churn',
    variants: weightsBp.map((weightBp, i) => ({ name: `v${7 + i}`, model: 'churn', version: 7 + i, weightBp })),
    shadows: [],
  }
}

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop()
})

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = systemClock.nowMs() + WAIT_MS
  while (!(await holds())) {
    if (systemClock.nowMs() > deadlineMs) throw new Error(`did not happen: ${what}`)
    await systemClock.sleep(10)
  }
}

async function setUp(fault?: (operation: LogOperation) => Fault | undefined) {
  const broker = memoryBroker({ clock: systemClock })
  const log = broker.connect('test')
  const names = [topics.events, topics.control, topics.deadLetters, topics.version(7), topics.version(8)]
  await log.admin.createTopics(names.map((name) => ({ name, partitions: PARTITIONS, replication: 1, config: {} })))
  const writer = await log.openWriter()
  const stop = new AbortController()
  const telemetry = new RecordingTelemetry()
  const readiness = new Readiness(systemClock, { graceMs: 0 })
  const router = (await startRouter({
    endpoints: [
      {
        name: 'churn',
        topics,
        partitions: PARTITIONS,
        keyField: 'customerId',
        schema: SCHEMA,
        maxValueBytes: 1_048_576,
      },
    ],
    log: broker.connect('router', fault && { faults: { at: ({ operation }) => fault(operation) } }),
    clock: systemClock,
    signal: stop.signal,
    logger: silentLogger,
    telemetry,
    readiness,
  }))!
  stops.push(async () => {
    stop.abort()
    await router.http.close()
    await router.finished
  })
  const publish = async (record: ControlRecord): Promise<void> => {
    const { key, value } = formatControlRecord(record)
    const batch = new RecordBatchBuilder()
    batch.key(key, 0, key.length)
    batch.value(value, 0, value.length)
    batch.add(systemClock.nowMs())
    writer.append(topics.control, 0, batch)
    await writer.flush()
  }
  const status = async (url: string): Promise<number> => (await router.http.inject(url)).statusCode
  return {
    log,
    readiness,
    telemetry,
    http: router.http,
    publish,
    /** Publishes a plan and waits until the router goes by it. */
    follow: async (of: RoutePlan): Promise<void> => {
      await publish({ kind: 'plan', plan: of })
      const series = () => telemetry.value('sluice_plan_generation', { endpoint: 'churn' })
      await eventually(`plan ${of.generation} is in force`, () => series() === of.generation)
    },
    announce: (version: number, instance: string, url: string, ready = true): Promise<void> =>
      publish({ kind: 'scorer-ready', version, instance, ready, url, since: systemClock.nowMs() }),
    endpointReady: (): Promise<void> =>
      eventually('the endpoint is ready', async () => (await status('/v2/models/churn/ready')) === 200),
    infer: (body: object) => router.http.inject({ method: 'POST', url: '/v2/models/churn/infer', payload: body }),
  }
}

/** A process that answers as a scorer of one version does: its score is ten times the tenure plus the version. */
async function startScorer(version: number, score?: (rows: readonly NamedRow[]) => number[]): Promise<string> {
  const model: OipModel = {
    metadata: (asked) =>
      asked === undefined || asked === String(version)
        ? { name: 'churn', versions: [String(version)], platform: 'test', inputs: [], outputs: [] }
        : undefined,
    ready: () => true,
    infer: async (rows) => {
      const scores = score?.(rows) ?? rows.map((row) => Number(row['tenure']) * 10 + version)
      const n = rows.length
      return {
        modelVersion: String(version),
        outputs: [
          { name: 'score', datatype: 'FP32', shape: [n], data: scores },
          { name: 'decision', datatype: 'BYTES', shape: [n], data: scores.map((s) => (s > 50 ? 'leaves' : 'stays')) },
          { name: 'scores', datatype: 'FP32', shape: [n, 2], data: scores.flatMap((s) => [s, -s]) },
        ],
      }
    },
  }
  const app = oipServer({
    serverName: 'scorer',
    serverVersion: '0',
    ready: () => true,
    model: (name) => (name === 'churn' ? model : undefined),
  })
  return listen(app)
}

async function listen(app: FastifyInstance): Promise<string> {
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  stops.push(() => app.close())
  return url
}

/** An address at which nobody listens. */
async function deadUrl(): Promise<string> {
  const app = oipServer({ serverName: 'gone', serverVersion: '0', ready: () => true, model: () => undefined })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  await app.close()
  return url
}

const tensor = (name: string, datatype: string, data: readonly unknown[]) => ({
  name,
  datatype,
  shape: [data.length],
  data,
})
const rowOf = (customerId: string, tenure = 3) => ({
  inputs: [tensor('customerId', 'BYTES', [customerId]), tensor('tenure', 'INT32', [tenure])],
})
const outputs = (body: { outputs: { name: string; data: unknown[] }[] }): Record<string, unknown[]> =>
  Object.fromEntries(body.outputs.map((output) => [output.name, output.data]))

test('rows are assigned as the stream assigns them, scored by their versions, and recorded once', async () => {
  const world = await setUp()
  const split = plan(3, [5000, 5000])
  await world.announce(7, 'a', await startScorer(7))
  await world.announce(8, 'b', await startScorer(8))
  await world.follow(split)
  await world.endpointReady()
  const customers = Array.from({ length: 40 }, (_, i) => `customer-${i}`)
  const tenures = customers.map((_, i) => i)
  const answer = await world.infer({
    id: 'request-1',
    inputs: [tensor('customerId', 'BYTES', customers), tensor('tenure', 'INT32', tenures)],
  })
  expect(answer.statusCode).toBe(200)
  const body = answer.json()
  expect(body).toMatchObject({ model_name: 'churn', id: 'request-1', parameters: { plan: 3 }, model_version: '7,8' })
  const { predictionId, variant, version, score, decision, scores } = outputs(body)

  const events = new Map((await readTopic(world.log, topics.events)).map((e) => [`${e.partition}.${e.offset}`, e]))
  expect(events.size).toBe(40)
  const compiled = new CompiledPlan(split)
  customers.forEach((customer, i) => {
    const key = new TextEncoder().encode(customer)
    const expected = split.variants[compiled.variantIndex(key, 0, key.length)]!
    expect([variant![i], version![i]]).toEqual([expected.name, expected.version])
    expect(score![i]).toBe(i * 10 + expected.version)
    expect(decision![i]).toBe(i * 10 + expected.version > 50 ? 'leaves' : 'stays')
    expect(scores!.slice(2 * i, 2 * i + 2)).toEqual([score![i], -score![i]!])
    const id = /^churn\.(\d+)\.(\d+\.\d+)$/.exec(String(predictionId![i]))!
    expect(Number(id[1])).toBe(expected.version)
    const event = events.get(id[2]!)!
    expect(new TextDecoder().decode(event.key!)).toBe(customer)
    expect(JSON.parse(new TextDecoder().decode(event.value!))).toEqual({ customerId: customer, tenure: i })
    expect(event.header(HEADERS.pinnedPlan)).toBe('3')
    events.delete(id[2]!)
  })
  expect(events.size, 'no event beside those of the rows').toBe(0)

  // The stream routes the recorded events to the versions that answered.
  const routed = async () => [
    await readTopic(world.log, topics.version(7)),
    await readTopic(world.log, topics.version(8)),
  ]
  await eventually('all events are routed', async () => (await routed()).flat().length === 40)
  const [seven, eight] = await routed()
  const keysOf = (records: typeof seven) => records!.map((r) => new TextDecoder().decode(r.key!)).sort()
  expect(keysOf(seven)).toEqual(customers.filter((_, i) => version![i] === 7).sort())
  expect(keysOf(eight)).toEqual(customers.filter((_, i) => version![i] === 8).sort())
})

test('an event answered by one plan is routed by that plan although a newer one is in force', async () => {
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  let wasAsked = false
  const world = await setUp()
  const app = oipServer({
    serverName: 'slow',
    serverVersion: '0',
    ready: () => true,
    model: () => ({
      metadata: () => ({ name: 'churn', versions: ['8'], platform: 'test', inputs: [], outputs: [] }),
      ready: () => true,
      infer: async () => {
        wasAsked = true
        await held
        return { modelVersion: '8', outputs: [{ name: 'score', datatype: 'FP32', shape: [1], data: [0.5] }] }
      },
    }),
  })
  await world.announce(8, 'slow', await listen(app))
  await world.follow(plan(1, [0, 10_000]))
  await world.endpointReady()
  // An injected request starts when somebody waits for it.
  const answer = world.infer(rowOf('c-1')).then((response) => response)
  await eventually('the scorer is asked', () => wasAsked)
  await world.follow(plan(2, [10_000, 0]))
  release()
  expect((await answer).json()).toMatchObject({ model_version: '8', parameters: { plan: 1 } })
  await eventually('the event is routed', async () => (await readTopic(world.log, topics.version(8))).length === 1)
  expect(await readTopic(world.log, topics.version(7))).toHaveLength(0)
})

test('a key beside a single row and a choice of outputs', async () => {
  const world = await setUp()
  await world.announce(7, 'a', await startScorer(7))
  await world.follow(plan(1, [10_000]))
  await world.endpointReady()
  const answer = await world.infer({
    parameters: { key: 'c-9' },
    inputs: [tensor('tenure', 'FP64', [1.5])],
    outputs: [{ name: 'score' }, { name: 'predictionId' }],
  })
  expect(answer.json().outputs.map((o: { name: string }) => o.name)).toEqual(['score', 'predictionId'])
  const [event] = await readTopic(world.log, topics.events)
  expect(new TextDecoder().decode(event!.key!)).toBe('c-9')
  expect(new TextDecoder().decode(event!.value!)).toBe('{"tenure":1.5,"customerId":"c-9"}')
})

test('what cannot be answered is refused with its reason, and nothing is recorded', async () => {
  const world = await setUp()
  const refused = async (body: object): Promise<[number, string, string | undefined]> => {
    const answer = await world.infer(body)
    expect(answer.headers['content-type']).toContain('application/problem+json')
    const { type, field, detail, error } = answer.json()
    expect(error).toBe(detail)
    return [answer.statusCode, type.replace('urn:sluice:problem:', ''), field]
  }
  expect(await refused(rowOf('c'))).toEqual([503, 'no-plan', undefined])
  expect((await world.http.inject('/v2/models/churn/ready')).statusCode).toBe(503)
  await world.follow(plan(1, [10_000]))
  expect(await refused(rowOf('c'))).toEqual([503, 'no-ready-scorer', undefined])
  expect((await world.http.inject('/v2/models/churn/ready')).statusCode).toBe(503)
  const fault = (): number[] => {
    throw new RequestRefused(
      422,
      'E_FEATURE_MISSING',
      'tenure',
      'row 0: tenure: a feature that must not be missing is missing',
    )
  }
  await world.announce(7, 'a', await startScorer(7, fault))
  await world.endpointReady()
  expect(await refused(rowOf('c'))).toEqual([422, 'E_FEATURE_MISSING', 'tenure'])
  expect(await refused({ inputs: [tensor('tenure', 'INT32', [1])] })).toEqual([400, 'invalid-event', 'inputs'])
  const misspelt = { inputs: [...rowOf('c').inputs, tensor('tenur', 'INT32', [1])] }
  expect(await refused(misspelt)).toEqual([400, 'unknown-field', 'inputs[2].name'])
  expect(await refused({ inputs: [] })).toEqual([400, 'invalid-request', 'inputs'])
  expect(await readTopic(world.log, topics.events)).toHaveLength(0)
})

test('a scorer that does not answer, or answers nonsense, is passed over', async () => {
  const world = await setUp()
  const nonsense = oipServer({ serverName: 'odd', serverVersion: '0', ready: () => true, model: () => undefined })
  await world.announce(7, 'gone', await deadUrl())
  await world.announce(7, 'odd', await listen(nonsense))
  await world.announce(7, 'fine', await startScorer(7))
  await world.follow(plan(1, [10_000]))
  await world.endpointReady()
  for (let i = 0; i < 3; i++) expect((await world.infer(rowOf(`c-${i}`))).statusCode).toBe(200)
  expect(world.telemetry.value('sluice_dependency_errors_total', { dependency: 'scorer' })).toBeGreaterThan(0)
  await world.announce(7, 'fine', 'http://127.0.0.1:1', false)
  await eventually('nobody is left who answers', async () => {
    const { statusCode, payload } = await world.infer(rowOf('c'))
    return statusCode === 503 && payload.includes('scorer-unavailable')
  })
})

test('variants whose answers cannot be put together are told apart', async () => {
  const world = await setUp()
  const other: OipModel = {
    metadata: () => ({ name: 'churn', versions: ['8'], platform: 'test', inputs: [], outputs: [] }),
    ready: () => true,
    infer: async (rows) => ({
      modelVersion: '8',
      outputs: [{ name: 'score', datatype: 'FP32', shape: [rows.length], data: rows.map(() => 0.5) }],
    }),
  }
  const app = oipServer({ serverName: 'other', serverVersion: '0', ready: () => true, model: () => other })
  await world.announce(7, 'a', await startScorer(7))
  await world.announce(8, 'b', await listen(app))
  await world.follow(plan(1, [5000, 5000]))
  await world.endpointReady()
  const customers = Array.from({ length: 20 }, (_, i) => `customer-${i}`)
  const inputs = [
    tensor('customerId', 'BYTES', customers),
    tensor(
      'tenure',
      'INT32',
      customers.map(() => 1),
    ),
  ]
  const answer = await world.infer({ inputs })
  expect([answer.statusCode, answer.json().type]).toEqual([503, 'urn:sluice:problem:scorers-disagree'])
  expect(await readTopic(world.log, topics.events)).toHaveLength(0)
})

test('an event that the log does not acknowledge is not answered for', async () => {
  const world = await setUp((operation) => (operation === 'produce' ? { kind: 'fail' } : undefined))
  await world.announce(7, 'a', await startScorer(7))
  await world.follow(plan(1, [10_000]))
  await world.endpointReady()
  const answer = await world.infer(rowOf('c'))
  expect([answer.statusCode, answer.json().type]).toEqual([503, 'urn:sluice:problem:not-recorded'])
})

test('metadata names the live versions and the fields of the event schema; an endpoint has no versions to ask for', async () => {
  const world = await setUp()
  await world.follow(plan(1, [10_000, 0]))
  const metadata = (await world.http.inject('/v2/models/churn')).json()
  expect(metadata).toMatchObject({
    name: 'churn',
    versions: ['7'],
    inputs: [
      { name: 'customerId', datatype: 'BYTES', shape: [-1] },
      { name: 'tenure', datatype: 'FP64', shape: [-1] },
    ],
  })
  expect(metadata.outputs.map((o: { name: string }) => o.name)).toEqual([
    'predictionId',
    'variant',
    'version',
    'score',
    'decision',
  ])
  expect((await world.http.inject('/v2/models/churn/versions/7')).statusCode).toBe(404)
  expect((await world.http.inject('/v2/models/__proto__')).statusCode).toBe(404)
})

test('the router is ready once it has a plan and partitions', async () => {
  const world = await setUp()
  expect((await world.http.inject('/v2/health/live')).statusCode).toBe(200)
  expect((await world.http.inject('/v2/health/ready')).statusCode).toBe(503)
  await world.follow(plan(1, [10_000]))
  await eventually('the router is ready', async () => (await world.http.inject('/v2/health/ready')).statusCode === 200)
})
