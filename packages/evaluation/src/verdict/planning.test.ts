import { describe, expect, test } from 'vitest'
import multiplicity from '../../../../schemas/vectors/statistics/multiplicity.json' with { type: 'json' }
import powers from '../../../../schemas/vectors/statistics/power.json' with { type: 'json' }
import ratios from '../../../../schemas/vectors/statistics/sample-ratio.json' with { type: 'json' }
import { expectWithin } from '../testing/expect-within.ts'
import { duration } from './duration.ts'
import { benjaminiHochberg, holm } from './multiplicity.ts'
import { minimumDetectableEffect, type PowerMetric, plannedCriticalValue, powerOf, sampleSize } from './power.ts'
import { SRM_EXPECTED_MIN, sampleRatio, sequentialSampleRatio } from './sample-ratio.ts'

test.each(multiplicity.cases)('multiplicity agrees with statsmodels: $pValues', ({ pValues, expected }) => {
  for (const [adjust, wanted] of [
    [holm, expected.holm],
    [benjaminiHochberg, expected.benjaminiHochberg],
  ] as const) {
    const result = adjust(pValues, multiplicity.alpha)
    result.adjusted.forEach((p, i) => {
      expectWithin(p, wanted.adjusted[i]!, 1e-12)
    })
    expect(result.rejected).toEqual(wanted.rejected)
  }
})

test('a p-value outside of 0 to 1 is named', () => {
  expect(() => holm([0.1, 1.2], 0.05)).toThrow(/pValues\[1\] is 1.2/)
  expect(() => benjaminiHochberg([Number.NaN], 0.05)).toThrow(/pValues\[0\]/)
  expect(holm([], 0.05)).toEqual({ adjusted: [], rejected: [] })
})

describe('sample ratio', () => {
  test.each(ratios.cases)('agrees with scipy and GrowthBook: $counts', ({ counts, weights, expected }) => {
    const once = sampleRatio({ counts, weights })
    const always = sequentialSampleRatio({ counts, weights })
    if (once.kind !== 'sample-ratio' || always.kind !== 'sample-ratio') throw new Error('insufficient')
    expectWithin(once.statistic, expected.statistic, 1e-11)
    expectWithin(once.pValue, expected.pValue, 1e-10)
    expect(Math.abs(always.statistic - expected.logBayesFactor)).toBeLessThan(1e-6)
    expectWithin(always.pValue, expected.sequentialPValue, 1e-6)
    expect(once.mismatch).toBe(expected.pValue < 0.001)
    expect(always.mismatch).toBe(expected.sequentialPValue < 0.01)
  })

  test('an arm without weight is left out of the test', () => {
    const three = sampleRatio({ counts: [500, 520, 9], weights: [1, 1, 0] })
    const two = sampleRatio({ counts: [500, 520], weights: [1, 1] })
    expect(three).toMatchObject({ ...two, expected: [510, 510, 0] })
  })

  test('needs eight expected units per arm, and something to compare', () => {
    expect(sampleRatio({ counts: [SRM_EXPECTED_MIN, SRM_EXPECTED_MIN], weights: [1, 1] }).kind).toBe('sample-ratio')
    expect(sampleRatio({ counts: [SRM_EXPECTED_MIN, SRM_EXPECTED_MIN - 1], weights: [1, 1] })).toMatchObject({
      code: 'below-minimum',
    })
    expect(sampleRatio({ counts: [0, 0], weights: [1, 1] })).toMatchObject({ code: 'empty' })
    expect(sequentialSampleRatio({ counts: [0, 0], weights: [1, 1] })).toMatchObject({ code: 'empty' })
    expect(() => sampleRatio({ counts: [1, 2], weights: [1, 0] })).toThrow(/1 arms have a weight/)
    expect(() => sampleRatio({ counts: [1, 2], weights: [1] })).toThrow(/one weight per arm/)
  })
})

const FIXED = { alpha: 0.05, sides: 'two', method: 'fixed' } as const

