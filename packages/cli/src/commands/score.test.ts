import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

const FIXTURES = fileURLToPath(new URL('../../../trees/fixtures/xgboost-3.2/', import.meta.url))
const CHURN = fileURLToPath(new URL('../../../../examples/churn/models/', import.meta.url))
let cli: MemoryCli
beforeAll(() => {
  cli = memoryCli()
})
afterAll(() => cli.close())

interface Shape {
  readonly name: string
  readonly features: number
  readonly outputs: number
  readonly predictionColumns: number
  readonly files: Readonly<Record<string, string>>
}
const { shapes } = JSON.parse(readFileSync(join(FIXTURES, 'manifest.json'), 'utf8')) as { shapes: readonly Shape[] }
const floats = (file: string): Float32Array =>
  new Float32Array(Uint8Array.from(readFileSync(join(FIXTURES, file))).buffer)

interface Line {
  readonly score: number
  readonly scores?: readonly number[]
  readonly decision?: string
  readonly margin?: number | readonly number[]
  readonly contributions?: readonly { baseValue: number; features: Record<string, number> }[]
  readonly error?: { code: string; at: string; message: string }
  readonly line?: number
}
async function score(args: readonly string[], stdin = '') {
  const { exitCode, stdout, stderr } = await cli.run(['score', '--json', ...args], { stdin })
  const lines = stdout
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => JSON.parse(l) as Line)
  return { exitCode, lines, stderr }
}

/** XGBoost's own rows, margins and predictions for shapes whose columns are plain numbers. */
describe.each([
  'binary-logistic',
  'multi-softprob',
  'multi-softmax',
  'squarederror',
  'dart',
  'quantile-multi',
  'single-leaf',
])('a bare %s model', (name) => {
  const shape = shapes.find((s) => s.name === name)!
  test.each(['json', 'ubj'])('from .%s gives XGBoost’s margins bit for bit and its predictions', async (kind) => {
    const [rows, margins, predictions] = ['rows', 'margins', 'predictions'].map((k) => floats(shape.files[k]!))
    const { features, outputs, predictionColumns } = shape
    const jsonl: string[] = []
    const kept: number[] = []
    for (let r = 0; r < rows!.length / features; r++) {
      const row = rows!.subarray(r * features, (r + 1) * features)
      // JSON has no word for infinities.
      if (row.some((v) => v === Number.POSITIVE_INFINITY || v === Number.NEGATIVE_INFINITY)) continue
      kept.push(r)
      jsonl.push(JSON.stringify(Object.fromEntries([...row].map((v, c) => [`f${c}`, Number.isNaN(v) ? null : v]))))
    }
    expect(kept.length, 'rows to compare').toBeGreaterThan(50)
    const file = join(cli.dir, `${name}-${kind}.jsonl`)
    writeFileSync(file, jsonl.join('\n'))
    const { exitCode, lines, stderr } = await score([
      '--model',
      join(FIXTURES, shape.files[kind]!),
      '--file',
      file,
      '--margin',
    ])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(lines).toHaveLength(kept.length)
    for (const [i, r] of kept.entries()) {
      const line = lines[i]!
      const expectedMargins = [...margins!.subarray(r * outputs, (r + 1) * outputs)]
      expect([line.margin].flat(), `margins of row ${r}`).toEqual(expectedMargins)
      const scores = line.scores ?? [line.score]
      for (let k = 0; k < predictionColumns; k++) {
        expect(scores[k], `prediction of row ${r}`).toBeCloseTo(predictions![r * predictionColumns + k]!, 6)
      }
    }
  })
})

describe('a package', () => {
  const golden = readFileSync(join(CHURN, 'churn-8/golden.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l) as { features: Record<string, string>; score: number; margin: number })
    // Only golden rows spell numbers that JSON has no word for.
    .filter(({ features }) => !Object.values(features).some((v) => ['NaN', 'Infinity', '-Infinity'].includes(v)))

  test('scores its golden rows as the training library did, with its labels', async () => {
    const stdin = golden.map((g) => JSON.stringify(g.features)).join('\n')
    const { exitCode, lines } = await score(['--model', join(CHURN, 'churn-8'), '--file', '-', '--margin'], stdin)
    expect(exitCode).toBe(0)
    expect(lines).toHaveLength(golden.length)
    for (const [i, { score: expected, margin }] of golden.entries()) {
      expect(Math.abs(lines[i]!.score - expected), `row ${i}`).toBeLessThan(1e-6)
      expect(lines[i]!.margin, `row ${i}`).toBe(Math.fround(margin))
      expect(['stays', 'churns']).toContain(lines[i]!.decision)
    }
    expect(new Set(lines.map((l) => l.decision)).size, 'both labels occur').toBe(2)
  })

  test('contributions are by feature and sum to the margin', async () => {
    const stdin = golden
      .slice(0, 5)
      .map((g) => JSON.stringify(g.features))
      .join('\n')
    const { lines } = await score(['--model', join(CHURN, 'churn-8'), '--file', '-', '--contributions'], stdin)
    for (const [i, line] of lines.entries()) {
      const [only, ...more] = line.contributions!
      expect(more).toEqual([])
      expect(Object.keys(only!.features)).toContain('tenure')
      const sum = Object.values(only!.features).reduce((a, b) => a + b, only!.baseValue)
      expect(sum).toBeCloseTo(golden[i]!.margin, 4)
    }
  })
})

describe('a bare ONNX file', () => {
  test('scores by column as its package does by name', async () => {
    const golden = readFileSync(join(CHURN, 'churn-7/golden.jsonl'), 'utf8').trimEnd().split('\n').slice(0, 50)
    const rows = golden.map((l) => JSON.parse(l) as { row: (number | string)[]; score: number })
    const stdin = rows
      .map(({ row }) =>
        JSON.stringify(Object.fromEntries(row.map((v, c) => [`f${c}`, typeof v === 'number' ? v : null]))),
      )
      .join('\n')
    const { exitCode, lines } = await score(['--model', join(CHURN, 'churn-7/model.onnx'), '--file', '-'], stdin)
    expect(exitCode).toBe(0)
    for (const [i, { score: expected }] of rows.entries()) expect(lines[i]!.score).toBeCloseTo(expected, 5)
  })

  test('has neither margins nor contributions, and says so', async () => {
    for (const flag of ['--margin', '--contributions']) {
      const { exitCode, stderr } = await score(['--model', join(CHURN, 'churn-7/model.onnx'), '--file', '-', flag])
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`the onnx engine has no ${flag.slice(2)}`)])
    }
  })
})

