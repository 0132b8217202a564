import { rng } from '@sluice/testing'
import { describe, expect, test, vi } from 'vitest'
import { differingRows, FIXTURES, fixture } from '../test/fixture-zoo.ts'
import { modelFaultOf } from '../test/model-fault-of.ts'
import { encodeJson, type ModelJson, modelJson, type TreeJson } from '../test/model-json.ts'
import { scoreRows } from '../test/score-rows.ts'
import { ModelFault } from './model-fault.ts'
import {
  CATEGORY_CODES,
  CATEGORY_SET_BYTES_MAX,
  FEATURES_MAX,
  MEMORY_BYTES_MAX,
  MODEL_BYTES_MAX,
  NODES_MAX,
  OUTPUTS_MAX,
  TREES_MAX,
} from './model-limits.ts'
import { referenceMargins } from './reference-walk.ts'
import { compileTrees } from './tree-model.ts'
import { parseXgboost } from './xgboost-model.ts'

vi.setConfig({ testTimeout: 60_000 }) // thousands of models each; a busy machine takes its time

const firstTree = (model: ModelJson): TreeJson => model.learner.gradient_booster.model.trees[0]!
const param = (model: ModelJson): Record<string, string> => model.learner.learner_model_param
const booster = (model: ModelJson) => model.learner.gradient_booster

function faultAfter(name: string, change: (model: ModelJson) => unknown): string {
  const model = modelJson(name)
  change(model)
  return modelFaultOf(() => parseXgboost(encodeJson(model)))
}

