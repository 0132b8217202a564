import { describe, expect, test } from 'vitest'
import { differingRows, FIXTURES, fixture } from '../test/fixture-zoo.ts'
import { encodeJson, modelJson } from '../test/model-json.ts'
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

  /** What XGBoost 3.2 writes for columns `pandas.Categorical` of these values, in `cats.enc`. */
  test.each<[string, object, readonly string[] | undefined]>([
    ['whole numbers 7, 10, 20, 35', { type: 15, values: [7, 10, 20, 35] }, ['7', '10', '20', '35']],
    ['whole numbers -5, 3, 2^40', { type: 15, values: [-5, 3, 1099511627776] }, ['-5', '3', '1099511627776']],
    ['numbers beyond 2^53', { type: 15, values: [1, 2 ** 53] }, undefined],
    ['a and an empty text', { offsets: [0, 0, 1], values: [97] }, ['', 'a']],
    // The file has 8 of the 9 bytes, and the names come out as "naïv" and "ere".
    ['naïve and red', { offsets: [0, 5, 8], values: [110, 97, -61, -81, 118, 101, 114, 101] }, undefined],
    ['two names cut to one', { offsets: [0, 1, 2], values: [97, 97] }, undefined],
  ])('recorded categories: %s', (_, column, expected) => {
    const model = modelJson('binary-logistic')
    const none = { offsets: [], values: [] }
    Object.assign(model.learner.gradient_booster.model, { cats: { enc: [column, ...Array(7).fill(none)] } })
    const { categoryNames, categoryNamesUnsure } = parseXgboost(encodeJson(model))
    expect(categoryNames).toEqual(new Map(expected === undefined ? [] : [[0, expected]]))
    expect(categoryNamesUnsure).toEqual(new Set(expected === undefined ? [0] : []))
  })

  /** Margins that XGBoost 2.1.4, 3.0.5, 3.1.2 and 3.2.0 give for `train({objective}, data, 0)`, saved and loaded again. */
  test.each([
    ['binary:logistic', [2, 1, 4], '1', '5E-1', 0],
    ['binary:logistic', [3, 0, 5], '1', '5E-1', 0],
    ['binary:logistic', [3, 1, 2], '1', '[5E-1]', 0.5],
    ['binary:logistic', [3, 2, 0], '1', '[5E-1]', 0.5],
    ['binary:logistic', [3, 2, 0], '0', '[1.37E-1]', Math.fround(-1.8404338)],
    ['count:poisson', [3, 2, 0], '1', '[5E-1]', 0.5],
  ])('%s of %j without a round, base score %s estimated, starts where XGBoost starts', (...row) => {
    const [name, version, boost_from_average, base_score, margin] = row
    const model = modelJson('binary-logistic')
    Object.assign(model, { version })
    Object.assign(model.learner.objective, { name })
    Object.assign(model.learner.learner_model_param, { base_score, boost_from_average })
    // Up to 2.x such a file says that the best round is -1.
    Object.assign(model.learner.attributes, { best_iteration: '-1' })
    const { model: trees } = model.learner.gradient_booster
    Object.assign(trees, { trees: [], tree_info: [], iteration_indptr: [0] })
    Object.assign(trees.gbtree_model_param, { num_trees: '0' })
    expect(parseXgboost(encodeJson(model)).baseMargins[0]).toBeCloseTo(margin, 7)
  })

  test('a leaf of -0 counts as 0 in DART, which sums each tree by itself, and as -0 elsewhere', () => {
    const marginOf = (name: 'gbtree' | 'dart') => {
      const model = modelJson('single-leaf')
      const booster = model.learner.gradient_booster
      for (const tree of booster.model.trees) tree.split_conditions.fill(0)
      // JSON.stringify writes 0 for -0.
      const trees = JSON.stringify(booster.model).replaceAll('"split_conditions":[0', '"split_conditions":[-0')
      const weights = booster.model.trees.map(() => 1)
      const text = JSON.stringify({
        ...booster,
        name,
        model: 'trees',
        ...(name === 'dart' ? { weight_drop: weights } : {}),
      })
      Object.assign(model.learner.learner_model_param, { base_score: '-0' })
      Object.assign(model.learner.objective, { name: 'reg:squarederror' })
      const whole = JSON.stringify({ ...model, learner: { ...model.learner, gradient_booster: 'booster' } })
      const file = whole.replace('"booster"', text.replace('"trees"', trees))
      const ensemble = parseXgboost(new TextEncoder().encode(file))
      return referenceMargins(ensemble, new Float32Array(ensemble.width))[0]
    }
    expect([marginOf('gbtree'), marginOf('dart')]).toEqual([-0, 0])
  })

  test('gblinear is refused by name, so that another engine may take it', () => {
    expect(() => parseXgboost(fixture('gblinear').bytes('ubj'))).toThrow(ModelFault)
    expect(() => parseXgboost(fixture('gblinear').bytes('json'))).toThrow(/booster "gblinear" has no trees/)
  })
})
