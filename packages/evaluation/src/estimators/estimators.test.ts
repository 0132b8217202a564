import { describe, expect, test } from 'vitest'
import classifications from '../../../../schemas/vectors/statistics/classification.json' with { type: 'json' }
import clusters from '../../../../schemas/vectors/statistics/clusters.json' with { type: 'json' }
import hajeks from '../../../../schemas/vectors/statistics/hajek.json' with { type: 'json' }
import losses from '../../../../schemas/vectors/statistics/losses.json' with { type: 'json' }
import mcnemars from '../../../../schemas/vectors/statistics/mcnemar.json' with { type: 'json' }
import means from '../../../../schemas/vectors/statistics/means.json' with { type: 'json' }
import wilsons from '../../../../schemas/vectors/statistics/wilson.json' with { type: 'json' }
import { BucketSums } from '../counters/bucket-sums.ts'
import { Confusion } from '../counters/confusion.ts'
import { LossSums, logLossOf } from '../counters/loss-sums.ts'
import { Moments } from '../counters/moments.ts'
import { PairedOutcomes } from '../counters/paired-outcomes.ts'
import { WeightedSums } from '../counters/weighted-sums.ts'
import { expectWithin } from '../testing/expect-within.ts'
import { verdict } from '../verdict/verdict.ts'
import { verdictPlanSchema } from '../verdict/verdict-plan.ts'
import { classification, clusteredClassification } from './classification.ts'
import type { Estimate, EstimateResult } from './estimate.ts'
import { hajek } from './hajek.ts'
import { accuracyDifference, mcnemar } from './mcnemar.ts'
import { mean } from './mean.ts'
import { bucketRatio, jackknifeRatio } from './ratio.ts'
import { wilsonInterval } from './wilson.ts'

const FIXED = verdictPlanSchema.parse({ method: 'fixed', minimumN: 2 })

function known(result: EstimateResult): Estimate {
  if (result.kind !== 'estimate') throw new Error(result.reason)
  return result
}

describe('mean', () => {
  test.each(means.cases)('agrees with scipy: $name', ({ values, expected }) => {
    const result = known(mean(Moments.of(values)))
    expectWithin(result.estimate, expected.estimate, 1e-12)
    expectWithin(result.standardError, expected.standardError, 1e-12)
    const { interval } = verdict(result, FIXED)
    expectWithin(interval[0], expected.interval[0]!, 1e-12)
    expectWithin(interval[1], expected.interval[1]!, 1e-12)
  })
})

test('the Wilson interval agrees with statsmodels', () => {
  for (const { successes, n, confidence, expected } of wilsons.cases) {
    const [low, high] = wilsonInterval({ successes, n }, confidence)
    expectWithin(low, expected[0]!, 1e-11, `${successes}/${n}`)
    expectWithin(high, expected[1]!, 1e-11, `${successes}/${n}`)
  }
})

describe('classification', () => {
  test.each(classifications.cases)('agrees with scikit-learn and GrowthBook: $name', ({ table, expected }) => {
    const confusion = Confusion.fromTable(table)
    for (const measure of ['precision', 'recall', 'f1'] as const) {
      const result = known(classification(confusion, measure))
      expectWithin(result.estimate, expected[measure].estimate, 1e-12, measure)
      expectWithin(result.standardError, expected[measure].standardError, 1e-10, measure)
    }
    expectWithin(known(classification(confusion, 'accuracy')).estimate, expected.accuracy.estimate, 1e-12)
    expectWithin(known(classification(confusion, 'positiveRate')).estimate, expected.positiveRate.estimate, 1e-12)
  })

  test('with one event per bucket the clustered form is the plain one', () => {
    const { table } = classifications.cases[0]!
    const sums = new BucketSums(4, 1000)
    let bucket = 0
    Confusion.fromTable(table).cells.forEach((count, column) => {
      for (let i = 0; i < count; i++) sums.count(bucket++, column)
    })
    const clustered = known(clusteredClassification(sums, 'f1'))
    const plain = known(classification(Confusion.fromTable(table), 'f1'))
    expectWithin(clustered.standardError, plain.standardError, 1e-12)
    expect(clustered.n).toBe(plain.n)
  })
})

describe('bucketed ratio', () => {
  test.each(clusters.cases)('agrees with cluster-robust regression: $name', ({ buckets, values, expected }) => {
    const sums = new BucketSums(2, 100)
    values.forEach((value, i) => {
      sums.count(buckets[i]!, 0, value)
      sums.count(buckets[i]!, 1)
    })
    const columns = { numerator: [1, 0], denominator: [0, 1] }
    const delta = known(bucketRatio(sums, columns, values.length))
    expectWithin(delta.estimate, expected.estimate, 1e-12)
    expectWithin(delta.standardError, expected.standardError, 1e-10)
    expect(delta.degreesOfFreedom).toBe(expected.degreesOfFreedom)
    expect(delta.n).toBe(values.length)
    const jackknife = known(jackknifeRatio(sums, columns, values.length))
    expectWithin(jackknife.standardError, expected.jackknifeError, 1e-10)
    // Repeated events of one customer are alike; counting them as independent is what the buckets are there to prevent.
    expect(delta.standardError).toBeGreaterThan(1.2 * known(mean(Moments.of(values))).standardError)
  })
})

