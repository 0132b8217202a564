import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Evaluation } from '../evaluate/evaluate-files.ts'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeAll(() => {
  cli = memoryCli()
})
afterAll(() => cli.close())

type Row = Readonly<Record<string, unknown>>
const jsonl = (rows: readonly (Row | string)[]): string =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('')

async function evaluate(
  predictions: readonly (Row | string)[],
  outcomes: readonly (Row | string)[],
  flags: readonly string[] = [],
) {
  const [p, o] = [join(cli.dir, 'p.jsonl'), join(cli.dir, 'o.jsonl')]
  writeFileSync(p, jsonl(predictions))
  writeFileSync(o, jsonl(outcomes))
  const { exitCode, stdout, stderr } = await cli.run(['evaluate', '-p', p, '-o', o, '--json', ...flags])
  return { exitCode, stderr, result: (stdout === '' ? undefined : JSON.parse(stdout)) as Evaluation }
}

const at = (day: number, time = '00:00:00'): string => `2026-03-${String(day).padStart(2, '0')}T${time}Z`
const predicted = (id: string, over: Row = {}): Row => ({
  predictionId: id,
  version: 7,
  variant: 'champion',
  score: 0.75,
  decision: 1,
  eventTime: at(1),
  ...over,
})
const happened = (id: string, over: Row = {}): Row => ({ predictionId: id, outcome: 1, occurredAt: at(2), ...over })

interface Vector {
  readonly threshold: number
  readonly confusion: Row
  readonly metrics: Readonly<Record<string, number>>
  readonly scores: readonly number[]
  readonly labels: readonly number[]
}
const VECTORS = new URL('../../../../schemas/vectors/quality/', import.meta.url)

test.each(readdirSync(VECTORS).filter((f) => f.endsWith('.json')))('scikit-learn on %s, to 1e-9', async (file) => {
  const vector = JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8')) as Vector
  const { exitCode, result } = await evaluate(
    vector.scores.map((score, i) => ({ customer: i, probability: score, ts: 1_770_000_000 + i })),
    vector.labels
      .map((label, i) => ({ customer: i, label: label === 1 ? 'churns' : 'stays', ts: 1_770_010_000 + i }))
      .reverse(),
    [
      ...[
        '--prediction-field',
        'key=customer',
        '--prediction-field',
        'score=probability',
        '--prediction-field',
        'eventTime=ts',
      ],
      ...['--outcome-field', 'key=customer', '--outcome-field', 'outcome=label', '--outcome-field', 'occurredAt=ts'],
      ...['--positive', 'churns', '--threshold', String(vector.threshold), '--exact-auc'],
    ],
  )
  expect(exitCode).toBe(0)
  const [report] = result.reports
  expect(report!.confusion).toEqual(vector.confusion)
  for (const [name, metric] of Object.entries(report!.metrics)) {
    if (metric.status !== 'ok') throw new Error(`${name}: ${metric.reason}`)
    expect(Math.abs(metric.value - vector.metrics[name]!), name).toBeLessThan(1e-9)
  }
  expect(Object.values(result.labels).reduce((sum, n) => sum + n, 0)).toBe(vector.labels.length)
})

test('by prediction, event, CloudEvents id and key; ids of the platform name their event', async () => {
  const { result, exitCode, stderr } = await evaluate(
    [
      predicted('churn.7.0.5'),
      predicted('churn.8.0.5', { version: 8, variant: 'shadow' }),
      predicted('b', { ceId: 'ce-1' }),
      predicted('c', { key: 42 }),
      predicted('d', { key: 42, eventTime: at(3) }),
      predicted('e'),
    ],
    [
      { eventId: 'churn.0.5', outcome: true, occurredAt: at(2) },
      { ceId: 'ce-1', outcome: false, occurredAt: at(2) },
      { key: '42', outcome: 1, occurredAt: at(5) },
      happened('e', { outcome: '0' }),
    ],
  )
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(result.reports.map((r) => [r.version, r.variant, r.predictions, r.labelled])).toEqual([
    ['7', 'champion', 5, 4],
    ['8', 'shadow', 1, 1],
  ])
  expect(result.outcomes).toMatchObject({ lines: 4, matched: 4, orphans: 0, pairs: { applied: 5 } })
})

