import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BucketSums } from '../counters/bucket-sums.ts'
import { Confusion } from '../counters/confusion.ts'
import { CrossMoments } from '../counters/cross-moments.ts'
import { LabelledScores } from '../counters/labelled-scores.ts'
import { LossSums } from '../counters/loss-sums.ts'
import { Moments } from '../counters/moments.ts'
import { PairedScores } from '../counters/paired-scores.ts'
import { WeightedSums } from '../counters/weighted-sums.ts'
import { VERDICTS, verdict } from '../verdict/verdict.ts'
import { METHODS, verdictPlanSchema } from '../verdict/verdict-plan.ts'
import { agreement } from './agreement.ts'
import { auc, aucDifference } from './auc.ts'
import { aucFromBins } from './auc-bins.ts'
import { CLASSIFICATION_RATIOS, type ClassificationMeasure, classification } from './classification.ts'
import { cuped } from './cuped.ts'
import { difference, relativeLift, relativeMarginContrast } from './difference.ts'
import { type EstimateResult, INSUFFICIENT_CODES } from './estimate.ts'
import { hajek } from './hajek.ts'
import { accuracyDifference, mcnemar } from './mcnemar.ts'
import { mean } from './mean.ts'
import { MINIMUM_EVENTS_PER_ARM, MINIMUM_UNITS_PER_ARM, refuseTooLittle } from './minimum-data.ts'
import { proportion } from './proportion.ts'
import { bucketRatio, jackknifeRatio, ratio } from './ratio.ts'

const SEED = Number(process.env['FC_SEED'] ?? 20_241)
const MEASURES = Object.keys(CLASSIFICATION_RATIOS) as readonly ClassificationMeasure[]

/** Values that break naive formulas: huge, tiny, equal, zero. */
const awkward = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.1, 1e-300, 1e300, -1e300, 1e154, 1e9 + 1, Number.MAX_VALUE, Number.MIN_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -3, max: 3 }),
)
const score = fc.oneof(fc.constantFrom(0, 1, 0.5, 1e-20), fc.double({ min: 0, max: 1, noNaN: true }))
const label = fc.constantFrom(0, 1)

/** Every number anywhere in a result is finite. */
function expectFinite(result: unknown, path = ''): void {
  if (typeof result === 'number') expect(Number.isFinite(result), `${path} is ${result}`).toBe(true)
  else if (result !== null && typeof result === 'object') {
    for (const [key, value] of Object.entries(result)) expectFinite(value, `${path}.${key}`)
  }
}

const PLANS = METHODS.flatMap((method) => {
  const planned = method === 'fixed' ? {} : { plannedSampleSize: 50 }
  return [
    verdictPlanSchema.parse({ method, minimumN: 2, ...planned }),
    verdictPlanSchema.parse({ method, minimumN: 2, question: 'non-inferiority', margin: 0.1, ...planned }),
  ]
})

function expectHonest(result: EstimateResult, plans = PLANS.filter((plan) => plan.method !== 'groupSequential')): void {
  expectFinite(result)
  for (const plan of plans) {
    const judged = verdict(result, plan)
    expectFinite(judged)
    expect(VERDICTS).toContain(judged.verdict)
    if (result.kind === 'insufficient' || !(result.standardError > 0)) {
      expect([judged.verdict, judged.pValue]).toEqual(['insufficient', null])
      expect(judged.reason).not.toBe('')
    }
  }
}

