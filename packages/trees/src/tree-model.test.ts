import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { differingRows, FIXTURES, fixture } from '../test/fixture-zoo.ts'
import { randomCase } from '../test/random-ensemble.ts'
import { fillBatch, scoreRows } from '../test/score-rows.ts'
import { referenceMargins } from './reference-walk.ts'
import { compileTrees } from './tree-model.ts'
import { parseXgboost } from './xgboost-model.ts'

const withTrees = FIXTURES.filter((shape) => shape.booster !== 'gblinear')
const sliceable = (kernel: string, leavesMax: number): boolean => kernel === 'walk' || leavesMax <= 256

describe.each(withTrees.map((shape) => [shape.title, shape] as const))('%s', (_, shape) => {
  test.each(['auto', 'sliced', 'walk'] as const)('margins of XGBoost, bit for bit, kernel %s', (kernel) => {
    const ensemble = parseXgboost(shape.bytes('ubj'))
    const { leavesMax } = compileTrees(ensemble).describe()
    if (kernel === 'sliced' && !sliceable(kernel, leavesMax)) {
      expect(() => compileTrees(ensemble, { kernel })).toThrow(/cannot be sliced/)
      return
    }
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
  const leaves = (count: number) =>
    randomCase(3, {
      trees: 1,
      width: 2,
      outputs: 1,
      vectorLeaves: false,
      leavesMax: count,
      categories: false,
      thresholdPool: 50,
    }).ensemble

  test('a tree of 256 leaves can be sliced, one of 257 is walked', () => {
    const exactly = (count: number) => {
      for (let seed = 0; ; seed++) {
        const { ensemble } = randomCase(seed, {
          trees: 1,
          width: 2,
          outputs: 1,
          vectorLeaves: false,
          leavesMax: count,
          categories: false,
          thresholdPool: 50,
        })
        if ((ensemble.trees[0]!.order.length + 1) / 2 === count) return ensemble
      }
    }
    expect(compileTrees(exactly(256), { kernel: 'sliced' }).describe()).toMatchObject({
      kernel: 'sliced',
      leavesMax: 256,
    })
    expect(() => compileTrees(exactly(257), { kernel: 'sliced' })).toThrow(/257 leaves, at most 256/)
    expect(compileTrees(exactly(257)).describe()).toMatchObject({
      kernel: 'walk',
      why: expect.stringContaining('257 leaves'),
    })
  })

  test('a description counts what the model has', () => {
    const shape = fixture('categories-mixed')
    const description = compileTrees(parseXgboost(shape.bytes('ubj'))).describe()
    expect(description.categorySets).toBeGreaterThan(0)
    expect(description.perfectTrees + description.shapedTrees).toBe(description.trees)
    expect(leaves(8).trees).toHaveLength(1)
  })
})
