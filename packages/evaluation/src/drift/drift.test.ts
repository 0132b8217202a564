import { describe, expect, test } from 'vitest'
import calibrations from '../../../../schemas/vectors/statistics/calibration.json' with { type: 'json' }
import vectors from '../../../../schemas/vectors/statistics/drift.json' with { type: 'json' }
import estimated from '../../../../schemas/vectors/statistics/estimated-performance.json' with { type: 'json' }
import { LabelledScores } from '../counters/labelled-scores.ts'
import { ScoreHistogram } from '../counters/score-histogram.ts'
import { expectWithin } from '../testing/expect-within.ts'
import { expectedCalibrationError, reliability } from './calibration.ts'
import { chiSquareDrift } from './chi-square-drift.ts'
import type { BinnedPair, Drift, DriftRuleInput } from './drift-result.ts'
import { estimatedPerformance } from './estimated-performance.ts'
import { jensenShannon } from './jensen-shannon.ts'
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts'
import { lInfinity } from './l-infinity.ts'
import { PSI_SHARE_MIN, psi } from './psi.ts'

function known<T extends { readonly kind: string }>(result: T): Exclude<T, { kind: 'insufficient' }> {
  if (result.kind === 'insufficient') throw new Error(JSON.stringify(result))
  return result as Exclude<T, { kind: 'insufficient' }>
}

const STATISTICS: readonly [string, (pair: BinnedPair, rule?: DriftRuleInput) => Drift | { kind: 'insufficient' }][] = [
  ['psi', psi],
  ['jensenShannon', jensenShannon],
  ['lInfinity', lInfinity],
  ['kolmogorovSmirnov', kolmogorovSmirnov],
  ['chiSquareDrift', chiSquareDrift],
]

describe('drift', () => {
  test.each(vectors.cases)('agrees with scipy and statsmodels: $name', ({ baseline, current, expected }) => {
    const pair = { baseline, current }
    const index = known(psi(pair))
    expectWithin(index.effect, expected.psi, 1e-11)
    expectWithin(index.pValue, expected.psiPValue, 1e-9)
    expectWithin(index.critical, expected.psiCritical, 1e-11)
    expectWithin(known(jensenShannon(pair)).effect, expected.jensenShannon, 1e-11)
    const largest = known(lInfinity(pair))
    expectWithin(largest.effect, expected.lInfinity, 1e-12)
    expect(largest.worstBin).toBe(expected.lInfinityBin)
    expectWithin(largest.pValue, expected.lInfinityPValue, 1e-8)
    const ks = known(kolmogorovSmirnov(pair))
    expectWithin(ks.effect, expected.kolmogorovSmirnov, 1e-12)
    expectWithin(ks.pValue, expected.kolmogorovSmirnovPValue, 1e-9)
    const chi = known(chiSquareDrift(pair))
    expectWithin(chi.statistic, expected.chiSquare, 1e-11)
    expectWithin(chi.pValue, expected.chiSquarePValue, 1e-9)
    expect(chi.degreesOfFreedom).toBe(expected.degreesOfFreedom)
  })

  test("with equal sizes the effect of chi-square is Cramér's V", () => {
    expectWithin(known(chiSquareDrift(vectors.cramer)).effect, vectors.cramer.expected, 1e-12)
  })

  test('an empty bin counts as a share of 1e-4, on either side alike', () => {
    const given = { baseline: [1000, 1000, 0], current: [1000, 1000, 0] }
    expect(known(psi({ ...given, current: [900, 900, 200] })).effect).toBe(
      known(psi({ baseline: [900, 900, 200], current: given.baseline })).effect,
    )
    expect(PSI_SHARE_MIN).toBe(1e-4)
    expect(known(psi(given)).effect).toBe(0)
  })

  test.each(STATISTICS)('%s: no alarm without effect, nor without significance', (_name, statistic) => {
    const same = known(statistic({ baseline: [500, 300, 200], current: [1000, 600, 400] }) as Drift)
    expect([same.status, same.effect]).toEqual(['ok', 0])
    const huge = known(statistic({ baseline: [500e6, 300e6, 200e6], current: [500.4e6, 300e6, 199.6e6] }) as Drift)
    expect(huge.pValue).toBeLessThan(1e-9)
    expect(huge.status).toBe('ok')
    const rule = { warn: 0.001, drift: 0.002 }
    const chance = known(statistic({ baseline: [300, 300, 300], current: [320, 300, 280] }, rule) as Drift)
    expect(chance.pValue).toBeGreaterThan(0.001)
    expect([chance.status, chance.effect > 0.001]).toEqual(['ok', true])
    const moved = known(statistic({ baseline: [5000, 3000, 2000], current: [200, 300, 700] }) as Drift)
    expect(moved.status).toBe('drift')
    expect(moved.effect).toBeGreaterThan(moved.critical)
  })

  test.each(STATISTICS)('%s: says what is missing instead of a number', (_name, statistic) => {
    const code = (pair: BinnedPair, rule?: DriftRuleInput) => statistic(pair, rule)
    expect(code({ baseline: [0, 0], current: [5, 5] })).toMatchObject({ kind: 'insufficient', code: 'empty' })
    expect(code({ baseline: [5, 5], current: [0, 0] })).toMatchObject({ kind: 'insufficient', code: 'empty' })
    expect(code({ baseline: [999, 0], current: [999, 0] })).toMatchObject({ code: 'zero-variance' })
    expect(code({ baseline: [500, 500], current: [250, 249] })).toMatchObject({ status: 'insufficient', n: 499 })
    expect(code({ baseline: [500, 500], current: [250, 250] })).toMatchObject({ status: 'ok' })
    const bins = Array.from({ length: 60 }, () => 10)
    expect(code({ baseline: bins, current: bins })).toMatchObject({ status: 'ok', n: 600 })
    expect(code({ baseline: bins, current: bins.with(0, 9) })).toMatchObject({ status: 'insufficient' })
    expect(() => code({ baseline: [1, 2], current: [1, 2, 3] })).toThrow(/same bins/)
    expect(() => code({ baseline: [1, -2], current: [1, 2] })).toThrow(/bin 1 holds -2/)
    expect(() => code({ baseline: [1, 2], current: [1, 2] }, { warn: 0.3, drift: 0.2 })).toThrow(/warn 0.3/)
  })

  test('chi-square refuses tables whose cells expect too few', () => {
    const rare = { baseline: [400, 400, 3, 2, 1], current: [300, 300, 1, 1, 1] }
    expect(chiSquareDrift(rare)).toMatchObject({
      status: 'insufficient',
      reason: expect.stringContaining('6 of 10'),
    })
  })
})

