import { createHash } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEAD_LETTER_HEADERS, type FaultCode, HEADERS, RECORD_FAULTS } from '@sluice/contracts'
import { compileRowDecoder, RowMajorBatch } from '@sluice/features'
import { type ComponentHandle, startRegistry } from '@sluice/local-stack'
import { partitionOfKey } from '@sluice/routing'
import { parseManifest } from '@sluice/scoring'
import { appendRecords, type ReadRecord, type RecordToAppend, until } from '@sluice/testing'
import avro from 'avsc'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  type Customer,
  churnCustomers,
  churnSchema,
  customerEncoder,
  decodePrediction,
  framed,
} from './churn-events.ts'
import { CHAMPION, CHURN_MODELS, TestPlatform } from './platform.ts'
import { type ReferenceScorer, referenceScorer } from './reference-scorer.ts'

const MAX_VALUE_BYTES = 60_000
const PARTITION = 1
const DEPTH = 10_000
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

/** What becomes of one record: a dead letter with this code, a prediction of this row, or nothing but a count. */
type Fate = { readonly code: FaultCode } | { readonly row: Readonly<Record<string, unknown>> } | 'skipped'
interface Case {
  readonly what: string
  readonly value: Uint8Array | null
  readonly fate: Fate
  readonly key?: null
}

const SOMEBODY = { tenure: 5, totalCharges: 350.5, paymentMethod: 'Mailed check' }
const json = (value: object): Uint8Array => utf8(JSON.stringify(value))