describe('power', () => {
  test.each(powers.cases)('agrees with statsmodels: $metric, effect $effect', (given) => {
    const metric = given.metric as PowerMetric
    const plan = { ...FIXED, alpha: given.alpha }
    // Their solver stops within 1e-5 of the root, which can fall on the other side of a whole number.
    expect(Math.abs(sampleSize(metric, given.effect, given.power, plan) - given.expected.n)).toBeLessThanOrEqual(1)
    expectWithin(powerOf(metric, given.effect, 20_000, plan), given.expected.powerAt20000, 1e-9)
  })

  test('published sizes: 5 % + 10 %, 10 % + 5 %, recall 0.80 + 1 %', () => {
    const size = (baseline: number, effect: number) => sampleSize({ kind: 'proportion', baseline }, effect, 0.8, FIXED)
    expect([size(0.05, 0.005), size(0.1, 0.005), size(0.8, 0.008)]).toEqual([31_234, 57_763, 38_651])
  })

  test('cost of each method against fixed for 80 %: hybrid 7 %, four looks 10 %, sequential 91 %', () => {
    const metric = { kind: 'mean', standardDeviation: 100 } as const
    const size = (method: 'fixed' | 'hybrid' | 'sequential' | 'groupSequential') =>
      sampleSize(metric, 1, 0.8, { ...FIXED, method, ...(method === 'groupSequential' ? { spending: 2 } : {}) })
    expect(size('hybrid') / size('fixed')).toBeCloseTo(1.07, 2)
    expect(size('groupSequential') / size('fixed')).toBeCloseTo(1.1, 2)
    expect(size('sequential') / size('fixed')).toBeCloseTo(1.91, 2)
    expect(plannedCriticalValue({ ...FIXED, sides: 'one', method: 'sequential' })).toBeLessThan(
      plannedCriticalValue({ ...FIXED, method: 'sequential' }),
    )
  })

  test('the smallest detectable effect needs just the sample it came from', () => {
    for (const metric of [
      { kind: 'proportion', baseline: 0.2 },
      { kind: 'mean', standardDeviation: 3 },
      { kind: 'paired', standardDeviation: 0.4 },
    ] as const) {
      const effect = minimumDetectableEffect(metric, 5_000, 0.8, FIXED)!
      expectWithin(powerOf(metric, effect, 5_000, FIXED), 0.8, 1e-9)
      expect(Math.abs(sampleSize(metric, effect, 0.8, FIXED) - 5_000)).toBeLessThanOrEqual(1)
    }
    expect(minimumDetectableEffect({ kind: 'proportion', baseline: 0.9 }, 5, 0.99, FIXED)).toBe(null)
  })

  test('an impossible effect is refused', () => {
    expect(() => sampleSize({ kind: 'proportion', baseline: 0.9 }, 0.1, 0.8, FIXED)).toThrow(/outside of 0 to 1/)
    expect(() => sampleSize({ kind: 'mean', standardDeviation: 1 }, 0, 0.8, FIXED)).toThrow(/effect is 0/)
  })
})

describe('duration', () => {
  const traffic = { unitsPerDay: 10_000, weightPerArm: 0.5, arms: 2, outcomeWindowDays: 30, minimumDays: 7 } as const

  test('is the time to collect plus the time for outcomes to come', () => {
    expect(duration(31_234, traffic)).toEqual({ collectionDays: 7, days: 37, totalUnits: 62_468 })
    expect(duration(100_000, { ...traffic, weightPerArm: 0.1 })).toMatchObject({ collectionDays: 100, days: 130 })
    expect(duration(35_001, traffic).collectionDays).toBe(8)
    expect(duration(35_000, traffic).collectionDays).toBe(7)
  })

  test('refuses arms that do not fit and traffic that does not come', () => {
    expect(() => duration(1, { ...traffic, weightPerArm: 0.51 })).toThrow(/weightPerArm/)
    expect(duration(1, { ...traffic, arms: 1, weightPerArm: 1 }).totalUnits).toBe(1)
    expect(() => duration(1, { ...traffic, unitsPerDay: 0 })).toThrow(/unitsPerDay/)
  })
})