test('every ending is counted: late, early, twice, corrected, contradictory, unknown, in the future', async () => {
  const { result } = await evaluate(
    ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => predicted(id)),
    [
      happened('a', { occurredAt: at(20) }),
      happened('b', { occurredAt: '2026-02-28' }),
      happened('c'),
      happened('c'),
      happened('d'),
      happened('d', { outcome: 0, revision: 1 }),
      happened('e', { outcome: 0 }),
      happened('e', { occurredAt: at(3) }),
      happened('f', { source: 'human', outcome: 0 }),
      happened('f'),
      happened('nobody'),
      happened('g', { occurredAt: at(26) }),
      happened('c', { outcome: null, revision: 9 }),
    ],
    ['--horizon', '10d', '--grace', '1d', '--absence', 'negative', '--as-of', at(25)],
  )
  expect(result.asOf).toBe('2026-03-25T00:00:00.000Z')
  expect(result.outcomes).toMatchObject({
    matched: 11,
    orphans: 1,
    future: 1,
    waiting: 0,
    pairs: { applied: 3, withdrawal: 1, duplicate: 0, contradictory: 1, corrected: 4, late: 1, beforePrediction: 1 },
  })
  expect(result.reports[0]).toMatchObject({
    states: { matched: 3, absentNegative: 4, expired: 0, pending: 0 },
    confusion: { truePositives: 0, falsePositives: 7 },
    maturity: 1,
    humanLabels: 1,
  })
})

test('lines that say nothing usable are told with line and field, and the others count', async () => {
  const { exitCode, stderr, result } = await evaluate(
    [
      'no json',
      '[1]',
      predicted('a', { score: '0.5' }),
      predicted('a', { score: 1.01 }),
      predicted('a', { eventTime: 'yesterday' }),
      predicted('a', { eventTime: undefined }),
      predicted('a', { decision: undefined }),
      predicted('a', { decision: 'churns' }),
      predicted('a', { key: {} }),
      '',
      predicted('a'),
      predicted('a'),
      predicted('a', { score: 0.8 }),
    ],
    [
      { outcome: 1, occurredAt: at(2) },
      happened('a', { outcome: undefined }),
      happened('a', { outcome: 2 }),
      happened('a', { source: 'oracle' }),
      happened('a', { revision: -1 }),
      happened('a', { occurredAt: -1 }),
      happened('a', { recordedAt: true }),
      happened('a'),
    ],
  )
  expect(exitCode).toBe(1)
  const told = result.badLines.map(
    ({ file, line, field, problem }) => `${file.slice(-7)}:${line}: ${field}: ${problem}`,
  )
  const expected = [
    /^p\.jsonl:1: : the line is not JSON/,
    /^p\.jsonl:2: : the line is not a JSON object/,
    /^p\.jsonl:3: score: is not a number/,
    /^p\.jsonl:4: score: 1\.01 is not a probability/,
    /^p\.jsonl:5: eventTime: is no ISO 8601 time/,
    /^p\.jsonl:6: eventTime: is missing/,
    /^p\.jsonl:7: decision: is missing; or decide with --threshold/,
    /^p\.jsonl:8: decision: is a text; say which label is the positive one with --positive/,
    /^p\.jsonl:9: key: is neither text nor a whole number/,
    /^p\.jsonl:13: score: differs from an earlier line/,
    /^o\.jsonl:1: predictionId: the line has none of predictionId, eventId, ceId, key/,
    /^o\.jsonl:2: outcome: is missing; null withdraws/,
    /^o\.jsonl:3: outcome: is neither a label nor 0, 1, true or false/,
    /^o\.jsonl:4: source: is neither system nor human/,
    /^o\.jsonl:5: revision: is not a whole number from 0/,
    /^o\.jsonl:6: occurredAt: is -1, which is no time after 1970/,
    /^o\.jsonl:7: recordedAt: is no time in the format auto/,
  ]
  expect(told).toHaveLength(expected.length)
  for (const [i, pattern] of expected.entries()) expect(told[i]).toMatch(pattern)
  expect(stderr).toContain('o.jsonl:5: revision: is not a whole number from 0')
  expect(stderr).toContain('17 of 20 lines could not be used.')
  expect(result.predictions).toEqual({ lines: 12, bad: 10, repeated: 1, future: 0 })
  expect(result.reports[0]).toMatchObject({ predictions: 1, labelled: 1 })
})

test('of many bad lines the first hundred are told', async () => {
  const { stderr, result } = await evaluate(new Array<string>(101).fill('x'), [])
  expect(result.badLines).toHaveLength(100)
  expect(stderr).toContain('and 1 more.')
  expect(result.reports).toEqual([])
})

