import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { endpointTopics, HEADERS, type Labels } from '@sluice/contracts'
import { featureList } from '@sluice/features'
import { compileDecision, type Model } from '@sluice/scoring'
import {
  BatchDecoder,
  DEFAULT_MAX_BATCH_BYTES,
  HeaderBlockBuilder,
  memorySchemaRegistry,
  parseAvroSchema,
  RecordBatchBuilder,
  readAvroValue,
  readHeaders,
  type Slab,
  slabValue,
  type Telemetry,
  type UnitOfWork,
  VirtualClock,
} from '@sluice/stream'
import { expect, test } from 'vitest'
import { DecoderSource } from './decoder-source.ts'
import { EventScorer } from './event-scorer.ts'
import { PredictionEncoders } from './prediction-encoders.ts'

const topics = endpointTopics('churn')
const features = featureList.parse([{ name: 'tenure', type: 'number', missing: 'reject' }])
const PREDICTION = parseAvroSchema(
  JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../schemas/prediction.avsc'), 'utf8')),
)

/** Answers tenure / 100, later than at once, and keeps the sizes of its batches. */
function slowModel(batches: number[], answer: (tenure: number) => number = (tenure) => tenure / 100): Model {
  return {
    name: 'churn',
    version: 8,
    engine: 'trees',
    sha256: '0'.repeat(64),
    width: 1,
    outputs: 1,
    allocate: (rowsMax) => ({
      rowsMax,
      width: 1,
      values: new Float32Array(rowsMax),
      columnStride: 1,
      rowBase: (row) => row,
    }),
    score: async (batch, rows, out) => {
      batches.push(rows)
      await Promise.resolve()
      for (let row = 0; row < rows; row++) out[row] = answer(batch.values[row]!)
    },
    close: async () => {},
  }
}

class Outputs implements UnitOfWork {
  readonly slabs: Slab[] = []
  append(topic: string, partition: number, batch: RecordBatchBuilder): void {
    this.slabs.push(
      new BatchDecoder().decode(batch.seal().slice(), {
        topic,
        partition,
        fetchOffset: 0n,
        isolation: 'read_committed',
      }),
    )
  }
  advance(): void {}
  async commit(): Promise<void> {}
  async abort(): Promise<void> {}
  of(topic: string): readonly Record<string, unknown>[] {
    return this.slabs
      .filter((slab) => slab.topic === topic)
      .flatMap((slab) =>
        Array.from(
          { length: slab.count },
          (_, i) => readAvroValue(PREDICTION, slabValue(slab, i)!.subarray(5)) as Record<string, unknown>,
        ),
      )
  }
}

class Counts implements Telemetry {
  readonly counted = new Map<string, number>()
  count(name: string, labels: Labels, by: number): void {
    const key = [name, labels['code'] ?? labels['reason'] ?? labels['mode'] ?? ''].join(' ')
    this.counted.set(key, (this.counted.get(key) ?? 0) + by)
  }
  gauge(): void {}
  clearGauge(): void {}
  observe(): void {}
  observeAll(): void {}
}

interface Given {
  readonly value: string | null
  readonly mode?: 'live' | 'shadow'
  readonly routed?: boolean
}

function slabOf(given: readonly Given[], partition = 2): Slab {
  const builder = new RecordBatchBuilder()
  for (const [i, { value, mode = 'live', routed = true }] of given.entries()) {
    const key = new TextEncoder().encode(`C${i}`)
    builder.key(key, 0, key.length)
    if (value !== null) {
      const bytes = new TextEncoder().encode(value)
      builder.value(bytes, 0, bytes.length)
    }
    if (routed) {
      builder.extraHeaders(
        new HeaderBlockBuilder()
          .text(HEADERS.origin, `${partition}:${100 + i}`)
          .text(HEADERS.plan, '3')
          .text(HEADERS.mode, mode),
      )
    }
    builder.add(1_000 + i)
  }
  return new BatchDecoder().decode(builder.seal().slice(), {
    topic: topics.version(8),
    partition,
    fetchOffset: 0n,
    isolation: 'read_committed',
  })
}

function scorerWith(model: Model, telemetry: Telemetry, maxBatchSize = 4): EventScorer {
  return new EventScorer({
    endpoint: 'churn',
    topics,
    model,
    decide: compileDecision({ task: 'binary', threshold: 0.5, labels: { negative: 'stays', positive: 'churns' } }),
    decoders: new DecoderSource({
      registry: memorySchemaRegistry(),
      features,
      readerSchema: '{"type":"record","name":"E","fields":[]}',
    }),
    encoders: new PredictionEncoders({
      identity: { endpoint: 'churn', model: 'churn', version: 8, labels: ['stays', 'churns'], outputs: 1 },
      schemaIds: { live: 1, shadow: 1 },
      variantOf: (mode) => (mode === 'live' ? 'challenger' : 'candidate'),
    }),
    clock: new VirtualClock(5_000),
    telemetry,
    maxBatchSize,
    maxValueBytes: 100,
  })
}

const events = (n: number): Given[] => Array.from({ length: n }, (_, i) => ({ value: `{"tenure":${i}}` }))