describe('whatever the data, a result holds finite numbers or a reason', () => {
  test('means, ratios, covariates', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(awkward, awkward), { maxLength: 12 }), fc.nat(12), (rows, cut) => {
        const [a, b] = [rows.slice(0, cut), rows.slice(cut)].map((part) => part.map(([y]) => y))
        const arms = [mean(Moments.of(a!)), mean(Moments.of(b!))] as const
        for (const arm of arms) expectHonest(arm)
        expectHonest(difference(...arms))
        expectHonest(relativeLift(...arms))
        expectHonest(relativeMarginContrast(...arms, { direction: 'increase', margin: 0.02 }))
        const cross = [rows.slice(0, cut), rows.slice(cut)].map((part) =>
          CrossMoments.of(
            part.map(([y]) => y),
            part.map(([, x]) => x),
          ),
        )
        expectHonest(ratio(cross[0]!))
        expectHonest(cuped(cross[0]!, cross[1]!))
        expectHonest(cuped(cross[0]!, cross[1]!, { relative: true }))
      }),
      { seed: SEED, numRuns: 400 },
    )
  })

  test('scores, labels and decisions', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(score, score, label), { maxLength: 12 }), (rows) => {
        const [champion, candidate, labels] = [0, 1, 2].map((i) => rows.map((row) => row[i]!)) as [
          number[],
          number[],
          number[],
        ]
        expectHonest(auc({ scores: champion, labels }))
        expectHonest(aucDifference({ champion, candidate, labels }))
        expectHonest(aucFromBins(LabelledScores.of(champion, labels)))
        const losses = LossSums.of(champion, labels)
        expectHonest(mean(losses.logLoss))
        expectHonest(mean(losses.brier))
        const confusion = new Confusion()
        const pairs = new PairedScores()
        const buckets = new BucketSums(2)
        rows.forEach(([a, b, y], i) => {
          confusion.count(a >= 0.5, y === 1)
          pairs.count({ score: a, decided: a >= 0.5 }, { score: b, decided: b >= 0.5 })
          buckets.count(i % 3, 0, y)
          buckets.count(i % 3, 1)
        })
        for (const measure of MEASURES) expectHonest(classification(confusion, measure))
        expectFinite(agreement(pairs))
        const columns = { numerator: [1, 0], denominator: [0, 1] }
        expectHonest(bucketRatio(buckets, columns, rows.length))
        expectHonest(jackknifeRatio(buckets, columns, rows.length))
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('counts and inclusion probabilities', () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.nat(20),
        fc.array(fc.tuple(label, fc.double({ min: 1e-6, max: 1, noNaN: true })), { maxLength: 10 }),
        (successes, failures, sampled) => {
          expectHonest(proportion({ successes, n: successes + failures }))
          expectFinite(mcnemar(successes, failures))
          const table = { bothRight: 3, onlyChampionRight: successes, onlyCandidateRight: failures, bothWrong: 0 }
          expectHonest(accuracyDifference(table))
          expectHonest(
            hajek(
              WeightedSums.of(
                sampled.map(([y]) => y),
                sampled.map(([, p]) => p),
              ),
            ),
          )
        },
      ),
      { seed: SEED, numRuns: 200 },
    )
  })

  test('verdicts, at any estimate and with every method', () => {
    const estimate: EstimateResult = { kind: 'estimate', estimate: 0, standardError: 1, n: 40, degreesOfFreedom: 3 }
    for (const value of [0, 1e-300, -1e-300, 3, -3, 1e6, 1e300, -1e300]) {
      for (const standardError of [1e-300, 1e-9, 1, 1e300]) {
        expectHonest({ ...estimate, estimate: value, standardError }, PLANS.slice(0, 6))
      }
      expectHonest({ ...estimate, estimate: value }, PLANS)
    }
  })
})