describe('damaged or hostile models are refused with the place and the cause', () => {
  test.each<[string, string, (model: ModelJson) => unknown, RegExp]>([
    [
      'a cycle',
      'binary-logistic',
      (m) =>
        Object.assign(firstTree(m).left_children, { 1: 0 }) && Object.assign(firstTree(m).right_children, { 1: 1 }),
      /^E_MODEL_NOT_A_TREE .*trees\[0\] node 1: child 0 is reached a second time/,
    ],
    [
      'a node that is its own child',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).left_children, { 1: 1 }),
      /^E_MODEL_NOT_A_TREE/,
    ],
    [
      'a shared child',
      'binary-logistic',
      (m) =>
        Object.assign(firstTree(m).left_children, { 2: firstTree(m).left_children[1] }) &&
        Object.assign(firstTree(m).right_children, { 2: firstTree(m).right_children[1] }),
      /^E_MODEL_NOT_A_TREE .*node 2: child 3 is reached a second time/,
    ],
    [
      'one node as both children',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).right_children, { 0: 1 }),
      /^E_MODEL_NOT_A_TREE .*node 0: child 1 is reached a second time/,
    ],
    [
      'one child missing',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).right_children, { 0: -1 }),
      /^E_MODEL_NOT_A_TREE .*node 0: one child is missing/,
    ],
    [
      'a leaf with a right child',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).left_children, { 1: -1 }),
      /^E_MODEL_NOT_A_TREE .*node 1: one child is missing/,
    ],
    [
      'a child beyond the nodes',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).left_children, { 0: 9_999 }),
      /^E_MODEL_RANGE learner.*left_children\[0\]: expected an integer from -1 to \d+, found 9999/,
    ],
    [
      'a negative child',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).right_children, { 0: -2 }),
      /^E_MODEL_RANGE .*right_children\[0\]/,
    ],
    [
      'a fractional child',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).left_children, { 0: 1.5 }),
      /^E_MODEL_RANGE .*found 1.5/,
    ],
    [
      'children that are no neighbours',
      'binary-logistic',
      (m) => {
        const tree = firstTree(m)
        const [a, b] = [tree.right_children[1]!, tree.right_children[2]!]
        Object.assign(tree.right_children, { 1: b, 2: a })
      },
      /^E_MODEL_UNSUPPORTED .*right child \d+ does not follow left child/,
    ],
    [
      'a column beyond the width',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).split_indices, { 0: 8 }),
      /^E_MODEL_RANGE .*node 0: splits on column 8 of 8/,
    ],
    [
      'a negative column',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).split_indices, { 0: -1 }),
      /^E_MODEL_RANGE .*node 0: splits on column -1/,
    ],
    [
      'a threshold beyond float32',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).split_conditions, { 0: 1e39 }),
      /^E_MODEL_NOT_FINITE .*node 0: threshold Infinity/,
    ],
    [
      'a leaf beyond float32',
      'binary-logistic',
      (m) => Object.assign(firstTree(m).split_conditions, { [firstTree(m).left_children.length - 1]: -1e39 }),
      /^E_MODEL_NOT_FINITE .*leaf value \d+ is -Infinity/,
    ],
    [
      'default_left of 2',
      'binary-logistic',
      (m) => Object.assign(firstTree(m)['default_left'] as number[], { 0: 2 }),
      /^E_MODEL_RANGE .*default_left\[0\]/,
    ],
    [
      'an unknown objective',
      'binary-logistic',
      (m) => Object.assign(m.learner.objective, { name: 'reg:expectileerror' }),
      /^E_MODEL_UNSUPPORTED learner.objective.name: objective "reg:expectileerror" is not known/,
    ],
    [
      'an objective named like a method',
      'binary-logistic',
      (m) => Object.assign(m.learner.objective, { name: 'constructor' }),
      /^E_MODEL_UNSUPPORTED/,
    ],
    [
      'an unknown booster',
      'binary-logistic',
      (m) => Object.assign(booster(m), { name: 'gbrain' }),
      /^E_MODEL_UNSUPPORTED .*booster "gbrain"/,
    ],
    ['no learner', 'binary-logistic', (m) => Reflect.deleteProperty(m, 'learner'), /^E_MODEL_FIELD_MISSING learner:/],
    [
      'no trees',
      'binary-logistic',
      (m) => Reflect.deleteProperty(booster(m).model, 'trees'),
      /^E_MODEL_FIELD_MISSING learner.gradient_booster.model.trees/,
    ],
    [
      'trees that are a text',
      'binary-logistic',
      (m) => Object.assign(booster(m).model, { trees: 'x' }),
      /^E_MODEL_FIELD_TYPE .*trees: expected an array, found a string/,
    ],
    [
      'a tree that is a number',
      'binary-logistic',
      (m) => Object.assign(booster(m).model, { trees: [null] }),
      /^E_MODEL_FIELD_TYPE .*trees\[0\]: expected an object, found null/,
    ],
    [
      'more trees than num_trees',
      'binary-logistic',
      (m) => booster(m).model.trees.pop(),
      /^E_MODEL_LENGTH .*3 trees, but num_trees is 4/,
    ],
    [
      'an output beyond the outputs',
      'multi-softprob',
      (m) => Object.assign(booster(m).model.tree_info, { 0: 3 }),
      /^E_MODEL_RANGE .*tree_info\[0\]: expected an integer from 0 to 2, found 3/,
    ],
    ['a short tree_info', 'multi-softprob', (m) => booster(m).model.tree_info.pop(), /^E_MODEL_LENGTH .*tree_info/],
    [
      'a number written as a number',
      'binary-logistic',
      (m) => Object.assign(param(m), { num_feature: 8 }),
      /^E_MODEL_FIELD_TYPE .*num_feature: expected a text, found a number/,
    ],
    [
      'a parameter that is no integer',
      'binary-logistic',
      (m) => Object.assign(param(m), { num_feature: '8x' }),
      /^E_MODEL_FIELD_TYPE .*found "8x"/,
    ],
    [
      'base_score that is no number',
      'binary-logistic',
      (m) => Object.assign(param(m), { base_score: '{}' }),
      /^E_MODEL_FIELD_TYPE .*base_score/,
    ],
    [
      'base_score of the wrong length',
      'multi-softprob',
      (m) => Object.assign(param(m), { base_score: '[1,2]' }),
      /^E_MODEL_LENGTH .*base_score: expected 1 or 3 numbers, found 2/,
    ],
    [
      'base_score NaN',
      'binary-logistic',
      (m) => Object.assign(param(m), { base_score: 'NaN' }),
      /^E_MODEL_NOT_FINITE .*base_score/,
    ],
    [
      'base_score that is no probability',
      'binary-logistic',
      (m) => Object.assign(param(m), { base_score: '1.5' }),
      /^E_MODEL_RANGE .*must be a probability/,
    ],
    [
      'base_score 0 below a logarithm',
      'poisson',
      (m) => Object.assign(param(m), { base_score: '0' }),
      /^E_MODEL_RANGE .*must be above 0/,
    ],
    ['too few names', 'feature-names', (m) => m.learner.feature_names.pop(), /^E_MODEL_LENGTH learner.feature_names/],
    [
      'a dart weight too few',
      'dart',
      (m) => booster(m).weight_drop!.pop(),
      /^E_MODEL_LENGTH .*weight_drop: expected 12 numbers, found 11/,
    ],
    [
      'best_iteration that is no number',
      'early-stopped',
      (m) => Object.assign(m.learner.attributes, { best_iteration: '-2' }),
      /^E_MODEL_FIELD_TYPE .*best_iteration/,
    ],
    [
      'a leaf vector of the wrong size',
      'multi-target-vector-leaf',
      (m) => Object.assign(firstTree(m).tree_param, { size_leaf_vector: '2' }),
      /^E_MODEL_RANGE .*2 values per leaf for 3 outputs/,
    ],
    [
      'a leaf vector beyond the table',
      'multi-target-vector-leaf',
      (m) =>
        Object.assign(firstTree(m).right_children, {
          [firstTree(m).left_children.lastIndexOf(-1)]: firstTree(m).left_children.length - 1,
        }),
      /^E_MODEL_RANGE .*leaf vector \d+ does not exist/,
    ],
    [
      'a short table of leaf vectors',
      'multi-target-vector-leaf',
      (m) => (firstTree(m)['leaf_weights'] as number[]).pop(),
      /^E_MODEL_LENGTH .*leaf_weights/,
    ],
    [
      'categories of a numeric node',
      'categories-mixed',
      (m) => Object.assign(firstTree(m).split_type, { [firstTree(m).categories_nodes[0]!]: 0 }),
      /^E_MODEL_CATEGORIES .*numeric split_type/,
    ],
    [
      'a categorical node without categories',
      'categories-mixed',
      (m) => Object.assign(firstTree(m).split_type, { [firstTree(m).split_type.indexOf(0)]: 1 }),
      /^E_MODEL_CATEGORIES .*split_type: a categorical node has no categories/,
    ],
    [
      'a negative category',
      'categories-mixed',
      (m) => Object.assign(firstTree(m).categories, { 0: -1 }),
      /^E_MODEL_RANGE .*categories\[0\]/,
    ],
    [
      'a category of 2^24',
      'categories-mixed',
      (m) => Object.assign(firstTree(m).categories, { 0: CATEGORY_CODES }),
      /^E_MODEL_RANGE .*categories\[0\].*16777215, found 16777216/,
    ],
    [
      'overlapping segments',
      'categories-mixed',
      (m) => Object.assign(firstTree(m).categories_segments, { 1: 0 }),
      /^E_MODEL_CATEGORIES .*segment starts at 0/,
    ],
    [
      'a segment beyond the categories',
      'categories-mixed',
      (m) =>
        Object.assign(firstTree(m).categories_sizes, {
          [firstTree(m).categories_sizes.length - 1]: firstTree(m).categories.length,
        }),
      /^E_MODEL_CATEGORIES .*segment ends at/,
    ],
    [
      'an empty segment',
      'categories-mixed',
      (m) => Object.assign(firstTree(m).categories_sizes, { 0: 0 }),
      /^E_MODEL_RANGE .*categories_sizes\[0\]/,
    ],
    [
      'categories of no node',
      'categories-mixed',
      (m) => firstTree(m).categories.push(1),
      /^E_MODEL_CATEGORIES .*1 categories belong to no node/,
    ],
    [
      'nodes out of order',
      'categories-mixed',
      (m) => firstTree(m).categories_nodes.reverse(),
      /^E_MODEL_CATEGORIES .*must be ascending/,
    ],
    [
      'one size too few',
      'categories-mixed',
      (m) => firstTree(m).categories_sizes.pop(),
      /^E_MODEL_LENGTH .*categories_sizes/,
    ],
  ])('%s', (_, name, change, expected) => {
    expect(faultAfter(name, change)).toMatch(expected)
  })

  const ARRAYS = [
    'left_children',
    'right_children',
    'parents',
    'split_indices',
    'split_conditions',
    'default_left',
    'sum_hessian',
    'loss_changes',
    'base_weights',
    'split_type',
  ]
  test.each(ARRAYS)('%s one too short, and missing', (name) => {
    expect(faultAfter('binary-logistic', (m) => (firstTree(m)[name] as number[]).pop())).toMatch(
      new RegExp(
        `^E_MODEL_LENGTH learner.gradient_booster.model.trees\\[0\\].${name}: expected \\d+ numbers, found \\d+$`,
      ),
    )
    if (name === 'split_type') return // absent in models of XGBoost 1.2 and earlier
    expect(faultAfter('binary-logistic', (m) => Reflect.deleteProperty(firstTree(m), name))).toMatch(
      new RegExp(`^E_MODEL_FIELD_MISSING .*${name}`),
    )
  })

  test('other files', () => {
    const of = (text: string) => modelFaultOf(() => parseXgboost(new TextEncoder().encode(text)))
    expect(of('')).toMatch(/^E_MODEL_TRUNCATED file/)
    expect(of('[1, 2]\n')).toMatch(/^E_MODEL_FIELD_TYPE file: expected an object, found an array of numbers/)
    expect(of('{"__proto__": {"learner": 1}}')).toMatch(/^E_MODEL_KEY/)
    expect(of('{"Model": {}, "Config": {}}')).toMatch(/^E_MODEL_FIELD_MISSING learner/)
  })

  test.each([
    ['binf\0\0', 'old binary format'],
    ['bs64\0\0', 'old binary format'],
    ['CONFIG-offset:\0', 'memory of a booster'],
    ['PK\x03\x04', 'zip archive'],
    ['\x1f\x8b\x08', 'gzip'],
    ['\x80\x04\x95', 'pickle'],
    ['\xef\xbb\xbf{"learner": {}}', 'byte order mark'],
    ['\xff\xfe{\0', 'UTF-16'],
    ['tree\nversion=v4\n', 'LightGBM'],
    ['CBM1', 'CatBoost'],
    ['0:[f0<1.5] yes=1,no=2,missing=2\n', 'text dump'],
    ['0:leaf=0.5\n', 'text dump'],
    ['booster[0]:\n0:leaf=0.5\n', 'text dump'],
  ])('a file that begins with %j, by the name of its kind', (text, kind) => {
    const fault = modelFaultOf(() => parseXgboost(Uint8Array.from(text, (char) => char.charCodeAt(0))))
    expect(fault).toMatch(new RegExp(`^E_MODEL_FORMAT file: it .*${kind}`))
  })

  test('categorical splits before XGBoost 1.7, which it scored differently', () => {
    const of = (version: number[]) => faultAfter('categories-mixed', (m) => Object.assign(m, { version }))
    expect(of([1, 6, 2])).toMatch(/^E_MODEL_UNSUPPORTED .*trees\[\d+\]: categorical splits of XGBoost 1.6.2/)
    expect(() => of([1, 7, 0])).toThrow('no fault')
  })

  test('category names that contradict their offsets', () => {
    const enc = (column: unknown) => (m: ModelJson) =>
      Object.assign(booster(m).model, { cats: { enc: [...Array(7).fill({ type: 9, values: [] }), column] } })
    expect(faultAfter('binary-logistic', enc({ offsets: [0, 3, 2, 4], values: [97, 98, 99, 100] }))).toMatch(
      /^E_MODEL_CATEGORIES .*offsets/,
    )
    expect(faultAfter('binary-logistic', enc({ offsets: [0, 2], values: [97, 98, 99, 100] }))).toMatch(
      /^E_MODEL_CATEGORIES .*offsets/,
    )
    expect(faultAfter('binary-logistic', (m) => Object.assign(booster(m).model, { cats: { enc: [{}] } }))).toMatch(
      /^E_MODEL_LENGTH .*enc/,
    )
  })
})

