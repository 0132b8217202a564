import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
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

  test.each([
    ['{"f0":"1"}', 'f0', 'it is a text; write a number without quotes, or null'],
    ['{"f1":[1]}', 'f1', 'it is an array; write a number'],
    ['{"f2":true}', 'f2', 'it is the boolean true; write a number'],
    ['{"f0":1}}', '', 'not JSON: .* at position 8$'],
  ])('%s: what it is and what to write', async (line, at, message) => {
    const { lines } = await score(['--model', model, '--file', '-'], line)
    expect(lines[0]!.error).toMatchObject({ at, message: expect.stringMatching(message) })
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

describe('rows files of every kind', () => {
  const model = join(FIXTURES, 'binary-logistic.ubj')
  const one = '{"f0":1,"f1":2,"f2":3}'
  const scoreBytes = async (bytes: Uint8Array) => {
    const file = join(cli.dir, 'rows-of-a-kind.jsonl')
    writeFileSync(file, bytes)
    return score(['--model', model, '--file', file])
  }

  test('a byte order mark and Windows line ends change nothing', async () => {
    const plain = await scoreBytes(Buffer.from(`${one}\n${one}\n`))
    expect(await scoreBytes(Buffer.from(`\ufeff${one}\r\n${one}\r\n`))).toEqual(plain)
  })

  test('bytes that are not UTF-8 are an error of their line, not another text', async () => {
    const bytes = Buffer.concat([Buffer.from('{"plan":"'), Buffer.of(0xe9), Buffer.from(`"}\n${one}`)])
    const { exitCode, lines } = await scoreBytes(bytes)
    expect([exitCode, lines[0]!.line, lines[0]!.error?.message]).toEqual([
      1,
      1,
      'the line is not UTF-8; convert the file',
    ])
    expect(lines[1]!.error).toBeUndefined()
  })

  test('fields that are no feature are told up to a limit, however many a row has and however long they are', async () => {
    const row = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`${'x'.repeat(150)}${i}`, 1]))
    const { stderr } = await scoreBytes(Buffer.from(JSON.stringify({ ...row, ['y'.repeat(10_000)]: 1 })))
    expect(stderr).toContain('were ignored')
    expect(stderr.length).toBeLessThan(20 * 260)
  })
})

test('whole-number categories are told by their values when the file records them', async () => {
  const original = readFileSync(join(FIXTURES, 'binary-logistic.json'), 'utf8')
  const model = JSON.parse(original) as {
    learner: { gradient_booster: { model: { cats: unknown } } }
  }
  const none = { offsets: [], values: [] }
  model.learner.gradient_booster.model.cats = { enc: [{ type: 15, values: [20, 7, 10] }, ...Array(7).fill(none)] }
  const changed = join(cli.dir, 'numbers.json')
  writeFileSync(changed, JSON.stringify(model))
  const margins = async (file: string, values: readonly (number | null)[]) => {
    const stdin = values.map((f0) => JSON.stringify({ f0 })).join('\n')
    return (await score(['--model', file, '--file', '-', '--margin'], stdin)).lines.map((line) => line.margin)
  }
  const plain = await margins(join(FIXTURES, 'binary-logistic.json'), [0, 1, 2, null])
  expect(new Set(plain).size, 'the column matters').toBeGreaterThan(1)
  expect(await margins(changed, [20, 7, 10, 1])).toEqual(plain)
})

test('categories that a file does not name are told on stderr', async () => {
  const { stderr } = await score(['--model', join(FIXTURES, 'categories-mixed.ubj'), '--file', '-'], '{"f0":1}')
  expect(stderr).toMatch(/must carry their codes \(0, 1, …\): .*f\d/)
})

test('contributions of a package that keeps its best rounds sum to the margin of those rounds', async () => {
  const { name, features, files } = shapes.find((s) => s.files['bestMargins'] !== undefined)!
  const [rows, best, all] = [floats(files['rows']!), floats(files['bestMargins']!), floats(files['margins']!)]
  const r = best.findIndex(
    (margin, i) => margin !== all[i] && rows.subarray(i * features, (i + 1) * features).every(Number.isFinite),
  )
  const row = [...rows.subarray(r * features, (r + 1) * features)]
  const named = Object.fromEntries(row.map((value, c) => [`f${c}`, value]))
  const folder = join(cli.dir, 'early-1')
  mkdirSync(folder)
  const put = (file: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, file), bytes)
    return `path: ${file}, sha256: "${createHash('sha256').update(bytes).digest('hex')}"`
  }
  const expected = 1 / (1 + Math.exp(-best[r]!))
  const model = put('model.ubj', readFileSync(join(FIXTURES, files['ubj']!)))
  const golden = put('golden.jsonl', `${JSON.stringify({ features: named, row, score: expected, margin: best[r] })}\n`)
  writeFileSync(
    join(folder, 'model.yaml'),
    `name: early
version: 1
task: binary
threshold: 0.5
labels: { negative: no, positive: yes }
files: [{ engine: trees, rounds: best, ${model} }]
features: [${row.map((_, c) => `{ name: f${c}, type: number }`).join(', ')}]
golden: { reference: "XGBoost 3.2, ${name}", ${golden} }
`,
  )
  const { exitCode, lines, stderr } = await score(
    ['--model', folder, '--file', '-', '--margin', '--contributions'],
    JSON.stringify(named),
  )
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(lines[0]!.margin).toBe(best[r])
  const { baseValue, features: shares } = lines[0]!.contributions![0]!
  expect(Object.values(shares).reduce((a, b) => a + b, baseValue)).toBeCloseTo(best[r]!, 4)
})

test.each<[string, readonly string[], number, RegExp]>([
  [
    'a model that is a device',
    ['--model', '/dev/zero', '--file', '-'],
    2,
    /\/dev\/zero is neither a file nor a folder/,
  ],
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