describe('losses', () => {
  test.each(losses.cases)('agree with scikit-learn and the paired t test: $name', (given) => {
    const { labels, champion, candidate, expected } = given
    const sums = LossSums.of(champion, labels)
    expectWithin(known(mean(sums.logLoss)).estimate, expected.logLoss, 1e-12)
    expectWithin(known(mean(sums.logLoss)).standardError, expected.logLossError, 1e-10)
    expectWithin(known(mean(sums.brier)).estimate, expected.brier, 1e-12)
    expectWithin(known(mean(sums.brier)).standardError, expected.brierError, 1e-10)
    const pairs = new PairedOutcomes()
    labels.forEach((label, i) => {
      const [a, b] = [champion[i]!, candidate[i]!]
      pairs.count({ score: a, decided: a >= 0.5 }, { score: b, decided: b >= 0.5 }, label === 1)
    })
    const logLoss = verdict(mean(pairs.logLossDifference), FIXED)
    expectWithin(logLoss.estimate, expected.logLossDifference, 1e-10)
    expectWithin(logLoss.standardError, expected.logLossDifferenceError, 1e-10)
    expectWithin(logLoss.pValue, expected.logLossPValue, 1e-9)
    expectWithin(logLoss.interval[0], expected.logLossInterval[0]!, 1e-9)
    expectWithin(logLoss.interval[1], expected.logLossInterval[1]!, 1e-9)
    const brier = verdict(mean(pairs.brierDifference), FIXED)
    expectWithin(brier.estimate, expected.brierDifference, 1e-10)
    expectWithin(brier.pValue, expected.brierPValue, 1e-9)
    expectWithin(brier.interval[1], expected.brierInterval[1]!, 1e-9)
  })

  test('a certain error is finite, as in scikit-learn', () => {
    for (const [label, score, expected] of losses.extreme) {
      expectWithin(1 + logLossOf(score!, label === 1), 1 + expected!, 1e-12, `label ${label} score ${score}`)
    }
  })
})

describe('mcnemar', () => {
  test.each(mcnemars.cases)('agrees with statsmodels: $onlyChampion, $onlyCandidate', (given) => {
    const { onlyChampion, onlyCandidate, expected } = given
    const exact = mcnemar(onlyChampion, onlyCandidate, 'exact')
    const plain = mcnemar(onlyChampion, onlyCandidate, 'chi-square')
    const corrected = mcnemar(onlyChampion, onlyCandidate, 'corrected')
    if (exact.kind !== 'test' || plain.kind !== 'test' || corrected.kind !== 'test') throw new Error('insufficient')
    expectWithin(exact.pValue, expected.exact, 1e-11)
    expect(exact.statistic).toBe(null)
    expectWithin(plain.statistic, expected.chiSquare[0]!, 1e-12)
    expectWithin(plain.pValue, expected.chiSquare[1]!, 1e-11)
    if (expected.corrected !== undefined) {
      expectWithin(corrected.statistic, expected.corrected[0]!, 1e-12)
      expectWithin(corrected.pValue, expected.corrected[1]!, 1e-11)
    } else {
      expect(corrected.pValue).toBe(1)
    }
    const table = {
      bothRight: mcnemars.concordant - 20,
      onlyChampionRight: onlyChampion,
      onlyCandidateRight: onlyCandidate,
      bothWrong: 20,
    }
    const difference = known(accuracyDifference(table))
    expectWithin(difference.estimate, expected.accuracyDifference[0]!, 1e-12)
    expectWithin(difference.standardError, expected.accuracyDifference[1]!, 1e-10)
  })

  test('is exact below 25 discordant pairs unless told otherwise', () => {
    expect(mcnemar(4, 20)).toMatchObject({ form: 'exact' })
    expect(mcnemar(5, 20)).toMatchObject({ form: 'chi-square' })
  })
})

describe('hajek', () => {
  test.each(hajeks.cases)('agrees with weighted least squares: $name', (given) => {
    const { numerator, denominator, probability, expected } = given
    const result = hajek(WeightedSums.of(numerator, probability, denominator))
    if (result.kind !== 'estimate') throw new Error(result.reason)
    expectWithin(result.estimate, expected.estimate, 1e-12)
    expectWithin(result.standardError, expected.standardError, 1e-9)
    expectWithin(result.effectiveN, expected.effectiveN, 1e-12)
  })
})
