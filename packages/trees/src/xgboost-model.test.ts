import { describe, expect, test } from 'vitest'
import { differingRows, FIXTURES, fixture } from '../test/fixture-zoo.ts'
import { ModelFault } from './model-fault.ts'
import { predictionColumns, transformMargins } from './objective.ts'
import { referenceMargins } from './reference-walk.ts'
import { parseXgboost } from './xgboost-model.ts'

const withTrees = FIXTURES.filter((shape) => shape.booster !== 'gblinear')

describe('models of every shape score as the XGBoost that trained them', () => {
  test('the zoo is there', () => expect(withTrees.length).toBeGreaterThan(60))

  describe.each(withTrees.map((shape) => [shape.title, shape] as const))('%s', (_, shape) => {
    test.each(['json', 'ubj'])('margins from .%s, bit for bit', (kind) => {
      const ensemble = parseXgboost(shape.bytes(kind))
      expect([ensemble.width, ensemble.outputs]).toEqual([shape.features, shape.outputs])
      const margins = referenceMargins(ensemble, shape.floats('rows'))
      expect(differingRows(margins, shape.floats('margins'), shape.outputs)).toEqual([])
    })

    test('predictions within 1e-7 of the value', () => {
      const { objective, outputs } = parseXgboost(shape.bytes('ubj'))
      const columns = predictionColumns(objective.transform, outputs)
      const predictions = new Float32Array(shape.rows * columns)
      transformMargins(objective.transform, outputs, shape.rows, shape.floats('margins'), predictions)
      const expected = shape.floats('predictions')
      expect(columns).toBe(shape.predictionColumns)
      const off = predictions.filter(
        (p, i) => !(p === expected[i] || Math.abs(p - expected[i]!) <= 1e-7 * Math.max(1, Math.abs(expected[i]!))),
      )
      expect([...off]).toEqual([])
    })
  })

  test('early stopping: all rounds by default, the best ones on request', () => {
    for (const shape of withTrees.filter(({ files }) => files['bestMargins'] !== undefined)) {
      const all = parseXgboost(shape.bytes('ubj'))
      const best = parseXgboost(shape.bytes('ubj'), { rounds: 'best' })
      expect(best.trees.length).toBeLessThan(all.trees.length)
      const margins = referenceMargins(best, shape.floats('rows'))
      expect(differingRows(margins, shape.floats('bestMargins'), shape.outputs), shape.title).toEqual([])
    }
  })

  test('text categories by code, column names and types of a model trained from a data frame', () => {
    for (const kind of ['json', 'ubj']) {
      const { categoryNames, featureNames, featureTypes } = parseXgboost(fixture('categories-named').bytes(kind))
      expect(categoryNames.get(1)).toEqual(['r00', 'r01', 'r02'])
      expect([...categoryNames.values()].map((names) => names.length)).toEqual([7, 3, 40])
      expect(featureNames).toEqual(['plan', 'region', 'device', 'usage', 'age'])
      expect(featureTypes).toEqual(['c', 'c', 'c', 'float', 'float'])
    }
    expect(parseXgboost(fixture('feature-names').bytes('ubj')).featureNames).toContain('größe')
  })

  test('gblinear is refused by name, so that another engine may take it', () => {
    expect(() => parseXgboost(fixture('gblinear').bytes('ubj'))).toThrow(ModelFault)
    expect(() => parseXgboost(fixture('gblinear').bytes('json'))).toThrow(/booster "gblinear" has no trees/)
  })
})
