import { bucketOwners } from '@sluice/routing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CANDIDATE_ARM, CONTROL_ARM, comparisonArms, NOT_COMPARED, refuseBase } from './rollout-plan.ts'
import { BASE, churnSpec } from './testing/churn-rollout.ts'

const weight = fc.integer({ min: 1, max: 5_000 })
const count = (arms: Uint8Array, arm: number) => arms.filter((a) => a === arm).length

test('the control is as large as the candidate, and the candidate has exactly the keys the routers give it', () => {
  fc.assert(
    fc.property(weight, (bp) => {
      const arms = comparisonArms(bp)
      expect([count(arms, CANDIDATE_ARM), count(arms, CONTROL_ARM)]).toEqual([bp, bp])
      const owners = bucketOwners([10_000 - bp, bp])
      expect(arms.every((arm, bucket) => (arm === CANDIDATE_ARM) === (owners[bucket] === 1))).toBe(true)
    }),
  )
})

test('no key changes its arm while the weight grows', () => {
  fc.assert(
    fc.property(weight, weight, (a, b) => {
      const [narrow, wide] = [comparisonArms(Math.min(a, b)), comparisonArms(Math.max(a, b))]
      expect(narrow.every((arm, bucket) => arm === NOT_COMPARED || arm === wide[bucket])).toBe(true)
    }),
  )
})

test('beyond half of the keys nothing is compared', () => {
  expect(count(comparisonArms(5_000), NOT_COMPARED)).toBe(0)
  expect(count(comparisonArms(5_001), NOT_COMPARED)).toBe(10_000)
})

test.each<[string, object, string]>([
  [
    'the same name for champion and candidate',
    { variants: [{ ...BASE.variants[0], name: 'challenger' }] },
    'variants[0].name',
  ],
  ['a shadow with the name of the candidate', { shadows: [{ ...BASE.shadows[0], name: 'challenger' }] }, 'shadows'],
  [
    'a champion without all keys',
    {
      variants: [
        { ...BASE.variants[0], weightBp: 9_000 },
        { name: 'x', model: 'churn', version: 6, weightBp: 1_000 },
      ],
    },
    'variants[0].weightBp',
  ],
  ['weights that do not sum', { variants: [{ ...BASE.variants[0], weightBp: 9_000 }] }, 'variants'],
])('%s is no ground for a rollout', (_what, over, path) => {
  expect(refuseBase(churnSpec(), { ...BASE, ...over }).map((problem) => problem.path)).toEqual([path])
})

test('a candidate that is there already without keys, or as a shadow, is fine', () => {
  const there = { name: 'challenger', model: 'churn', version: 8 }
  expect(refuseBase(churnSpec(), { ...BASE, variants: [...BASE.variants, { ...there, weightBp: 0 }] })).toEqual([])
  expect(refuseBase(churnSpec(), { ...BASE, shadows: [{ ...there, percentBp: 100 }] })).toEqual([])
})