describe('limits of a model, from both sides', () => {
  const modelOf = (change: (model: ModelJson) => unknown, name = 'single-leaf') => {
    const model = modelJson(name)
    change(model)
    return parseXgboost(encodeJson(model))
  }

  test('bytes of the file', () => {
    expect(modelFaultOf(() => parseXgboost(new Uint8Array(MODEL_BYTES_MAX)))).toMatch(/^E_MODEL_SYNTAX/)
    expect(modelFaultOf(() => parseXgboost(new Uint8Array(MODEL_BYTES_MAX + 1)))).toMatch(/^E_MODEL_TOO_LARGE file/)
  })

  test('columns', () => {
    const width = (count: number) => (m: ModelJson) => Object.assign(param(m), { num_feature: String(count) })
    expect(modelOf(width(FEATURES_MAX)).width).toBe(FEATURES_MAX)
    expect(faultAfter('single-leaf', width(FEATURES_MAX + 1))).toMatch(/^E_MODEL_RANGE .*num_feature/)
    expect(faultAfter('single-leaf', width(0))).toMatch(/^E_MODEL_RANGE .*num_feature/)
  })

  test('outputs', () => {
    const targets = (count: number) => (m: ModelJson) => Object.assign(param(m), { num_target: String(count) })
    expect(modelOf(targets(OUTPUTS_MAX)).outputs).toBe(OUTPUTS_MAX)
    expect(faultAfter('single-leaf', targets(OUTPUTS_MAX + 1))).toMatch(/^E_MODEL_RANGE .*num_target/)
  })

  test('trees', () => {
    const trees = (count: number) => (m: ModelJson) => {
      const { model } = booster(m)
      const leaf = firstTree(m)
      model.gbtree_model_param['num_trees'] = String(count)
      model.tree_info = Array(count).fill(0)
      model.trees = Array(count).fill({ tree_param: leaf.tree_param, left_children: [-1] })
    }
    // At the limit the first thing wrong is the first tree, beyond it the number of trees.
    expect(faultAfter('single-leaf', trees(TREES_MAX))).toMatch(/^E_MODEL_FIELD_MISSING .*trees\[0\]/)
    expect(faultAfter('single-leaf', trees(TREES_MAX + 1))).toMatch(
      /^E_MODEL_RANGE .*trees: expected 0 to 100000, found 100001/,
    )
  })

  test('nodes', () => {
    const nodes = (count: number) => (m: ModelJson) =>
      Object.assign(firstTree(m).tree_param, { num_nodes: String(count) })
    expect(faultAfter('single-leaf', nodes(NODES_MAX))).toMatch(/^E_MODEL_LENGTH .*expected 16777216 numbers, found 1/)
    expect(faultAfter('single-leaf', nodes(NODES_MAX + 1))).toMatch(/^E_MODEL_RANGE .*num_nodes/)
  })

  test('bytes of category sets in the walk', () => {
    const codes = CATEGORY_SET_BYTES_MAX * 8 // one set of that many bits fits, but codes end at 2^24: 32 sets of 2 MiB do
    const sets = codes / CATEGORY_CODES
    const base = parseXgboost(fixture('categories-mixed').bytes('ubj'))
    const tree = base.trees.find(({ categories }) => categories.size > 0)!
    const node = [...tree.categories.keys()][0]!
    const withSets = (count: number) => ({
      ...base,
      trees: Array.from({ length: count }, (_, i) => ({
        ...tree,
        categories: new Map([[node, Int32Array.of(i, CATEGORY_CODES - 1)]]),
      })),
    })
    expect(compileTrees(withSets(sets)).describe().tableBytes).toBeGreaterThan(CATEGORY_SET_BYTES_MAX)
    expect(modelFaultOf(() => compileTrees(withSets(sets + 1)))).toMatch(/^E_MODEL_TOO_LARGE categories/)
  })

  test('memory of one model', () => {
    const model = compileTrees(parseXgboost(fixture('one-feature').bytes('ubj')))
    const rowBytes = (144 / 128) * 4 * model.width
    expect(modelFaultOf(() => model.allocate(Math.ceil(MEMORY_BYTES_MAX / rowBytes)))).toMatch(
      /^E_MODEL_TOO_LARGE memory/,
    )
    const batch = model.allocate(1)
    expect(batch.values.length).toBe(144 * model.width)
  })
})

