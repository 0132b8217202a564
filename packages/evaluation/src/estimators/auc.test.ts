import { describe, expect, test } from 'vitest'
import vectors from '../../../../schemas/vectors/statistics/auc.json' with { type: 'json' }
import binned from '../../../../schemas/vectors/statistics/auc-bins.json' with { type: 'json' }
import { LabelledScores } from '../counters/labelled-scores.ts'
import { expectWithin } from '../testing/expect-within.ts'
import { verdict } from '../verdict/verdict.ts'
import { verdictPlanSchema } from '../verdict/verdict-plan.ts'
import { auc, aucDifference } from './auc.ts'
import { aucFromBins, hanleyMcNeilError } from './auc-bins.ts'
import { midranks } from './midranks.ts'

const FIXED = verdictPlanSchema.parse({ method: 'fixed', minimumN: 2 })

describe('auc', () => {
  test.each(vectors.cases)('agrees with scikit-learn and DeLong over all pairs: $name', (given) => {
    const { labels, champion, candidate, expected } = given
    for (const [scores, value, error] of [
      [champion, expected.championAuc, expected.championError],
      [candidate, expected.candidateAuc, expected.candidateError],
    ] as const) {
      const result = auc({ scores, labels })
      if (result.kind !== 'estimate') throw new Error(result.reason)
      expectWithin(result.estimate, value, 1e-12)
      expectWithin(result.standardError, error, 1e-10)
      expect(result.n).toBe(labels.length)
    }
    const paired = aucDifference({ champion, candidate, labels })
    if (paired.kind !== 'estimate') throw new Error(paired.reason)
    expectWithin(paired.estimate, expected.difference, 1e-10)
    expectWithin(paired.standardError, expected.differenceError, 1e-9)
    expectWithin(verdict(paired, FIXED).pValue, expected.pValue, 1e-8)
    expectWithin(paired.championAuc, expected.championAuc, 1e-12)
    expectWithin(paired.candidateAuc, expected.candidateAuc, 1e-12)
  })

  test('equal values share the middle of their ranks', () => {
    expect([...midranks(Float64Array.of(3, 1, 3, 2, 3))]).toEqual([4, 1, 4, 2, 4])
  })

  test('does not mind order, nor any monotone change of the scores', () => {
    const { labels, champion } = vectors.cases[1]!
    const reversed = { scores: [...champion].reverse(), labels: [...labels].reverse() }
    const squeezed = { scores: champion.map((score) => Math.exp(9 * score) - 5), labels }
    const result = auc({ scores: champion, labels })
    for (const other of [auc(reversed), auc(squeezed)]) {
      if (result.kind !== 'estimate' || other.kind !== 'estimate') throw new Error('insufficient')
      expectWithin(other.estimate, result.estimate, 1e-12)
      expectWithin(other.standardError, result.standardError, 1e-12)
    }
  })
})

describe('auc from bins', () => {
  test.each(binned.cases)('agrees with the exact one of the binned scores: $name', (given) => {
    const result = aucFromBins(LabelledScores.fromHistograms(given.positives, given.negatives))
    if (result.kind !== 'estimate') throw new Error(result.reason)
    expectWithin(result.estimate, given.expected.estimate, 1e-12)
    expectWithin(result.standardError, given.expected.standardError, 1e-10)
    expect(Math.abs(result.estimate - given.expected.unbinned)).toBeLessThanOrEqual(result.binningErrorMax)
    // Another formula from the same counts; a model of the same thing, so near and not equal.
    expect(result.hanleyMcNeilError / result.standardError).toBeGreaterThan(0.8)
    expect(result.hanleyMcNeilError / result.standardError).toBeLessThan(1.25)
  })

  test('Hanley and McNeil', () => {
    for (const { auc: value, positives, negatives, expected } of binned.hanleyMcNeil) {
      expectWithin(hanleyMcNeilError(value, positives, negatives), expected, 1e-12)
    }
  })
})