describe('calibration', () => {
  test.each(calibrations.cases)('agrees with scikit-learn: $name', ({ scores, labels, expected }) => {
    const error = known(expectedCalibrationError(LabelledScores.of(scores, labels)))
    expectWithin(error.estimate, expected.estimate, 1e-11)
    expect(error.groups.map((group) => group.n)).toEqual(expected.sizes)
    const filled = error.groups.filter((group) => group.n > 0)
    filled.forEach((group, i) => {
      expectWithin(group.positiveRate, expected.positiveRate[i]!, 1e-12)
      expectWithin(group.meanScore, expected.meanScore[i]!, 1e-11)
    })
  })

  test('tells miscalibration from chance', () => {
    const [bent, honest] = calibrations.cases.map(({ scores, labels }) =>
      known(expectedCalibrationError(LabelledScores.of(scores, labels))),
    )
    expect(bent!.estimate).toBeGreaterThan(bent!.chanceLevel + 2 * bent!.standardError)
    expect(honest!.estimate).toBeLessThan(honest!.chanceLevel + 3 * honest!.standardError)
  })

  test('groups must divide the bins; empty ones say so', () => {
    const scores = LabelledScores.of([0.05], [1])
    expect(() => reliability(scores, { groups: 7 })).toThrow(/7 does not divide the 200/)
    expect(reliability(scores, { groups: 200 })).toHaveLength(200)
    expect(reliability(scores)[1]).toMatchObject({ n: 0, meanScore: null, positiveRate: null, interval: null })
    expect(expectedCalibrationError(new LabelledScores())).toMatchObject({ code: 'empty' })
  })
})

describe('estimated performance', () => {
  test.each(estimated.cases)('agrees with scikit-learn: $name', ({ scores, threshold, decidedPositive, expected }) => {
    const histogram = ScoreHistogram.of(scores)
    const result = known(estimatedPerformance({ scores: histogram, threshold, decidedPositive }))
    for (const measure of ['accuracy', 'precision', 'recall', 'f1', 'auc'] as const) {
      const value = result[measure]
      if (value.kind !== 'estimate') throw new Error(value.reason)
      expectWithin(value.estimate, expected[measure], 1e-10, measure)
      expect(value.standardError).toBeGreaterThan(0)
    }
    // One score per bin, so the bound is reached.
    expectWithin(result.accuracy.kind === 'estimate' ? result.accuracy.standardError : 0, expected.accuracyError, 1e-9)
  })

  test('needs the decided counts only when the threshold lies inside a bin', () => {
    const { scores, decidedPositive, threshold } = estimated.cases[1]!
    const histogram = ScoreHistogram.of(scores)
    expect(threshold).toBe(0.35)
    const given = known(estimatedPerformance({ scores: histogram, threshold, decidedPositive }))
    const derived = known(estimatedPerformance({ scores: histogram, threshold }))
    expectWithin(derived.expected.truePositives, given.expected.truePositives, 1e-9)
    expect(() => estimatedPerformance({ scores: histogram, threshold: 0.4312 })).toThrow(/give decidedPositive/)
    const wrong = { n: 1e6, scoreSum: 1 }
    expect(() => estimatedPerformance({ scores: histogram, threshold, decidedPositive: wrong })).toThrow(/does not fit/)
  })

  test('says what cannot be estimated', () => {
    expect(estimatedPerformance({ scores: new ScoreHistogram(), threshold: 0.5 })).toMatchObject({ code: 'empty' })
    const low = known(estimatedPerformance({ scores: ScoreHistogram.of([0, 0, 0]), threshold: 0.5 }))
    expect(low.precision).toMatchObject({ code: 'zero-denominator' })
    expect(low.recall).toMatchObject({ code: 'zero-denominator' })
    expect(low.f1).toMatchObject({ code: 'zero-denominator' })
    expect(low.auc).toMatchObject({ code: 'one-class' })
  })
})