describe('the reason is the right one', () => {
  test.each<[string, EstimateResult, keyof typeof INSUFFICIENT_CODES]>([
    ['no values', mean(new Moments()), 'empty'],
    ['one value', mean(Moments.of([3])), 'below-minimum'],
    ['no units', proportion({ successes: 0, n: 0 }), 'empty'],
    ['one class', auc({ scores: [0.1, 0.9], labels: [1, 1] }), 'one-class'],
    ['one positive', auc({ scores: [0.1, 0.9, 0.3], labels: [1, 0, 0] }), 'below-minimum'],
    ['one class in bins', aucFromBins(LabelledScores.of([0.1, 0.9], [0, 0])), 'one-class'],
    ['nothing decided positive', classification(new Confusion([0, 0, 3, 4]), 'precision'), 'zero-denominator'],
    ['nothing actually positive', classification(new Confusion([0, 2, 0, 4]), 'recall'), 'zero-denominator'],
    ['a denominator of zero', ratio(CrossMoments.of([1, 2], [0, 0])), 'zero-denominator'],
    ['one bucket', bucketRatio(new BucketSums(1, [5]), { numerator: [1], denominator: [1] }, 5), 'below-minimum'],
    ['a control of zero', relativeLift(mean(Moments.of([-1, 1])), mean(Moments.of([1, 2]))), 'zero-baseline'],
    ['an empty arm', difference(mean(new Moments()), mean(Moments.of([1, 2]))), 'empty'],
    ['overflow', mean(Moments.of([1e300, -1e300, 1e300])), 'not-finite'],
    ['one reviewed label', hajek(WeightedSums.of([1], [0.5])), 'below-minimum'],
  ])('%s', (_what, result, code) => {
    expect(result).toMatchObject({ kind: 'insufficient', code })
    expect((result as { reason: string }).reason).toContain(INSUFFICIENT_CODES[code])
  })

  test('no discordant pairs', () => expect(mcnemar(0, 0)).toMatchObject({ code: 'no-discordant-pairs' }))

  test('an arm names itself', () => {
    const two = mean(Moments.of([1, 2]))
    const none = mean(new Moments())
    expect(difference(none, two)).toMatchObject({ reason: expect.stringMatching(/^control: /) })
    expect(difference(two, none)).toMatchObject({ reason: expect.stringMatching(/^candidate: /) })
  })

  test('labels and scores of different length, and a score that is none, are named', () => {
    expect(() => auc({ scores: [1, 2], labels: [1] })).toThrow(/one label per score/)
    expect(() => auc({ scores: [0.5, Number.NaN], labels: [1, 0] })).toThrow(/scores\[1\]/)
    expect(() => proportion({ successes: 3, n: 2 })).toThrow(/successes 3 of n 2/)
  })

  test('too little data, from both sides of each minimum', () => {
    const arm = (units: number, events: number) => ({ name: 'candidate', units, events })
    expect(refuseTooLittle([arm(MINIMUM_UNITS_PER_ARM, 50)])).toBe(undefined)
    expect(refuseTooLittle([arm(MINIMUM_UNITS_PER_ARM - 1, 50)])).toMatchObject({ code: 'below-minimum' })
    expect(refuseTooLittle([arm(500, MINIMUM_EVENTS_PER_ARM)])).toBe(undefined)
    expect(refuseTooLittle([arm(500, MINIMUM_EVENTS_PER_ARM - 1)])?.reason).toContain('9 of 10 events')
    expect(refuseTooLittle([arm(500, 500 - MINIMUM_EVENTS_PER_ARM)])).toBe(undefined)
    expect(refuseTooLittle([arm(500, 500 - MINIMUM_EVENTS_PER_ARM + 1)])?.reason).toContain('9 of 10 non-events')
    expect(refuseTooLittle([{ name: 'control', units: 100 }, arm(99, 50)])?.reason).toContain('candidate')
  })
})

