import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePredictionId } from '@sluice/contracts'
import { valueSubject } from '@sluice/stream'
import { appendRecords } from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  type Customer,
  churnCustomers,
  churnSchema,
  customerEncoder,
  decodePrediction,
  type RecordSchema,
  type SchemaField,
} from './churn-events.ts'
import { CHALLENGER, CHAMPION, TestPlatform } from './platform.ts'
import { type ReferenceScorer, referenceScorer } from './reference-scorer.ts'

/** Customers per writer schema: enough for both versions to get some of each. */
const CUSTOMERS = 60

const original: RecordSchema = churnSchema()
const withField = (schema: RecordSchema, field: SchemaField): RecordSchema => ({
  ...schema,
  fields: [...schema.fields, field],
})
const withoutField = (schema: RecordSchema, name: string): RecordSchema => ({
  ...schema,
  fields: schema.fields.filter((field) => field.name !== name),
})
const withType = (schema: RecordSchema, name: string, type: unknown): RecordSchema => ({
  ...schema,
  fields: schema.fields.map((field) => (field.name === name ? { ...field, type } : field)),
})

/** What a producer does over the years, each time on top of the last, and what its customers then look like. */
const grown = withField(original, { name: 'loyaltyTier', type: 'string', default: 'none' })
const shrunk = withoutField(grown, 'totalCharges')
const promoted = withType(shrunk, 'tenure', 'double')
const STEPS: readonly { readonly schema: RecordSchema; readonly change: (customer: Customer) => Customer }[] = [
  { schema: original, change: (c) => c },
  { schema: grown, change: (c) => ({ ...c, loyaltyTier: 'gold' }) },
  // An optional field that both models use.
  { schema: shrunk, change: ({ totalCharges: _, ...c }) => ({ ...c, loyaltyTier: 'none' }) as Customer },
]
/** More than an int can carry, so that a score shows whether it was cut. */
const promote = ({ totalCharges: _, ...c }: Customer): Customer =>
  ({ ...c, loyaltyTier: 'none', tenure: (c['tenure'] as number) + 0.5 }) as Customer

describe.skipIf(inject('stackKind') === 'embedded')('a producer changes its schema while scorers run', () => {
  let platform: TestPlatform
  const customers = churnCustomers()
  /** What was sent, by partition and offset. */
  const sent = new Map<string, Customer>()
  beforeAll(async () => {
    platform = await TestPlatform.open({
      name: 'evolution',
      variants: [
        { ...CHAMPION, weight: 50 },
        { ...CHALLENGER, weight: 50 },
      ],
    })
    await platform.start()
  })
  afterAll(() => platform?.stop())

  async function send(schema: RecordSchema, changed: readonly Customer[]): Promise<void> {
    const encode = await customerEncoder(platform, schema)
    const records = changed.map((customer) => encode(customer))
    const options = { timestampMs: Date.now() }
    const places = await appendRecords(platform.log, platform.topics.events, records, options)
    for (const [i, { partition, offset }] of places.entries()) sent.set(`${partition}.${offset}`, changed[i]!)
    await platform.rest()
  }

  /** Everything sent is predicted once, with the score that its row gets without any stream. */
  async function checkScores(): Promise<void> {
    const predictions = (await platform.read('predictions')).map(decodePrediction)
    expect(new Set(predictions.map(({ eventId }) => eventId)).size).toBe(sent.size)
    expect(predictions).toHaveLength(sent.size)
    for (const prediction of predictions) {
      const { version, partition, offset } = parsePredictionId(prediction.predictionId)!
      const customer = sent.get(`${partition}.${offset}`)!
      expect(prediction, JSON.stringify(customer)).toMatchObject(await scorers.get(version)!(customer))
    }
  }
  const scorers = new Map<number, ReferenceScorer>()
  beforeAll(async () => {
    for (const version of [7, 8]) scorers.set(version, await referenceScorer(version))
  })

  test('a field more, a field less: predictions go on and are what the models say', async () => {
    const names = ['router', 'scorer-v7', 'scorer-v8']
    const pids = names.map((name) => platform.service(name).process.pid)
    for (const [step, { schema, change }] of STEPS.entries()) {
      await send(schema, customers.slice(step * CUSTOMERS, (step + 1) * CUSTOMERS).map(change))
    }
    expect(await platform.delivery()).toMatchObject({ violations: [], predicted: sent.size, deadLettered: 0 })
    await checkScores()
    expect(names.map((name) => platform.service(name).process.pid)).toEqual(pids)
  })

  test('an int that becomes a double: predictions go on, before the endpoint has heard of it', async () => {
    await send(promoted, customers.slice(STEPS.length * CUSTOMERS, (STEPS.length + 1) * CUSTOMERS).map(promote))
    expect(await platform.delivery()).toMatchObject({ violations: [], predicted: sent.size, deadLettered: 0 })
    await checkScores()
    expect(platform.crashes).toEqual([])
  })

  test.for([
    ['a type that cannot take the old values', withType(promoted, 'tenure', 'string'), 'tenure', 'TYPE_MISMATCH'],
    [
      'a new field without a default',
      withField(promoted, { name: 'region', type: 'string' }),
      'region',
      'READER_FIELD_MISSING_DEFAULT_VALUE',
    ],
  ] as const)('%s is refused with the reason, and nothing is registered', async ([_, schema, field, rule]) => {
    const subject = valueSubject(platform.topics.events)
    const before = await platform.registry.latest(subject)
    const file = join(platform.dir, `${field}.avsc`)
    writeFileSync(file, JSON.stringify(schema))
    platform.configure(platform.variants, file)
    for (const command of ['check', 'apply']) {
      const { exitCode, stderr } = await platform.sluice('schemas', command)
      expect(exitCode, stderr).toBe(3)
      expect(stderr).toMatch(new RegExp(`${subject}: ${field} \\(against version \\d\\): ${rule}: `))
    }
    expect(await platform.registry.latest(subject)).toEqual(before)
  })
})
