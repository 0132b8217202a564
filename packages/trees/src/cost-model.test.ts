import { expect, test } from 'vitest'
import { fixture } from '../test/fixture-zoo.ts'
import { MASK_BYTES_MAX, planKernels } from './cost-model.ts'
import { parseXgboost } from './xgboost-model.ts'

const ensemble = parseXgboost(fixture('depth-8-full').bytes('ubj'))

/** One feature with so many thresholds, half of them with a second mask for missing rows. */
function edges(masks: number) {
  const thresholds = Float32Array.from({ length: masks - Math.floor(masks / 3) }, (_, i) => i)
  const missingRight = Uint8Array.from(thresholds, (_, i) => Number(i < Math.floor(masks / 3)))
  return [{ feature: 0, thresholds, missingRight, setTakesMissing: false }]
}

test('masks of 2 MiB are sliced, one more is not', () => {
  const most = MASK_BYTES_MAX / 16
  expect(planKernels(ensemble, () => edges(most), 'sliced').sliced).toBeDefined()
  expect(planKernels(ensemble, () => edges(most + 1), 'auto')).toMatchObject({
    sliced: undefined,
    why: 'its masks take 2097168 bytes per block, at most 2097152',
  })
})

test('a model asked to be walked is not even looked at for slicing', () => {
  const never = () => {
    throw new Error('asked for')
  }
  expect(planKernels(ensemble, never, 'walk')).toEqual({ sliced: undefined, walkRowsMax: 128, why: 'asked for' })
})

test('one small tree over many thresholds is cheaper walked', () => {
  const stump = { ...ensemble, trees: parseXgboost(fixture('single-leaf').bytes('ubj')).trees.slice(0, 1) }
  expect(planKernels(stump, () => edges(90_000), 'auto')).toMatchObject({ sliced: undefined, walkRowsMax: 128 })
})

test('the more trees, the sooner a batch is sliced', () => {
  const few = planKernels({ ...ensemble, trees: ensemble.trees.slice(0, 1) }, () => edges(200), 'auto').walkRowsMax
  const many = planKernels(
    { ...ensemble, trees: Array(50).fill(ensemble.trees[0]) },
    () => edges(200),
    'auto',
  ).walkRowsMax
  expect(many).toBeLessThan(few)
  expect(many).toBeGreaterThan(0)
})
