import { createHash } from 'node:crypto'
import { InvariantError } from '@sluice/contracts'
import { RowMajorBatch } from '@sluice/features'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type EngineLoader, type Engines, loadModel } from './load-model.ts'
import type { Model } from './model.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const entry = (path: string, bytes: Uint8Array) => ({ path, sha256: createHash('sha256').update(bytes).digest('hex') })

/** A package whose true model is score = 0.25 x, with margin = x. */
function packageOf(golden: string, engines = ['trees', 'onnx']) {
  const [model, rows] = [utf8('bytes'), utf8(golden)]
  const manifest = {
    name: 'quarter',
    version: 1,
    task: 'regression',
    files: engines.map((engine) => ({ engine, ...entry('model.bin', model) })),
    features: [{ name: 'x', type: 'number', nonFinite: 'allow' }],
    golden: { ...entry('golden.jsonl', rows), reference: 'arithmetic', tolerance: 0.001 },
  }
  const files = new Map([
    ['model.yaml', utf8(stringify(manifest))],
    ['model.bin', model],
    ['golden.jsonl', rows],
  ])
  return { origin: 'models/quarter-1', name: 'quarter', version: 1, files }
}

const GOLDEN = [
  '{"features":{"x":1},"row":[1],"score":0.25,"margin":1}',
  '{"features":{"x":-8},"row":[-8],"score":-2,"margin":-8}',
].join('\n')

/** An engine that multiplies; what it does beside that is the test's. */
function multiplier(factor: number, more: Partial<Model> = {}): EngineLoader & { closed: number } {
  const loader = Object.assign(
    (_source: unknown, file: Parameters<EngineLoader>[1]): Model => ({
      name: 'quarter',
      version: 1,
      engine: file.engine,
      sha256: file.sha256,
      width: 1,
      outputs: 1,
      allocate: (rowsMax) => new RowMajorBatch(rowsMax, 1),
      score: (batch, rows, out) => {
        for (let i = 0; i < rows; i++) out[i] = batch.values[i]! * factor
      },
      close: async () => {
        loader.closed++
      },
      ...more,
    }),
    { closed: 0 },
  )
  return loader
}

async function refusal(golden: string, engines: Engines): Promise<string> {
  return await loadModel(packageOf(golden), engines).then(
    () => 'loaded',
    (error: Error) => error.message,
  )
}

describe('the first engine of the package that gets the golden rows right is used', () => {
  test('with a report', async () => {
    const loaded = await loadModel(packageOf(GOLDEN), { trees: multiplier(0.2501), onnx: multiplier(0.25) })
    expect(loaded.model.engine).toBe('trees')
    expect(loaded.notUsed).toEqual([])
    expect(loaded.golden).toMatchObject({ rows: 2, tolerance: 0.001, marginsExact: undefined, problems: [] })
    expect(loaded.golden.worst).toMatchObject({ line: 2, expected: -2 })
    expect(loaded.golden.worst.difference).toBeCloseTo(0.0008, 6)
  })

  test('and the others say why they are not', async () => {
    const trees = multiplier(0.3)
    const loaded = await loadModel(packageOf(GOLDEN), { trees, onnx: multiplier(0.25) })
    expect(loaded.model.engine).toBe('onnx')
    expect(loaded.notUsed).toEqual([
      { engine: 'trees', reason: expect.stringMatching(/the score differs in 2 of 2 \(line 1: 0\.30.*expected 0\.25/) },
    ])
    expect(trees.closed).toBe(1)
  })

  test('an engine that this process does not have is passed over', async () => {
    const loaded = await loadModel(packageOf(GOLDEN), { onnx: multiplier(0.25) })
    expect(loaded.notUsed).toEqual([{ engine: 'trees', reason: 'this process does not have the engine' }])
  })

  test('when none does, the version is refused with all reasons', async () => {
    const fails = () => Promise.reject(new Error('unsupported objective'))
    const message = await refusal(GOLDEN, { trees: fails, onnx: multiplier(1) })
    expect(message).toMatch(/quarter-1 is refused:\n- trees: unsupported objective\n- onnx: golden rows: the score/)
  })

  test('our own bug is not an engine that is passed over', async () => {
    const broken = () => {
      throw new InvariantError('bug')
    }
    await expect(loadModel(packageOf(GOLDEN), { trees: broken, onnx: multiplier(0.25) })).rejects.toThrow(
      InvariantError,
    )
  })
})

describe('a version is refused', () => {
  test.each([
    ['when a score is NaN', multiplier(Number.NaN), /the score differs in 2 of 2/],
    ['when it takes other columns', multiplier(0.25, { width: 2 }), /it takes 2 columns, the package has 1 features/],
    ['when it answers another number of values', multiplier(0.25, { outputs: 3 }), /it answers 3 values a row/],
    [
      'when a margin is off by one bit',
      multiplier(0.25, {
        scoreMargins: (_batch, rows, out) => {
          out.set([1, -8.000001])
          expect(rows).toBe(2)
        },
      }),
      /the margin is not the same to the last bit in 1 of 2 \(line 2: -8.000/,
    ],
  ])('%s', async (_name, trees, reason) => {
    const message = await refusal(GOLDEN, { trees })
    expect(message).toMatch(reason)
  })

  test('when a golden row encodes to something else than it says', async () => {
    const wrong = '{"features":{"x":1},"row":[2],"score":0.25}'
    expect(await refusal(wrong, { trees: multiplier(0.25) })).toMatch(
      /the encoded row differs from `row` in 1 of 1 \(line 1: x is 1, expected 2\)/,
    )
    const fault = '{"features":{"x":"one"},"row":[1],"score":0.25}'
    expect(await refusal(fault, { trees: multiplier(0.25) })).toMatch(/line 1: x: E_FEATURE_TYPE/)
  })
})

test('more golden rows than one batch are all checked, and what JSON cannot spell is read', async () => {
  const good =
    '{"features":{"x":null},"row":["NaN"],"score":0}\n{"features":{"x":"Infinity"},"row":["Infinity"],"score":1}\n'
  const zeroOrOne = multiplier(1, {
    score: (batch, rows, out) => {
      for (let i = 0; i < rows; i++) out[i] = Number.isNaN(batch.values[i]) ? 0 : 1
    },
  })
  const loaded = await loadModel(packageOf(good.repeat(1200)), { trees: zeroOrOne })
  expect(loaded.golden.rows).toBe(2400)
  const oneBad = `${good.repeat(1200)}{"features":{"x":1},"row":[1],"score":0}`
  expect(await refusal(oneBad, { trees: zeroOrOne })).toMatch(/in 1 of 2401 \(line 2401: 1, expected 0\)/)
})