test.each([
  [1, [1]],
  [4, [4]],
  [5, [4, 1]],
  [11, [4, 4, 3]],
])('%d events go through the model in batches of %j, in order', async (n, sizes) => {
  const batches: number[] = []
  const outputs = new Outputs()
  await scorerWith(slowModel(batches), new Counts()).score([slabOf(events(n))], outputs)
  expect(batches).toEqual(sizes)
  const predictions = outputs.of(topics.predictions)
  expect(predictions.map((p) => p['predictionId'])).toEqual(Array.from({ length: n }, (_, i) => `churn.8.2.${100 + i}`))
  expect(predictions.map((p) => p['score'])).toEqual(Array.from({ length: n }, (_, i) => Math.fround(i / 100)))
  expect(outputs.slabs.every((slab) => slab.partition === 2)).toBe(true)
})

test('bad records among good ones: each ends once, the neighbours are scored', async () => {
  const outputs = new Outputs()
  const counts = new Counts()
  const given: Given[] = [
    { value: '{"tenure":80}' },
    { value: '{"tenure":null}' },
    { value: null },
    { value: 'garbage' },
    { value: `{"tenure":1,"x":"${'y'.repeat(100)}"}` },
    { value: '{"tenure":10}', mode: 'shadow' },
    { value: '{"tenure":20}', routed: false },
    { value: '{"tenure":30}' },
  ]
  const report = await scorerWith(slowModel([]), counts).score([slabOf(given)], outputs)
  expect(outputs.of(topics.predictions).map((p) => [p['eventId'], p['decision'], p['variant']])).toEqual([
    ['churn.2.100', 'churns', 'challenger'],
    ['churn.2.107', 'stays', 'challenger'],
  ])
  expect(outputs.of(topics.shadows).map((p) => [p['eventId'], p['mode'], p['variant']])).toEqual([
    ['churn.2.105', 'shadow', 'candidate'],
  ])
  expect(counts.counted.size, 'nothing is counted before the commit').toBe(0)
  report()
  expect(Object.fromEntries(counts.counted)).toEqual({
    'sluice_dead_letters_total E_FEATURE_MISSING': 1,
    'sluice_dead_letters_total E_FRAME_MAGIC': 1,
    'sluice_dead_letters_total E_VALUE_TOO_LARGE': 1,
    'sluice_dead_letters_total E_ORIGIN_INVALID': 1,
    'sluice_records_skipped_total tombstone': 1,
    'sluice_predictions_total live': 2,
    'sluice_predictions_total shadow': 1,
  })
  const dead = outputs.slabs.filter((slab) => slab.topic === topics.deadLetters)
  expect(
    dead
      .flatMap((slab) => Array.from({ length: slab.count }, (_, i) => new TextDecoder().decode(slabValue(slab, i)!)))
      .sort(),
  ).toEqual([given[1]!.value!, given[3]!.value!, given[4]!.value!, given[6]!.value!].sort())
})

test('a score that is not finite is a dead letter, never a decision', async () => {
  const outputs = new Outputs()
  const counts = new Counts()
  const report = await scorerWith(
    slowModel([], (t) => (t === 1 ? Number.NaN : 0.9)),
    counts,
  ).score([slabOf(events(3))], outputs)
  report()
  expect(outputs.of(topics.predictions)).toHaveLength(2)
  expect(counts.counted.get('sluice_dead_letters_total E_SCORE_NOT_FINITE')).toBe(1)
})

test('a batch that failed in the engine can be scored again by the same scorer', async () => {
  let fail = true
  const model = slowModel([], (tenure) => {
    if (fail) throw new Error('the engine died')
    return tenure
  })
  const scorer = scorerWith(model, new Counts())
  const slab = slabOf(events(6))
  await expect(scorer.score([slab], new Outputs())).rejects.toThrow('the engine died')
  fail = false
  const outputs = new Outputs()
  await scorer.score([slab], outputs)
  expect(outputs.of(topics.predictions)).toHaveLength(6)
})

test('predictions that do not fit into one batch go into several, none is lost', async () => {
  const n = Math.ceil(DEFAULT_MAX_BATCH_BYTES / 110)
  const outputs = new Outputs()
  await scorerWith(slowModel([]), new Counts(), 1_024).score([slabOf(events(n))], outputs)
  expect(outputs.slabs.length).toBeGreaterThan(1)
  expect(new Set(outputs.of(topics.predictions).map((p) => p['predictionId'])).size).toBe(n)
})

test('the trace context and the mark of a replay go on into the prediction, other headers stay behind', async () => {
  const builder = new RecordBatchBuilder()
  const value = new TextEncoder().encode('{"tenure":1}')
  builder.value(value, 0, value.length)
  const headers = new HeaderBlockBuilder()
  for (const [name, text] of [
    ['secret', 'x'],
    ['traceparent', '00-a-b-01'],
    [HEADERS.origin, '2:7'],
    [HEADERS.plan, '3'],
    [HEADERS.mode, 'live'],
    [HEADERS.replay, '2:5'],
  ] as const) {
    headers.text(name, text)
  }
  builder.extraHeaders(headers)
  builder.add(1)
  const at = { topic: topics.version(8), partition: 2, fetchOffset: 0n, isolation: 'read_committed' } as const
  const outputs = new Outputs()
  await scorerWith(slowModel([]), new Counts()).score([new BatchDecoder().decode(builder.seal().slice(), at)], outputs)
  const [slab] = outputs.slabs
  const names: string[] = []
  readHeaders(slab!.bytes, slab!.headerStarts[0]!, slab!.headerLengths[0]!, slab!.headerCounts[0]!, (start, length) => {
    names.push(new TextDecoder().decode(slab!.bytes.subarray(start, start + length)))
    return true
  })
  expect(names).toEqual([HEADERS.origin, HEADERS.plan, HEADERS.mode, 'traceparent', HEADERS.replay])
})