describe('any damage ends in a fault or in a model that scores as the reference does', () => {
  const shapes = [
    'binary-logistic',
    'categories-mixed',
    'dart',
    'multi-target-vector-leaf',
    'pruned-exact',
    'early-stopped',
  ]

  /** A damaged file may still be a model; then both kernels must agree with the plain walk. */
  function survives(bytes: Uint8Array): boolean {
    try {
      const ensemble = parseXgboost(bytes)
      const rows = Float32Array.from({ length: 20 * ensemble.width }, (_, i) =>
        i % 7 === 0 ? Number.NaN : (i % 13) - 6,
      )
      const margins = referenceMargins(ensemble, rows)
      for (const kernel of ['auto', 'walk'] as const) {
        expect(
          differingRows(scoreRows(compileTrees(ensemble, { kernel }), rows, 20), margins, ensemble.outputs),
        ).toEqual([])
      }
      return true
    } catch (fault) {
      if (fault instanceof ModelFault) return false
      throw fault
    }
  }

  test.each(shapes)('%s cut short at any byte', (name) => {
    const whole = fixture(name).bytes('ubj')
    for (let end = 0; end < whole.length; end += 1 + Math.floor(whole.length / 1500)) {
      expect(
        modelFaultOf(() => parseXgboost(whole.subarray(0, end))),
        `${end} bytes`,
      ).toMatch(/^E_MODEL_(TRUNCATED|SYNTAX)/)
    }
  })

  test.each(shapes)('%s with bytes changed', (name) => {
    for (const kind of ['ubj', 'json']) {
      const whole = fixture(name).bytes(kind)
      const random = rng(20_260_902, `${name} ${kind}`)
      let refused = 0
      for (let round = 0; round < 300; round++) {
        const damaged = Uint8Array.from(whole)
        for (let n = random.int(1, 4); n > 0; n--) damaged[random.int(0, whole.length - 1)] = random.int(0, 255)
        if (!survives(damaged)) refused++
      }
      expect(refused).toBeGreaterThan(0)
    }
  })

  test('the unharmed files do survive', () => {
    expect(shapes.map((name) => survives(fixture(name).bytes('ubj')))).toEqual(shapes.map(() => true))
    expect(FIXTURES.length).toBeGreaterThan(shapes.length)
  })
})