describe('directions', () => {
  test('more data narrows, more noise widens, more effect lowers p', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 1_000_000 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.constantFrom(...PLANS.filter((plan) => plan.method !== 'groupSequential')),
        (n, p, plan) => {
          const at = (size: number, effect: number, noise = 1): EstimateResult => ({
            kind: 'estimate',
            estimate: effect,
            standardError: noise * Math.sqrt((p * (1 - p)) / size),
            n: size,
            degreesOfFreedom: size - 1,
          })
          const width = (result: EstimateResult) => {
            const [low, high] = verdict(result, plan).interval
            return high! - low!
          }
          expect(width(at(2 * n, 0))).toBeLessThan(width(at(n, 0)))
          expect(width(at(n, 0, 2))).toBeGreaterThan(width(at(n, 0)))
          const pValue = (effect: number) => verdict(at(n, effect), plan).pValue!
          expect(pValue(0.02)).toBeLessThanOrEqual(pValue(0.01))
          // A stricter alpha widens.
          const strict = verdict(at(n, 0), { ...plan, alpha: plan.alpha / 5 }).interval
          expect(strict[1]! - strict[0]!).toBeGreaterThan(width(at(n, 0)))
        },
      ),
      { seed: SEED, numRuns: 100 },
    )
  })

  test('a wider margin makes safe more likely and harmed less', () => {
    const effect: EstimateResult = {
      kind: 'estimate',
      estimate: -1,
      standardError: 0.5,
      n: 5000,
      degreesOfFreedom: null,
    }
    const judge = (margin: number) =>
      verdict(effect, verdictPlanSchema.parse({ question: 'non-inferiority', method: 'fixed', margin }))
    let previous = judge(0)
    for (let margin = 0.1; margin < 3; margin += 0.1) {
      const next = judge(margin)
      expect(next.pValue).toBeLessThan(previous.pValue!)
      expect(next.harmPValue).toBeGreaterThan(previous.harmPValue!)
      previous = next
    }
    expect([judge(0).verdict, judge(1).verdict, judge(2.9).verdict]).toEqual(['harmed', 'undecided', 'safe'])
  })

  test('a relative margin is a limit on the bad side of the control, whatever its sign', () => {
    const arm = (estimate: number, standardError: number): EstimateResult => ({
      kind: 'estimate',
      estimate,
      standardError,
      n: 500,
      degreesOfFreedom: null,
    })
    const contrast = (control: number, candidate: number, direction: 'increase' | 'decrease') =>
      relativeMarginContrast(arm(control, 0.01), arm(candidate, 0.02), { direction, margin: 0.1 })
    // 10 % below 0.5 is 0.45, above it 0.55; 10 % below -2 is -2.2. Errors: √(0.02² + (0.9 · 0.01)²) and so on.
    const table = [
      [contrast(0.5, 0.48, 'increase'), 0.03, Math.sqrt(0.0004 + 0.000081)],
      [contrast(0.5, 0.48, 'decrease'), -0.07, Math.sqrt(0.0004 + 0.000121)],
      [contrast(-2, -2.3, 'increase'), -0.1, Math.sqrt(0.0004 + 0.000121)],
      [contrast(-2, -1.9, 'decrease'), -0.1, Math.sqrt(0.0004 + 0.000081)],
    ] as const
    for (const [result, estimate, error] of table) {
      if (result.kind !== 'estimate') throw new Error(result.reason)
      expect(result.estimate).toBeCloseTo(estimate, 12)
      expect(result.standardError).toBeCloseTo(error, 12)
      expect(result.n).toBe(1000)
    }
  })

  test('a covariate that explains the outcome narrows, one that does not leaves it alone', () => {
    const x = Array.from({ length: 200 }, (_, i) => (i * 37) % 101)
    const noise = x.map((_, i) => (i * 53) % 7)
    const arm = (slope: number, shift: number) =>
      CrossMoments.of(
        x.map((value, i) => slope * value + noise[i]! + shift),
        x,
      )
    const explained = cuped(arm(2, 0), arm(2, 1))
    if (explained.kind !== 'estimate') throw new Error(explained.reason)
    expect(explained.theta).toBeCloseTo(2, 1)
    expect(explained.varianceReduction).toBeGreaterThan(0.99)
    expect(explained.estimate).toBeCloseTo(1, 10)
    const useless = cuped(CrossMoments.of([1, 2, 3], [5, 5, 5]), CrossMoments.of([2, 3, 5], [5, 5, 5]))
    expect(useless).toMatchObject({ theta: 0, varianceReduction: 0 })
  })
})
