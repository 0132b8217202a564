import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FIXTURES, fixture } from '../test/fixture-zoo.ts'
import { CONTRIBUTION_DEPTH_MAX } from './model-limits.ts'
import { referenceMargins } from './reference-walk.ts'
import type { Tree, TreeEnsemble } from './tree-ensemble.ts'
import { contributions } from './tree-shap.ts'
import { parseXgboost } from './xgboost-model.ts'

const folder = new URL('../fixtures-contributions/', import.meta.url)
const files = readdirSync(folder)
const firstRow = (rows: Float32Array, row: number, width: number) => rows.subarray(row * width, (row + 1) * width)

test.each(files)('%s: as Booster.predict(pred_contribs=True)', (file) => {
  const shape = fixture(file.replace('.contributions.f32', ''))
  const ensemble = parseXgboost(shape.bytes('ubj'))
  const expected = new Float32Array(Uint8Array.from(readFileSync(new URL(file, folder))).buffer)
  const perRow = ensemble.outputs * (ensemble.width + 1)
  for (let row = 0; row < expected.length / perRow; row++) {
    const values = contributions(ensemble, firstRow(shape.floats('rows'), row, ensemble.width))
    const theirs = expected.subarray(row * perRow, (row + 1) * perRow)
    values.forEach((value, i) => {
      expect(Math.abs(value - theirs[i]!), `row ${row} value ${i}`).toBeLessThan(
        1e-4 * Math.max(1, Math.abs(theirs[i]!)),
      )
    })
  }
})

describe('the contributions of an output sum to its margin', () => {
  const withHessians = FIXTURES.filter(
    ({ title, booster }) => booster !== 'gblinear' && !/2\.1.*vector-leaf/.test(title),
  )

  test.each(withHessians.map((shape) => [shape.title, shape] as const))('%s', (_, shape) => {
    const ensemble = parseXgboost(shape.bytes('ubj'))
    const rows = shape.floats('rows')
    for (let row = 0; row < Math.min(shape.rows, 16); row++) {
      const own = firstRow(rows, row, ensemble.width)
      const margins = referenceMargins(ensemble, own)
      const values = contributions(ensemble, own)
      margins.forEach((margin, output) => {
        const sum = values
          .subarray(output * (ensemble.width + 1), (output + 1) * (ensemble.width + 1))
          .reduce((a, b) => a + b, 0)
        const size = ensemble.trees.reduce(
          (max, { leaves }) => leaves.reduce((m, leaf) => Math.max(m, Math.abs(leaf)), max),
          1,
        )
        expect(Math.abs(sum - margin), `row ${row} output ${output}`).toBeLessThan(1e-4 * size)
      })
    }
  })
})

test('a feature that no split asks about contributes nothing', () => {
  const ensemble = parseXgboost(fixture('stumps').bytes('ubj'))
  const used = new Set(
    ensemble.trees.flatMap((tree) => [...tree.order].filter((n) => tree.left[n] !== -1).map((n) => tree.feature[n])),
  )
  const values = contributions(ensemble, fixture('stumps').floats('rows').subarray(0, ensemble.width))
  const unused = [...values.keys()].filter((column) => column < ensemble.width && !used.has(column))
  expect(unused.length).toBeGreaterThan(0)
  expect(unused.map((column) => values[column])).toEqual(unused.map(() => 0))
})

/** A tree that is one long chain: every left child is a leaf. */
function chain(depth: number): Tree {
  const nodes = 2 * depth + 1
  const inner = (node: number) => node % 2 === 0 && node < nodes - 1
  const left = Int32Array.from({ length: nodes }, (_, node) => (inner(node) ? node + 1 : -1))
  return {
    left,
    feature: new Int32Array(nodes),
    threshold: Float32Array.from({ length: nodes }, (_, node) => node),
    defaultLeft: new Uint8Array(nodes),
    categories: new Map(),
    leafAt: Int32Array.from({ length: nodes }, (_, node) => (inner(node) ? -1 : 0)),
    leaves: Float32Array.of(1),
    leafWidth: 1,
    output: 0,
    cover: new Float32Array(nodes).fill(1),
    order: Int32Array.from({ length: nodes }, (_, node) => node),
    depth,
  }
}

test('depth is limited, at the limit and one beyond', () => {
  const base = parseXgboost(fixture('one-feature').bytes('ubj'))
  const deep = (depth: number): TreeEnsemble => ({ ...base, width: 1, trees: [chain(depth)] })
  const values = contributions(deep(CONTRIBUTION_DEPTH_MAX), Float32Array.of(3))
  expect(values[0]! + values[1]! - base.baseMargins[0]!).toBeCloseTo(1, 9)
  expect(() => contributions(deep(CONTRIBUTION_DEPTH_MAX + 1), Float32Array.of(3))).toThrow(
    /contributions end at depth 1024/,
  )
})

test('refused without hessians, and for a row of the wrong width', () => {
  const shape = FIXTURES.find(({ title }) => title === 'xgboost-2.1/multi-target-vector-leaf')!
  const ensemble = parseXgboost(shape.bytes('ubj'))
  expect(() => contributions(ensemble, new Float32Array(ensemble.width))).toThrow(/no sum_hessian/)
  expect(() => contributions(ensemble, new Float32Array(ensemble.width + 1))).toThrow(RangeError)
})
