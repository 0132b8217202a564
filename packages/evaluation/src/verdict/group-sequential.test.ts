import { describe, expect, test } from 'vitest'
import vectors from '../../../../schemas/vectors/statistics/group-sequential.json' with { type: 'json' }
import { groupSequentialBounds, groupSequentialCriterion, LOOKS_MAX } from './group-sequential.ts'
import type { Spending } from './spending.ts'

describe('group sequential bounds', () => {
  test.each(vectors.cases)('agree with $source: $spending, $sides sides, $fractions', (given) => {
    const bounds = groupSequentialBounds({
      fractions: given.fractions,
      alpha: given.alpha,
      sides: given.sides as 'one' | 'two',
      spending: given.spending as Spending,
    })
    expect(bounds).toHaveLength(given.expected.length)
    bounds.forEach((bound, k) => {
      expect(Math.abs(bound - given.expected[k]!), `look ${k + 1}`).toBeLessThanOrEqual(given.tolerance)
    })
  })

  test('the repeated p-value reaches alpha exactly at the bound', () => {
    for (const { fractions, alpha, sides, spending } of vectors.cases.slice(0, 6)) {
      const plan = { fractions, alpha, sides: sides as 'one' | 'two', spending: spending as Spending }
      const { critical, pValue } = groupSequentialCriterion(plan)
      expect(Math.abs(pValue(critical) / alpha - 1)).toBeLessThan(1e-6)
      expect(pValue(critical + 0.1)).toBeLessThan(alpha)
      expect(pValue(critical - 0.1)).toBeGreaterThan(alpha)
      expect(pValue(0)).toBe(1)
      expect(pValue(40)).toBe(1e-12)
    }
  })

  test('stay finite in number and distance: the limits, from both sides', () => {
    const plan = { alpha: 0.05, sides: 'two', spending: 'pocock' } as const
    const looks = (count: number) => Array.from({ length: count }, (_, k) => (k + 1) / count)
    expect(groupSequentialBounds({ ...plan, fractions: looks(LOOKS_MAX) })).toHaveLength(LOOKS_MAX)
    expect(() => groupSequentialBounds({ ...plan, fractions: looks(LOOKS_MAX + 1) })).toThrow(/51 looks/)
    expect(() => groupSequentialBounds({ ...plan, fractions: [] })).toThrow(/0 looks/)
    expect(groupSequentialBounds({ ...plan, fractions: [0.5, 0.505] })).toHaveLength(2)
    expect(() => groupSequentialBounds({ ...plan, fractions: [0.5, 0.504] })).toThrow(/look 2/)
    expect(() => groupSequentialBounds({ ...plan, fractions: [0.5, 1.01] })).toThrow(/look 2/)
  })

  test('a look that may spend nothing has no bound, and the next one is not disturbed', () => {
    const plan = { alpha: 0.05, sides: 'one', spending: 'obrien-fleming' } as const
    const [first, second] = groupSequentialBounds({ ...plan, fractions: [0.005, 0.5] })
    expect(first).toBe(Number.POSITIVE_INFINITY)
    const [alone] = groupSequentialBounds({ ...plan, fractions: [0.5] })
    expect(Math.abs(second! - alone!)).toBeLessThan(1e-9)
  })
})
