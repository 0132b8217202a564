import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { differingRows, FIXTURES, fixture } from '../test/fixture-zoo.ts'
import { randomCase } from '../test/random-ensemble.ts'
import { fillBatch, scoreRows } from '../test/score-rows.ts'
import { referenceMargins } from './reference-walk.ts'
import { compileTrees } from './tree-model.ts'
import { parseXgboost } from './xgboost-model.ts'

vi.setConfig({ testTimeout: 60_000 }) // thousands of models each; a busy machine takes its time

const withTrees = FIXTURES.filter((shape) => shape.booster !== 'gblinear')
const ONE_TREE = { trees: 1, width: 3, outputs: 1, vectorLeaves: false, categories: true, thresholdPool: 300 } as const

describe.each(withTrees.map((shape) => [shape.title, shape] as const))('%s', (_, shape) => {
  test.each(['auto', 'sliced', 'walk'] as const)('margins of XGBoost, bit for bit, kernel %s', (kernel) => {
    const ensemble = parseXgboost(shape.bytes('ubj'))
    const model = compileTrees(ensemble, { kernel })
    for (const batchRows of [1, 128, 1025]) {
      const margins = scoreRows(model, shape.floats('rows'), batchRows)
      expect(differingRows(margins, shape.floats('margins'), shape.outputs), `batches of ${batchRows}`).toEqual([])
    }
  })

  test('predict answers as Booster.predict', () => {
    const model = compileTrees(parseXgboost(shape.bytes('json')))
    const batch = model.allocate(shape.rows)
    const out = new Float32Array(shape.rows * model.predictionColumns)
    fillBatch(batch, shape.floats('rows'), 0, shape.rows)
    model.predict(batch, shape.rows, out)
    const expected = shape.floats('predictions')
    expect(out.length).toBe(expected.length)
    const far = expected.filter(
      (p, i) => !Object.is(p, out[i]) && Math.abs(p - out[i]!) > 1e-7 * Math.max(1, Math.abs(p)),
    )
    expect([...far]).toEqual([])
  })
})

describe('any trees, any rows: the kernels return the bits of the reference walk', () => {
  const cases = fc.record({
    seed: fc.integer(),
    trees: fc.constantFrom(0, 1, 3, 9, 63, 64, 65, 130),
    width: fc.integer({ min: 1, max: 7 }),
    outputs: fc.integer({ min: 1, max: 4 }),
    vectorLeaves: fc.boolean(),
    leavesMax: fc.constantFrom(1, 2, 8, 40, 256),
    categories: fc.boolean(),
    thresholdPool: fc.constantFrom(1, 10, 254, 255, 256, 900),
    batchRows: fc.integer({ min: 1, max: 1025 }),
  })

  test.each(['sliced', 'walk', 'auto'] as const)('%s', (kernel) => {
    fc.assert(
      fc.property(cases, ({ seed, batchRows, ...options }) => {
        const { ensemble, rows } = randomCase(seed, {
          ...options,
          outputs: options.vectorLeaves ? Math.max(2, options.outputs) : options.outputs,
        })
        const table = rows(300)
        const model = compileTrees(ensemble, { kernel })
        const margins = scoreRows(model, table, batchRows)
        expect(differingRows(margins, referenceMargins(ensemble, table), ensemble.outputs)).toEqual([])
      }),
      { seed: 20_260_901, numRuns: 150 },
    )
  })

  test('-0 is 0, also between thresholds that lie next to each other around zero', () => {
    const { ensemble } = randomCase(1, { ...ONE_TREE, width: 1, categories: false, leavesMin: 2, leavesMax: 2 })
    const [stump] = ensemble.trees
    const step = 2 ** -149
    for (let spread = 2; spread < 400; spread++) {
      const thresholds = [-spread, -1, 0, spread].map((steps) => steps * step)
      const trees = thresholds.map((t) => ({ ...stump!, threshold: new Float32Array(3).fill(t) }))
      const rows = Float32Array.of(-0, 0, -step, step, -2 * step, Number.NaN)
      const model = compileTrees({ ...ensemble, trees }, { kernel: 'sliced' })
      expect(differingRows(scoreRows(model, rows, 6), referenceMargins({ ...ensemble, trees }, rows), 1)).toEqual([])
    }
  })

  test('a row scores alone as in any batch', () => {
    const { ensemble, rows } = randomCase(7, {
      trees: 70,
      width: 5,
      outputs: 2,
      vectorLeaves: false,
      leavesMax: 60,
      categories: true,
      thresholdPool: 300,
    })
    const model = compileTrees(ensemble)
    const table = rows(1025)
    const alone = scoreRows(model, table, 1)
    for (let batchRows = 1; batchRows <= 1025; batchRows += 31) {
      expect(differingRows(scoreRows(model, table, batchRows), alone, 2), `batches of ${batchRows}`).toEqual([])
    }
  })
})