test('windows of event time, rows, and a prediction after --as-of', async () => {
  const rows = join(cli.dir, 'rows.jsonl')
  const { result } = await evaluate(
    [
      predicted('a', { score: 0.1 + 0.2, eventTime: at(2, '13:00:00') }),
      predicted('b', { eventTime: at(4) }),
      predicted('c', { eventTime: at(9) }),
    ],
    [happened('a', { occurredAt: at(3) })],
    ['--window', '1d', '--rows', rows, '--as-of', at(5)],
  )
  expect(result.reports.map((r) => [r.window?.from.slice(0, 10), r.window?.to.slice(0, 10), r.predictions])).toEqual([
    [undefined, undefined, 2],
    ['2026-03-02', '2026-03-03', 1],
    ['2026-03-04', '2026-03-05', 1],
  ])
  expect(result.predictions.future).toBe(1)
  expect(result.reports[0]).toMatchObject({ preliminary: true, maturity: 0.5 })
  const written = readFileSync(rows, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)
  expect(written).toEqual([
    {
      ...{ predictionId: 'a', eventId: null, ceId: null, key: null, version: '7', variant: 'champion' },
      ...{ eventTime: '2026-03-02T13:00:00.000Z', score: 0.1 + 0.2, decision: true, state: 'matched', outcome: true },
      ...{ occurredAt: '2026-03-03T00:00:00.000Z', source: 'system' },
    },
    expect.objectContaining({ predictionId: 'b', state: 'pending', outcome: null, occurredAt: null }),
  ])
})

describe('times', () => {
  const T = 1_772_366_400
  test.each<[string, string, unknown, boolean]>([
    ['auto', 'seconds', T, true],
    ['auto', 'milliseconds', T * 1_000, true],
    ['auto', 'ISO with an offset', '2026-03-01T13:00:00+01:00', true],
    ['auto', 'ISO without one, which is UTC', '2026-03-01 12:00', true],
    ['epoch-s', 'seconds with a fraction', T + 0.0004, true],
    ['epoch-ms', 'milliseconds', T * 1_000, true],
    ['epoch-ms', 'text', String(T), false],
    ['iso', 'a number', T, false],
    ['iso', 'the thirtieth of February', '2026-02-30', false],
  ])('%s: %s', async (format, _what, time, ok) => {
    const rows = join(cli.dir, 'times.jsonl')
    const { exitCode } = await evaluate(
      [predicted('a', { eventTime: time })],
      [],
      ['--time-format', format, '--rows', rows],
    )
    expect(exitCode).toBe(ok ? 0 : 1)
    if (ok) expect(readFileSync(rows, 'utf8')).toContain('"eventTime":"2026-03-01T12:00:00.000Z"')
  })
})

test('without --json a person reads figures, intervals and what is missing', async () => {
  const p = join(cli.dir, 'p2.jsonl')
  writeFileSync(p, jsonl([predicted('a'), predicted('b'), predicted('c', { eventTime: at(9) })]))
  const stdin = jsonl([happened('a'), happened('b', { outcome: 0 })])
  const { stdout, exitCode } = await cli.run(['evaluate', '-p', p, '-o', '-'], { stdin })
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(
    /version 7 champion\n {2}3 predictions, 2 with a label, maturity 66\.7 %; PRELIMINARY: 1 predictions/,
  )
  expect(stdout).toMatch(/precision {4}0\.5000 {2}\[0\.\d{4}, 0\.\d{4}\] at 95 %, n = 2/)
  expect(stdout).toMatch(/auc {10}not enough data: .*1 positive, 1 negative/)
})

test.each<[string, readonly string[], number, RegExp]>([
  ['no outcomes', ['-p', '-'], 2, /required option '-o, --outcomes/],
  ['standard input twice', ['-p', '-', '-o', '-'], 2, /not both/],
  ['a file that is not there', ['-p', '/nowhere', '-o', '-'], 2, /--predictions: \/nowhere is not a file/],
  ['a horizon that is none', ['-p', '-', '-o', '-', '--horizon', '0d'], 2, /write a duration/],
  ['a window of seconds', ['-p', '-', '-o', '-', '--window', '90s'], 2, /whole minutes/],
  ['a threshold above 1', ['-p', '-', '-o', '-', '--threshold', '1.1'], 2, /from 0 to 1/],
  ['a format that is none', ['-p', '-', '-o', '-', '--time-format', 'unix'], 2, /Allowed choices are auto, iso/],
])('%s', async (_what, args, exitCode, message) => {
  const result = await cli.run(['evaluate', ...args])
  expect(result.exitCode).toBe(exitCode)
  expect(result.stderr).toMatch(message)
})

test('a field that is not known, and rows that cannot be written, are usage errors', async () => {
  const unknown = await evaluate([predicted('a')], [], ['--prediction-field', 'skore=x'])
  expect([unknown.exitCode, unknown.stderr]).toEqual([
    2,
    expect.stringMatching(/there is no field skore; there are predictionId/),
  ])
  const nowhere = await evaluate([predicted('a')], [], ['--rows', '/nowhere/rows.jsonl'])
  expect([nowhere.exitCode, nowhere.stderr]).toEqual([
    2,
    expect.stringMatching(/--rows: \/nowhere\/rows\.jsonl cannot be written/),
  ])
})
