import { parsePredictionId } from '@sluice/contracts'
import { appendRecords, until } from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Customer, churnCustomers, customerEncoder, decodePrediction } from './churn-events.ts'
import { CHALLENGER, CHAMPION, ENDPOINT, TestPlatform } from './platform.ts'
import { type ReferenceScorer, referenceScorer } from './reference-scorer.ts'

const ROWS = 50
const VERSIONS = [7, 8] as const

interface Tensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly unknown[]
}
interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: {
    readonly outputs?: readonly Tensor[]
    readonly parameters?: { readonly plan: number }
    readonly inputs?: readonly Tensor[]
    readonly field?: string
    readonly detail?: string
    readonly type?: string
    readonly ready?: boolean
  }
}

describe.skipIf(inject('stackKind') === 'embedded')('scores over REST', () => {
  let platform: TestPlatform
  const reference = new Map<number, ReferenceScorer>()
  const customers = churnCustomers()
  beforeAll(async () => {
    for (const version of VERSIONS) reference.set(version, await referenceScorer(version))
    platform = await TestPlatform.open({
      name: 'rest',
      variants: [
        { ...CHAMPION, weight: 50 },
        { ...CHALLENGER, weight: 50 },
      ],
    })
    await platform.start()
  })
  afterAll(() => platform?.stop())

  async function call(service: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${platform.service(service).http}${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    })
    const contentType = response.headers.get('content-type') ?? ''
    return { status: response.status, contentType, body: (await response.json()) as Answer['body'] }
  }

  /** Customers as tensors, one for each input that the model names. */
  async function tensorsOf(service: string, path: string, rows: readonly Customer[]): Promise<readonly Tensor[]> {
    const { status, body } = await call(service, path)
    expect(status).toBe(200)
    return body.inputs!.map(({ name, datatype }) => ({
      name,
      datatype,
      shape: [rows.length],
      data: rows.map((row) => row[name] ?? null),
    }))
  }

  const column = <T>({ body }: Answer, name: string): readonly T[] =>
    body.outputs!.find((output) => output.name === name)!.data as readonly T[]

  const endpointPath = `/v2/models/${ENDPOINT}`
  const infer = async (rows: readonly Customer[]): Promise<Answer> =>
    call('router', `${endpointPath}/infer`, { inputs: await tensorsOf('router', endpointPath, rows) })

  test('a score is the one that the stream records under the same id', async () => {
    const rows = customers.slice(0, ROWS)
    const answer = await infer(rows)
    expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    await platform.rest()
    const recorded = new Map(
      (await platform.read('predictions'))
        .map(decodePrediction)
        .map((prediction) => [prediction.predictionId, prediction]),
    )
    expect(recorded.size).toBe(ROWS)
    const ids = column<string>(answer, 'predictionId')
    for (const [i, id] of ids.entries()) {
      const version = platform.versionOf(new TextEncoder().encode(rows[i]!.customerId))
      const score = column<number>(answer, 'score')[i]!
      const variant = version === 7 ? 'champion' : 'challenger'
      expect(recorded.get(id)).toMatchObject({ version, variant, score, plan: 1, mode: 'live' })
      expect(recorded.get(id)!.decision).toBe(column<string>(answer, 'decision')[i])
      expect([column<string>(answer, 'variant')[i], column<number>(answer, 'version')[i]]).toEqual([variant, version])
      expect(score).toBe((await reference.get(version)!(rows[i]!)).score)
    }
    expect(await platform.delivery()).toMatchObject({ violations: [], events: ROWS, predicted: ROWS, duplicates: 0 })

    const { eventId, ...found } = await platform.succeed<{
      eventId: string
      event: { key: string; value: Customer }
      predictions: { value: { predictionId: string; score: number } }[]
    }>('inspect', ids[0]!)
    const { partition, offset } = parsePredictionId(ids[0]!)!
    expect(eventId).toBe(`${ENDPOINT}.${partition}.${offset}`)
    expect(found.event).toMatchObject({ key: rows[0]!.customerId, value: rows[0] })
    expect(found.predictions.map(({ value }) => [value.predictionId, value.score])).toEqual([
      [ids[0], column<number>(answer, 'score')[0]],
    ])
  })

  test.each(VERSIONS)('the scorer of version %i answers for itself and records nothing', async (version) => {
    const path = `/v2/models/churn/versions/${version}`
    const rows = customers.slice(100, 100 + ROWS)
    const before = await platform.count(platform.topics.events)
    const inputs = await tensorsOf(`scorer-v${version}`, path, rows)
    const answer = await call(`scorer-v${version}`, `${path}/infer`, { inputs })
    for (const [i, row] of rows.entries()) {
      const score = column<number>(answer, 'score')[i]
      expect({ score, decision: column<string>(answer, 'decision')[i] }).toEqual(await reference.get(version)!(row))
    }
    expect(await platform.count(platform.topics.events)).toBe(before)
    for (const service of ['router', `scorer-v${version}`]) {
      expect((await call(service, '/v2/health/live')).status).toBe(200)
      expect((await call(service, '/v2/health/ready')).status).toBe(200)
    }
    expect((await call(`scorer-v${version}`, `${path}/ready`)).status).toBe(200)
  })

  const one = (name: string, data: unknown, datatype = 'BYTES'): Tensor => ({
    name,
    datatype,
    shape: [1],
    data: [data],
  })
  const somebody = [
    one('customerId', 'C1'),
    one('tenure', 5, 'INT32'),
    one('contract', 'One year'),
    one('paymentMethod', 'Mailed check'),
  ]
  const without = (name: string): readonly Tensor[] => somebody.filter((tensor) => tensor.name !== name)

  test.each<readonly [what: string, status: number, field: string | RegExp, inputs: readonly Tensor[]]>([
    ['a name that the schema does not have', 400, 'inputs[4].name', [...somebody, one('tenur', 5, 'INT32')]],
    ['a text for a number', 400, 'inputs[3].data[0]', [...without('tenure'), one('tenure', 'five', 'INT32')]],
    ['a shape that does not fit', 400, 'inputs[0].data', [{ ...somebody[0]!, data: [] }]],
    ['a feature that must not be missing', 422, 'tenure', without('tenure')],
    ['a null for such a feature', 422, 'tenure', [...without('tenure'), one('tenure', null, 'INT32')]],
    ['no key', 400, 'inputs', without('customerId')],
    ['an empty key', 400, 'customerId[0]', [...without('customerId'), one('customerId', '')]],
    ['no tensor', 400, 'inputs', []],
  ])('%s is refused by name, and nothing is recorded', async (_what, status, field, inputs) => {
    const before = await platform.count(platform.topics.events)
    const answer = await call('router', `${endpointPath}/infer`, { inputs })
    expect(answer.contentType).toContain('application/problem+json')
    expect(answer).toMatchObject({
      status,
      body: { status, field, type: expect.stringMatching(/^urn:sluice:problem:/) },
    })
    expect(answer.body.detail).not.toBe('')
    expect(await platform.count(platform.topics.events)).toBe(before)
  })

  test('a model and a version that are not served are not found', async () => {
    for (const [service, path] of [
      ['router', '/v2/models/nothing'],
      ['router', `${endpointPath}/versions/7`],
      ['scorer-v7', '/v2/models/churn/versions/8'],
    ] as const) {
      const answer = await call(service, path)
      expect([answer.status, answer.contentType], path).toEqual([404, expect.stringContaining('problem+json')])
      expect((await call(service, `${path}/infer`, { inputs: somebody })).status).toBe(404)
    }
  })

  test('other weights take effect without a restart, and weight 0 is no traffic', async () => {
    const names = ['router', 'scorer-v7', 'scorer-v8']
    const pids = names.map((name) => platform.service(name).process.pid)
    platform.configure([
      { ...CHAMPION, weight: 0 },
      { ...CHALLENGER, weight: 100 },
    ])
    const applied = await platform.succeed('plan', 'apply', '--reason', 'all to the challenger')
    expect(applied).toMatchObject({ applied: true, plan: { generation: 2 } })
    const rows = customers.slice(200, 200 + ROWS)
    const answer = await until('an answer by the new plan', async () => {
      const tried = await infer(rows)
      return tried.body.parameters?.plan === 2 ? tried : undefined
    })
    expect(new Set(column<number>(answer, 'version'))).toEqual(new Set([8]))
    await platform.rest()
    const toChampion = await platform.count(platform.topics.version(7))

    const encode = await customerEncoder(platform)
    const sent = customers.slice(300, 600).map((customer) => encode(customer))
    const places = await appendRecords(platform.log, platform.topics.events, sent, { timestampMs: Date.now() })
    await platform.rest()
    expect(await platform.count(platform.topics.version(7))).toBe(toChampion)
    const predictions = new Map((await platform.read('predictions')).map(decodePrediction).map((p) => [p.eventId, p]))
    for (const { partition, offset } of places) {
      expect(predictions.get(`${ENDPOINT}.${partition}.${offset}`)).toMatchObject({ version: 8, plan: 2 })
    }
    expect(names.map((name) => platform.service(name).process.pid)).toEqual(pids)
  })

  test('a plan that gives traffic to a version without a ready scorer is refused, and the old one stays', async () => {
    platform.configure([
      { ...CHALLENGER, weight: 90 },
      { name: 'newcomer', model: 'churn', version: 9, weight: 10 },
    ])
    const unknown = await platform.sluice('plan', 'apply')
    expect([unknown.exitCode, unknown.stderr]).toEqual([3, expect.stringContaining('no scorer is ready for version 9')])

    await platform.stopService('scorer-v7')
    platform.configure([CHAMPION, CHALLENGER])
    const gone = await platform.sluice('plan', 'apply')
    expect([gone.exitCode, gone.stderr]).toEqual([3, expect.stringContaining('no scorer is ready for version 7')])
    expect(await platform.succeed('plan', 'show')).toMatchObject({ plan: { generation: 2 }, changed: true })
    expect(column<number>(await infer(customers.slice(0, 1)), 'version')).toEqual([8])
    expect(platform.crashes).toEqual([])
  })
})