describe('kernel choice', () => {
  const exactly = (leaves: number, growth: 'any' | 'balanced' | 'chain') => {
    const { ensemble, rows } = randomCase(leaves, { ...ONE_TREE, leavesMin: leaves, leavesMax: leaves, growth })
    return { ensemble, rows: rows(300) }
  }

  test.each([
    [256, 1],
    [257, 2],
    [2_000, 9],
  ])('a tree of %i leaves is sliced in at least %i pieces', (leaves, piecesMin) => {
    const { ensemble, rows } = exactly(leaves, 'any')
    const model = compileTrees(ensemble, { kernel: 'sliced' })
    const { perfectTrees, shapedTrees, leavesMax } = model.describe()
    expect(leavesMax).toBe(leaves)
    if (piecesMin === 1) expect(perfectTrees + shapedTrees).toBe(1)
    else expect(perfectTrees + shapedTrees).toBeGreaterThanOrEqual(piecesMin)
    expect(differingRows(scoreRows(model, rows, 300), referenceMargins(ensemble, rows), 1)).toEqual([])
  })

  test.each([
    [64 * 256 + 1, 'balanced'],
    [600, 'chain'],
  ] as const)('a tree of %i leaves grown as %s cannot be sliced: it is walked, and why is said', (leaves, growth) => {
    const { ensemble, rows } = exactly(leaves, growth)
    expect(() => compileTrees(ensemble, { kernel: 'sliced' })).toThrow(`cannot be sliced: tree 0 has ${leaves} leaves`)
    const model = compileTrees(ensemble)
    expect(model.describe()).toMatchObject({ kernel: 'walk', why: expect.stringContaining(`${leaves} leaves`) })
    expect(differingRows(scoreRows(model, rows, 300), referenceMargins(ensemble, rows), 1)).toEqual([])
  })

  test('a description counts what the model has', () => {
    const description = compileTrees(parseXgboost(fixture('categories-mixed').bytes('ubj'))).describe()
    expect(description.categorySets).toBeGreaterThan(0)
    expect(description.perfectTrees + description.shapedTrees).toBe(description.trees)
    expect(description.maskBytes).toBeLessThan(description.tableBytes)
  })
})

describe('a model and its batches', () => {
  const model = () => compileTrees(parseXgboost(fixture('binary-logistic').bytes('ubj')))

  test('a batch of another model, too many rows and too short results are refused', () => {
    const own = model()
    const batch = own.allocate(10)
    expect(() => own.scoreMargins(model().allocate(10), 1, new Float32Array(1))).toThrow(/belongs to another model/)
    expect(() => own.scoreMargins(batch, 11, new Float32Array(11))).toThrow(/from 0 to 10, not 11/)
    expect(() => own.scoreMargins(batch, 10, new Float32Array(9))).toThrow(/holds 9 values, 10 are needed/)
    expect(() => own.allocate(0)).toThrow(RangeError)
  })

  test('a batch survives the growth of the memory by later ones', () => {
    const own = model()
    const rows = fixture('binary-logistic').floats('rows')
    const batch = own.allocate(100)
    fillBatch(batch, rows, 0, 100)
    own.allocate(100_000)
    const out = new Float32Array(100)
    own.scoreMargins(batch, 100, out)
    expect(differingRows(out, fixture('binary-logistic').floats('margins').subarray(0, 100), 1)).toEqual([])
    expect(batch.values.length).toBeGreaterThan(0)
  })

  test('warming up changes no score, and a closed model scores no more', () => {
    const own = model()
    const rows = fixture('binary-logistic').floats('rows')
    own.warm()
    expect(differingRows(scoreRows(own, rows, 64), fixture('binary-logistic').floats('margins'), 1)).toEqual([])
    own.close()
    expect(() => own.allocate(1)).toThrow(/the model is closed/)
  })
})