/** A package like version 7 that takes no infinities and no payment method it has not seen. */
function strictPackage(modelsDir: string): void {
  const folder = join(modelsDir, 'churn-7')
  cpSync(join(CHURN_MODELS, 'churn-7'), folder, { recursive: true })
  const goldenFile = join(folder, 'golden.jsonl')
  const manifestFile = join(folder, 'model.yaml')
  const before = readFileSync(goldenFile, 'utf8')
  const manifest = readFileSync(manifestFile, 'utf8')
    .replace(
      '{name: totalCharges, type: number, missing: allow, nonFinite: allow}',
      '{name: totalCharges, type: number}',
    )
    .replace('unseen: missing', 'unseen: reject')
  const { features } = parseManifest(manifest).manifest!
  const decoder = compileRowDecoder(features, { nonFiniteText: true })
  const batch = new RowMajorBatch(1, features.length)
  const golden = before
    .trimEnd()
    .split('\n')
    .filter(
      (line) =>
        decoder.decodeRow((JSON.parse(line) as { features: object }).features as Record<string, unknown>, batch, 0) ===
        0,
    )
  const kept = `${golden.join('\n')}\n`
  writeFileSync(goldenFile, kept)
  writeFileSync(manifestFile, manifest.replace(sha256(before), sha256(kept)))
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

describe.skipIf(inject('stackKind') === 'embedded')('records that nobody can score', () => {
  let platform: TestPlatform
  let registry: ComponentHandle
  let score: ReferenceScorer
  let modelsDir = ''
  /** A registry of its own: its ids are counted, so that one can be used before it is given. */
  beforeAll(async () => {
    modelsDir = await mkdtemp(join(tmpdir(), 'sluice-models-'))
    strictPackage(modelsDir)
    score = await referenceScorer(7, modelsDir)
    registry = await startRegistry()
    platform = await TestPlatform.open({
      name: 'bad-input',
      variants: [{ ...CHAMPION, weight: 100 }],
      registryUrl: registry.address,
      modelsDir,
      maxValueBytes: MAX_VALUE_BYTES,
    })
    await platform.start()
  })
  afterAll(async () => {
    await platform?.stop()
    await registry?.stop()
    await rm(modelsDir, { recursive: true, force: true })
  })

  /** Registers a schema that no endpoint has, as a producer by mistake does. */
  async function foreignSchema(name: string, fields: readonly object[]): Promise<{ id: number; type: avro.Type }> {
    const schema = { type: 'record', name, fields }
    return {
      id: await platform.registry.register(`${name}-value`, schema),
      type: avro.Type.forSchema(schema as unknown as avro.Schema),
    }
  }

  async function cases(): Promise<readonly Case[]> {
    const encode = await customerEncoder(platform)
    const customer = churnCustomers()[0]!
    const avroValue = (change: object): Uint8Array => encode({ ...customer, ...change } as Customer).value!
    const good = avroValue({})
    const idBytes = good.subarray(0, 5)
    const quoted = await foreignSchema('Quoted', [
      { name: 'tenure', type: 'string' },
      { name: 'totalCharges', type: 'double' },
      { name: 'paymentMethod', type: 'string' },
    ])
    const padded = json({ ...SOMEBODY, note: '' }).length
    const fault = (what: string, code: FaultCode, value: Uint8Array): Case => ({ what, value, fate: { code } })
    return [
      fault('bytes that are nothing', 'E_FRAME_MAGIC', Uint8Array.of(0xde, 0xad, 0xbe, 0xef)),
      fault('no byte at all', 'E_FRAME_TRUNCATED', new Uint8Array(0)),
      fault('half a frame', 'E_FRAME_TRUNCATED', idBytes.subarray(0, 3)),
      fault('magic byte 1', 'E_FRAME_GUID', Uint8Array.of(1, ...good.subarray(1))),
      fault('magic byte 2', 'E_FRAME_MAGIC', Uint8Array.of(2, ...good.subarray(1))),
      fault('an id that no registry gave', 'E_SCHEMA_UNKNOWN', framed(2_000_000_000, good.subarray(5))),
      fault('the largest id', 'E_SCHEMA_UNKNOWN', framed(2 ** 31 - 1, good.subarray(5))),
      fault('a negative id', 'E_SCHEMA_UNKNOWN', framed(-1, good.subarray(5))),
      fault('id 0', 'E_SCHEMA_UNKNOWN', framed(0, good.subarray(5))),
      fault(
        'a schema in which the number is a text',
        'E_SCHEMA_UNUSABLE',
        framed(quoted.id, quoted.type.toBuffer({ ...SOMEBODY, tenure: '5' })),
      ),
      fault('a frame without a body', 'E_RECORD_UNDECODABLE', idBytes),
      fault('a body that ends early', 'E_RECORD_UNDECODABLE', good.subarray(0, good.length - 3)),
      fault('a body of other bytes', 'E_RECORD_UNDECODABLE', Buffer.concat([idBytes, Buffer.alloc(64, 0xff)])),
      fault('a byte too many', 'E_RECORD_TRAILING_BYTES', Buffer.concat([good, Uint8Array.of(0)])),
      fault('an infinite feature', 'E_FEATURE_NOT_FINITE', avroValue({ totalCharges: Number.POSITIVE_INFINITY })),
      fault('a feature that is NaN', 'E_FEATURE_NOT_FINITE', avroValue({ totalCharges: Number.NaN })),
      fault('a category nobody has seen', 'E_FEATURE_UNSEEN_CATEGORY', avroValue({ paymentMethod: 'Barter' })),
      fault('JSON that breaks off', 'E_RECORD_UNDECODABLE', json(SOMEBODY).subarray(0, 20)),
      fault('two JSON documents', 'E_RECORD_UNDECODABLE', utf8(`${JSON.stringify(SOMEBODY)} {}`)),
      fault('JSON without the feature', 'E_FEATURE_MISSING', json({ ...SOMEBODY, tenure: undefined })),
      fault('JSON with null for the feature', 'E_FEATURE_MISSING', json({ ...SOMEBODY, tenure: null })),
      fault('JSON with a quoted number', 'E_FEATURE_TYPE', json({ ...SOMEBODY, tenure: '5' })),
      fault('JSON with a number beyond the largest', 'E_FEATURE_NOT_FINITE', utf8('{"tenure":5,"totalCharges":1e999}')),
      fault(
        'JSON with an unseen category',
        'E_FEATURE_UNSEEN_CATEGORY',
        json({ ...SOMEBODY, paymentMethod: 'Barter' }),
      ),
      fault(
        'the feature in the prototype only',
        'E_FEATURE_MISSING',
        utf8('{"__proto__":{"tenure":5},"constructor":{"prototype":{"tenure":5}}}'),
      ),
      fault(
        'JSON of 10,000 levels',
        'E_RECORD_TOO_DEEP',
        utf8(`{"tenure":5,"deep":${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}}`),
      ),
      fault(
        'one byte more than the largest value',
        'E_VALUE_TOO_LARGE',
        json({ ...SOMEBODY, note: 'x'.repeat(MAX_VALUE_BYTES - padded + 1) }),
      ),
      {
        what: 'the largest value',
        value: json({ ...SOMEBODY, note: 'x'.repeat(MAX_VALUE_BYTES - padded) }),
        fate: { row: SOMEBODY },
      },
      {
        what: 'a prototype beside the features',
        value: utf8('{"__proto__":{"tenure":70,"totalCharges":9},"tenure":5,"paymentMethod":"Mailed check"}'),
        fate: { row: { tenure: 5, paymentMethod: 'Mailed check' } },
      },
      { what: 'no key', key: null, value: json(SOMEBODY), fate: { row: SOMEBODY } },
      { what: 'no value', value: null, fate: 'skipped' },
    ]
  }

  test('each ends as it should, with its bytes, and its neighbours are scored', async () => {
    const all = await cases()
    const encode = await customerEncoder(platform)
    const neighbours = churnCustomers().slice(0, all.length + 1)
    const neighbour = (i: number): RecordToAppend => ({ ...encode(neighbours[i]!), partition: PARTITION })
    const records = all.flatMap(({ what, value, key }, i): RecordToAppend[] => [
      neighbour(i),
      { partition: PARTITION, key: key === null ? null : utf8(`bad ${i}`), value, headers: [['ce_id', what]] },
    ])
    records.push(neighbour(all.length))
    const places = await appendRecords(platform.log, platform.topics.events, records, { timestampMs: Date.now() })
    await platform.rest()

    const predictions = new Map((await platform.read('predictions')).map(decodePrediction).map((p) => [p.eventId, p]))
    const letters = new Map((await platform.read('deadLetters')).map((letter) => [letter.header('ce_id'), letter]))
    const eventId = (record: number): string => `churn.${PARTITION}.${places[record]!.offset}`
    for (const [i, { what, fate }] of all.entries()) {
      const record = 2 * i + 1
      const prediction = predictions.get(eventId(record))
      const letter = letters.get(what)
      if (fate === 'skipped') expect([prediction, letter], what).toEqual([undefined, undefined])
      else if ('row' in fate) {
        expect(letter?.header(DEAD_LETTER_HEADERS.message), what).toBeUndefined()
        expect(prediction, what).toMatchObject(await score(fate.row))
      } else {
        expect(prediction, what).toBeUndefined()
        checkLetter(letter, fate.code, what, records[record]!, places[record]!.offset)
      }
    }
    for (const [i, customer] of neighbours.entries()) {
      expect(predictions.get(eventId(2 * i)), `the neighbour before ${all[i]?.what}`).toMatchObject(
        await score(customer),
      )
    }
    expect(await platform.delivery()).toMatchObject({ violations: [], duplicates: 0, skipped: 1 })
    const faults = all.filter(({ fate }) => typeof fate === 'object' && 'code' in fate)
    expect(letters.size).toBe(faults.length)
    expect(platform.crashes).toEqual([])
    await platform.ready()
    const metrics = await (await fetch(`${platform.service('router').ops}/metrics`)).text()
    expect(metrics).toMatch(/^sluice_records_skipped_total\{[^}]*reason="tombstone"[^}]*\} 1$/m)
  })

  function checkLetter(
    letter: ReadRecord | undefined,
    code: FaultCode,
    what: string,
    record: RecordToAppend,
    eventOffset: bigint,
  ): void {
    if (letter === undefined) throw new Error(`there is no dead letter for ${what}`)
    const atRouter = code === 'E_VALUE_TOO_LARGE'
    expect(
      {
        code: letter.header(DEAD_LETTER_HEADERS.code),
        stage: letter.header(DEAD_LETTER_HEADERS.stage),
        topic: letter.header(DEAD_LETTER_HEADERS.topic),
        partition: letter.header(DEAD_LETTER_HEADERS.partition),
        origin: letter.header(HEADERS.origin),
      },
      what,
    ).toEqual({
      code,
      stage: atRouter ? 'router' : 'scorer',
      topic: atRouter ? platform.topics.events : platform.topics.version(7),
      partition: String(PARTITION),
      origin: atRouter ? undefined : `${PARTITION}:${eventOffset}`,
    })
    expect(letter.header(DEAD_LETTER_HEADERS.message), what).toContain(RECORD_FAULTS[code])
    expect(Buffer.compare(letter.value!, record.value!), `the bytes of ${what}`).toBe(0)
    expect(text(letter.key!), what).toBe(text(record.key!))
  }

  test('a dead letter whose schema was registered later is put back and predicted', async () => {
    const since = new Date().toISOString()
    const late = { ...churnSchema(), name: 'LateEvent' }
    const { id: last } = await foreignSchema('LastOfAll', [{ name: 'a', type: 'int' }])
    const customer = churnCustomers()[100]!
    const type = avro.Type.forSchema(late as unknown as avro.Schema)
    const key = utf8(customer.customerId)
    const partition = partitionOfKey(key, platform.partitions)
    const value = framed(last + 1, type.toBuffer({ ...customer, occurredAt: 0 }))
    const [place] = await appendRecords(platform.log, platform.topics.events, [{ partition, key, value }], {
      timestampMs: Date.now(),
    })
    await platform.rest()
    const filter = ['--code', 'E_SCHEMA_UNKNOWN', '--since', since]
    const versionTopic = platform.topics.version(7)
    const routed = await platform.count(versionTopic)

    const dry = await platform.succeed('replay', ...filter)
    expect(dry).toMatchObject({
      applied: false,
      replayed: 0,
      alreadyReplayed: 0,
      selected: [{ topic: versionTopic, stage: 'scorer', code: 'E_SCHEMA_UNKNOWN', count: 1 }],
    })
    expect(await platform.count(versionTopic)).toBe(routed)

    expect(await platform.registry.register('late-value', late)).toBe(last + 1)
    const eventId = `churn.${partition}.${place!.offset}`
    // A scorer remembers for a while that it asked for an id in vain, so the first replay may come too early.
    const prediction = await until('the prediction of the event that was put back', async () => {
      await platform.succeed('replay', ...filter, '--apply', '--reason', 'its schema is registered now')
      await platform.rest()
      return (await platform.read('predictions')).map(decodePrediction).find((p) => p.eventId === eventId)
    })
    expect(prediction).toMatchObject(await score(customer))
    const after = await platform.succeed<{ alreadyReplayed: number }>('replay', ...filter, '--apply')
    expect(after).toMatchObject({ replayed: 0, selected: [] })
    expect(after.alreadyReplayed).toBeGreaterThan(0)
    expect(platform.crashes).toEqual([])
  })
})