describe('lines that are no rows', () => {
  const model = join(FIXTURES, 'binary-logistic.ubj')

  test('become errors in their place, the others are scored, and the exit code is 1', async () => {
    const stdin = ['{"f0":1}', 'nonsense', '{"f0":"x"}', '', '[1]', '{"f0":2,"nope":1}'].join('\n')
    const { exitCode, lines, stderr } = await score(['--model', model, '--file', '-'], stdin)
    expect(exitCode).toBe(1)
    expect(lines.map((l) => (l.error === undefined ? 'scored' : [l.line, l.error.code, l.error.at]))).toEqual([
      'scored',
      [2, 'E_RECORD_UNDECODABLE', ''],
      [3, 'E_FEATURE_TYPE', 'f0'],
      [5, 'E_RECORD_UNDECODABLE', ''],
      'scored',
    ])
    expect(stderr).toContain('no feature of the model and were ignored: nope')
    expect(stderr).toContain('3 of 5 lines could not be scored')
  })

  test('a bad line changes no score of its neighbours, across batches', async () => {
    const good = Array.from({ length: 3_000 }, (_, i) => JSON.stringify({ f0: i / 100, f1: -i / 50, f2: i % 7 }))
    const mixed = good.flatMap((line, i) => (i % 97 === 0 ? ['{', line] : [line]))
    const clean = await score(['--model', model, '--file', '-'], good.join('\n'))
    const dirty = await score(['--model', model, '--file', '-'], mixed.join('\n'))
    expect(dirty.lines.filter((l) => l.error === undefined)).toEqual(clean.lines)
    expect(dirty.lines).toHaveLength(mixed.length)
    for (const [i, line] of dirty.lines.entries()) expect(line.error === undefined, `line ${i}`).toBe(mixed[i] !== '{')
  })

  test('the limit of a line holds from both sides', async () => {
    const padded = (bytes: number): string => `{"f0":1,"pad":"${'x'.repeat(bytes - 17)}"}`
    expect(Buffer.byteLength(padded(1_048_576))).toBe(1_048_576)
    const { lines } = await score(['--model', model, '--file', '-'], `${padded(1_048_576)}\n${padded(1_048_577)}`)
    expect(lines.map((l) => l.error?.code)).toEqual([undefined, 'E_VALUE_TOO_LARGE'])
  })
})

test.each<[string, readonly string[], number, RegExp]>([
  ['a model that is not there', ['--model', '/nowhere', '--file', '-'], 2, /\/nowhere does not exist/],
  ['a file that is not there', ['--model', join(FIXTURES, 'dart.ubj'), '--file', '/nowhere'], 2, /is not a file/],
  ['no model', ['--file', '-'], 2, /required option '-m, --model/],
  ['a file that is no model', ['--model', join(FIXTURES, 'manifest.json'), '--file', '-'], 1, /learner/],
  ['gblinear, which has no trees', ['--model', join(FIXTURES, 'gblinear.json'), '--file', '-'], 1, /gblinear/],
])('%s', async (_what, args, exitCode, message) => {
  const result = await score(args)
  expect(result.exitCode).toBe(exitCode)
  expect(result.stderr).toMatch(message)
  expect(result.stderr, 'no stack of ours').not.toMatch(/\n {4}at /)
})

test('without --json: score and decision, separated by tabs', async () => {
  const { stdout } = await cli.run(['score', '--model', join(CHURN, 'churn-7'), '--file', '-'], {
    stdin: '{"tenure":1,"totalCharges":20,"paymentMethod":"Electronic check"}\nx',
  })
  expect(stdout).toMatch(/^0\.\d+\t(stays|churns)\nline 2\tE_RECORD_UNDECODABLE\t/)
})