test('a tree of 200,000 levels is loaded and walked without running out of stack', () => {
  const depth = 200_000
  const count = 2 * depth + 1
  const model = modelJson('single-leaf')
  const tree = firstTree(model)
  const inner = (node: number) => node % 2 === 0 && node < count - 1
  const of = (value: (node: number) => number) => Array.from({ length: count }, (_, node) => value(node))
  Object.assign(tree, {
    tree_param: { ...tree.tree_param, num_nodes: String(count) },
    left_children: of((node) => (inner(node) ? node + 1 : -1)),
    right_children: of((node) => (inner(node) ? node + 2 : -1)),
    parents: of((node) => node - 1),
    split_conditions: of((node) => node / 2),
    split_indices: of(() => 0),
    split_type: of(() => 0),
    default_left: of(() => 1),
    sum_hessian: of(() => 1),
    loss_changes: of(() => 0),
    base_weights: of(() => 0),
  })
  booster(model).model.trees = [tree, ...booster(model).model.trees.slice(1)]
  const ensemble = parseXgboost(encodeJson(model))
  expect(ensemble.trees[0]!.depth).toBe(depth)
  const rows = new Float32Array(4 * ensemble.width).fill(1e9)
  expect([...scoreRows(compileTrees(ensemble), rows, 4)]).toEqual([...referenceMargins(ensemble, rows)])
})
