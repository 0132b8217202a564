import { ConfigError } from '@sluice/contracts'
import { describe, expect, it } from 'vitest'
import { assignmentVectors as vectors } from '../vectors/vectors.ts'
import { CHAMPION_INDEX, CompiledPlan } from './compile-plan.ts'
import type { RoutePlan } from './route-plan.ts'

const encoder = new TextEncoder()

function planWith(weightsBp: readonly number[], changes: Partial<RoutePlan> = {}): RoutePlan {
  return {
    generation: 1,
    endpoint: 'churn',
    salt: 'churn',
    variants: weightsBp.map((weightBp, i) => ({ name: `v${i}`, model: 'churn', version: i, weightBp })),
    shadows: [],
    ...changes,
  }
}

function variantOf(plan: CompiledPlan, key: string): number {
  const bytes = encoder.encode(key)
  return plan.variantIndex(bytes, 0, bytes.length)
}

describe('CompiledPlan', () => {
  it.each(vectors.plans)('assigns as the reference does: $weightsBp', ({ salt, weightsBp, owned, variants }) => {
    const plan = new CompiledPlan(planWith(weightsBp, { salt }))
    const own = new Array<number>(weightsBp.length).fill(0)
    for (const range of plan.ranges) own[range.variantIndex]! += range.toBucket - range.fromBucket
    expect(own).toEqual(owned)
    const assigned = Array.from(variants, (_, i) => variantOf(plan, `customer-${i}`).toString(16)).join('')
    expect(assigned).toBe(variants)
  })

  it('assigns by its ranges', () => {
    const plan = new CompiledPlan(planWith([2500, 3000, 3000, 1500]))
    for (let i = 0; i < 500; i++) {
      const key = encoder.encode(`k${i}`)
      const bucket = plan.bucket(key, 0, key.length)
      const range = plan.ranges.find((r) => r.fromBucket <= bucket && bucket < r.toBucket)
      expect(plan.variantIndex(key, 0, key.length)).toBe(range!.variantIndex)
    }
  })

  it('sends events without a key to the champion, even at weight zero, and hashes the empty key', () => {
    const plan = new CompiledPlan(planWith([0, 10_000]))
    expect(plan.variantIndex(new Uint8Array(0), 0, -1)).toBe(CHAMPION_INDEX)
    expect(plan.variantIndex(new Uint8Array(0), 0, 0)).toBe(1)
    expect(plan.champion.name).toBe('v0')
  })

  it('keeps the variant of a key across shadows, generations and other endpoints of the same salt', () => {
    const first = new CompiledPlan(planWith([5000, 5000]))
    const second = new CompiledPlan(
      planWith([5000, 5000], {
        generation: 9,
        endpoint: 'other',
        shadows: [{ name: 's', model: 'm', version: 99, percentBp: 100 }],
      }),
    )
    const keys = Array.from({ length: 300 }, (_, i) => `customer-${i}`)
    expect(keys.map((key) => variantOf(second, key))).toEqual(keys.map((key) => variantOf(first, key)))
  })

  it('samples shadows on the traffic layer', () => {
    const plan = new CompiledPlan(planWith([10_000]))
    const traffic = vectors.layers.find((v) => v.salt === 'churn' && v.layer === 'traffic')!
    for (let i = 0; i < traffic.count; i++) {
      const key = encoder.encode(`customer-${i}`)
      expect(plan.shadowBucket(key, 0, key.length)).toBe(Number(traffic.buckets.slice(4 * i, 4 * i + 4)))
    }
    // Without a key, only a shadow of all keys (percentBp 10,000) lies above the bucket.
    expect(plan.shadowBucket(new Uint8Array(0), 0, -1)).toBe(9999)
  })

  it('refuses an invalid plan with all problems', () => {
    const plan = planWith([5000, 4000], { salt: '' })
    expect(() => new CompiledPlan(plan)).toThrow(ConfigError)
    expect(() => new CompiledPlan(plan)).toThrow(/salt: [\s\S]*variants: the weights sum to 9000/)
  })
})
