import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectWithin } from '../testing/expect-within.ts'
import { BucketSums } from './bucket-sums.ts'
import { Confusion } from './confusion.ts'
import { CrossMoments } from './cross-moments.ts'
import { LabelledScores } from './labelled-scores.ts'
import { LossSums } from './loss-sums.ts'
import { Moments } from './moments.ts'
import { PairedOutcomes } from './paired-outcomes.ts'
import { PairedScores } from './paired-scores.ts'
import { SCORE_BINS, scoreBin } from './score-bin.ts'
import { ScoreHistogram } from './score-histogram.ts'
import { Sums } from './sums.ts'
import { WeightedSums } from './weighted-sums.ts'

/** Replay: `FC_SEED=7 npx vitest run --project unit packages/evaluation/src/counters`. */
const SEED = Number(process.env['FC_SEED'] ?? 20_240)

interface Observation {
  readonly score: number
  readonly other: number
  readonly positive: boolean
  readonly bucket: number
  readonly probability: number
}

const observation: fc.Arbitrary<Observation> = fc.record({
  score: fc.double({ min: 0, max: 1, noNaN: true }),
  other: fc.double({ min: 0, max: 1, noNaN: true }),
  positive: fc.boolean(),
  bucket: fc.integer({ min: 0, max: 999 }),
  probability: fc.double({ min: 0.01, max: 1, noNaN: true }),
})

interface Counter {
  readonly cells: Float64Array
  merge(other: Counter): unknown
}

const decided = (score: number) => ({ score, decided: score >= 0.5 })

/** Every counter: how to make one, and how to count an observation (-1 takes it back). */
const COUNTERS: Readonly<
  Record<string, { make(): Counter; count(counter: Counter, o: Observation, times: number): void }>
> = {
  moments: of(
    () => new Moments(),
    (c, o, times) => c.count(1e6 + o.score, times),
  ),
  crossMoments: of(
    () => new CrossMoments(),
    (c, o, times) => c.count(o.score, -o.other, times),
  ),
  labelledScores: of(
    () => new LabelledScores(),
    (c, o, times) => c.count(o.score, o.positive, times),
  ),
  scoreHistogram: of(
    () => new ScoreHistogram(50),
    (c, o, times) => c.count(o.score, times),
  ),
  confusion: of(
    () => new Confusion(),
    (c, o, times) => c.count(o.score >= 0.5, o.positive, times),
  ),
  bucketSums: of(
    () => new BucketSums(2),
    (c, o, times) => c.count(o.bucket, o.positive ? 1 : 0, times),
  ),
  lossSums: of(
    () => new LossSums(),
    (c, o, times) => c.count(o.score, o.positive, times),
  ),
  pairedScores: of(
    () => new PairedScores(),
    (c, o, times) => c.count(decided(o.score), decided(o.other), times),
  ),
  pairedOutcomes: of(
    () => new PairedOutcomes(),
    (c, o, times) => c.count(decided(o.score), decided(o.other), o.positive, times),
  ),
  weightedSums: of(
    () => new WeightedSums(),
    (c, o, times) => c.count(o.positive ? 1 : 0, o.probability, o.score, times),
  ),
}

function of<C extends Counter>(make: () => C, count: (counter: C, o: Observation, times: number) => void) {
  return { make, count: count as (counter: Counter, o: Observation, times: number) => void }
}

describe.each(Object.entries(COUNTERS))('%s', (_name, { make, count }) => {
  const counted = (observations: readonly Observation[]) => {
    const counter = make()
    for (const o of observations) count(counter, o, 1)
    return counter
  }
  /** A sum and what its rounding lost are two cells and one value. */
  const values = (counter: Counter) =>
    counter instanceof Sums
      ? Array.from({ length: counter.cells.length / 2 }, (_, i) => counter.total(i))
      : [...counter.cells]
  const expectSame = (a: Counter, b: Counter) => {
    const [left, right] = [values(a), values(b)]
    expect(left.length).toBe(right.length)
    left.forEach((value, i) => {
      expect(Math.abs(value - right[i]!)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(right[i]!)))
    })
  }

  test('parts merged in any grouping and order are the whole', () => {
    fc.assert(
      fc.property(
        fc.array(observation, { maxLength: 60 }),
        fc.array(fc.nat(3), { minLength: 60, maxLength: 60 }),
        (all, parts) => {
          const groups = [0, 1, 2, 3].map((part) => counted(all.filter((_, i) => parts[i] === part)))
          const merged = make()
          for (const group of groups.toReversed()) merged.merge(group)
          expectSame(merged, counted(all))
          expectSame(counted(all.toReversed()), counted(all))
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })

  test('taking back leaves what was there before', () => {
    fc.assert(
      fc.property(
        fc.array(observation, { maxLength: 30 }),
        fc.array(observation, { maxLength: 30 }),
        (kept, undone) => {
          const counter = counted(kept)
          for (const o of undone) count(counter, o, 1)
          for (const o of undone) count(counter, o, -1)
          expectSame(counter, counted(kept))
        },
      ),
      { seed: SEED, numRuns: 40 },
    )
  })

  test('merging leaves the other as it was, and cells make the same counter again', () => {
    const other = counted([{ score: 0.3, other: 0.7, positive: true, bucket: 5, probability: 0.5 }])
    const before = [...other.cells]
    counted([]).merge(other)
    expect([...other.cells]).toEqual(before)
  })
})

describe('moments', () => {
  test('a tiny spread far from zero keeps its variance, a constant gets none', () => {
    // The textbook sample that cancels to nothing in plain sums; its variance is 30.
    expectWithin(Moments.of([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).variance, 30, 1e-12)
    expectWithin(Moments.of([1e15 + 4, 1e15 + 7, 1e15 + 13, 1e15 + 16]).variance, 0, 0)
    for (const constant of [0, 0.1, 1 / 3, 1e-200, 123456.789, -7.7e9]) {
      expect(Moments.of(Array.from({ length: 1000 }, () => constant)).variance, `${constant}`).toBe(0)
    }
  })

  test('the order of a million additions does not matter', () => {
    const up = new Moments()
    const down = new Moments()
    for (let i = 0; i < 1_000_000; i++) {
      up.count(i * 0.1)
      down.count((999_999 - i) * 0.1)
    }
    expectWithin(up.variance, down.variance, 1e-15)
    // Variance of 0, d, 2d, …: d² n (n + 1)/12.
    expectWithin(up.variance, (0.01 * 1e6 * (1e6 + 1)) / 12, 1e-12)
  })

  test('sums given as plain doubles are trusted only as far as doubles go', () => {
    const n = 1000
    expect(Moments.fromSums(n, n * 1e6, n * (1e12 + 1e-4)).variance).toBe(0)
    expectWithin(Moments.fromSums(n, n * 10, n * 104).variance, (4 * n) / (n - 1), 1e-12)
    const merged = Moments.of([1e6, 1e6]).merge(Moments.fromSums(2, 2e6, 2e12 * (1 + 4e-16)))
    expect(merged.variance).toBe(0)
  })
})

describe('cross moments', () => {
  test('of a line: covariance and variances are exact far from zero', () => {
    const x = [1e8 + 1, 1e8 + 2, 1e8 + 3, 1e8 + 6]
    const moments = CrossMoments.of(
      x.map((value) => 3 * value - 1e9),
      x,
    )
    expectWithin(moments.varianceX, 14 / 3, 1e-9)
    expectWithin(moments.covariance, 14, 1e-9)
    expectWithin(moments.varianceY, 42, 1e-9)
  })
})

describe('score bins', () => {
  test('are left-closed, the last one closed on both sides', () => {
    expect([0, 0.004999, 0.005, 0.5, 0.999999, 1].map((score) => scoreBin(score, SCORE_BINS))).toEqual([
      0, 0, 1, 100, 199, 199,
    ])
  })
  test.each([-1e-9, 1.0000001, Number.NaN, Number.POSITIVE_INFINITY])('refuse %s', (score) => {
    expect(() => new ScoreHistogram().count(score)).toThrow(/not a probability/)
    expect(() => new LabelledScores().count(score, true)).toThrow(/not a probability/)
  })
})

test('counters of different shapes are not added', () => {
  expect(() => new LabelledScores(10).merge(new LabelledScores(20))).toThrow(/30 and 60 cells/)
  expect(() => new BucketSums(2, 5).merge(new BucketSums(2, 6))).toThrow(/cannot be added/)
  expect(() => new BucketSums(2).count(1000, 0)).toThrow(/bucket 1000/)
  expect(() => new BucketSums(2).count(0, 2)).toThrow(/column 2/)
  expect(() => new LabelledScores([1, 2])).toThrow(/three rows/)
  expect(() => new ScoreHistogram([1])).toThrow(/two rows/)
  for (const probability of [0, -0.1, 1.1, Number.NaN]) {
    expect(() => new WeightedSums().count(1, probability)).toThrow(/inclusion probability/)
  }
})
