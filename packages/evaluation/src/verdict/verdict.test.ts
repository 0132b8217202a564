import { describe, expect, test } from 'vitest'
import { type EstimateResult, estimateOf, insufficient } from '../estimators/estimate.ts'
import { normalSf, normalUpperQuantile } from '../special/normal.ts'
import { expectWithin } from '../testing/expect-within.ts'
import { verdict } from './verdict.ts'
import { ALPHA_MAX, type VerdictPlanInput, verdictPlanSchema } from './verdict-plan.ts'

const plan = (input: VerdictPlanInput) => verdictPlanSchema.parse(input)
const at = (estimate: number, n = 10_000, error = 1): EstimateResult => estimateOf(estimate, error ** 2, n, null)
const METHODS: readonly VerdictPlanInput[] = [
  { method: 'fixed' },
  { method: 'sequential', plannedSampleSize: 10_000 },
  { method: 'hybrid', plannedSampleSize: 10_000 },
  { method: 'groupSequential', plannedSampleSize: 10_000 },
]

describe.each(METHODS)('$method', (method) => {
  test('superiority: won on the good side, harmed on the bad, undecided between', () => {
    for (const [direction, sign] of [
      ['increase', 1],
      ['decrease', -1],
    ] as const) {
      const judge = (estimate: number) => verdict(at(sign * estimate), plan({ ...method, direction })).verdict
      expect([judge(9), judge(1), judge(0), judge(-1), judge(-9)]).toEqual([
        'won',
        'undecided',
        'undecided',
        'undecided',
        'harmed',
      ])
    }
  })

  test('non-inferiority: safe inside the margin, harmed beyond it', () => {
    const guard = plan({ ...method, question: 'non-inferiority', margin: 5 })
    const judge = (estimate: number) => verdict(at(estimate), guard).verdict
    expect([judge(0), judge(-4), judge(-6), judge(-14)]).toEqual(['safe', 'undecided', 'undecided', 'harmed'])
    const lower = plan({ ...method, question: 'non-inferiority', margin: 5, direction: 'decrease' })
    expect(verdict(at(14), lower).verdict).toBe('harmed')
    expect(verdict(at(-14), lower).verdict).toBe('safe')
  })

  test('either: a change beyond the margin harms on both sides', () => {
    const guard = plan({ ...method, question: 'non-inferiority', direction: 'either', margin: 5 })
    const judge = (estimate: number) => verdict(at(estimate), guard).verdict
    expect([judge(14), judge(4), judge(0), judge(-4), judge(-14)]).toEqual([
      'harmed',
      'undecided',
      'safe',
      'undecided',
      'harmed',
    ])
  })

  test('interval, p-value and verdict say the same, also just beside the bound', () => {
    for (const extra of [
      {},
      { sides: 'one' },
      { sides: 'one', direction: 'decrease' },
      { question: 'non-inferiority', margin: 2 },
      { question: 'non-inferiority', margin: 2, sides: 'two' },
      { question: 'non-inferiority', margin: 2, direction: 'either' },
    ] as const) {
      for (let estimate = -8; estimate <= 8; estimate += 0.25) {
        const p = plan({ ...method, ...extra })
        const { verdict: outcome, interval, pValue, harmPValue } = verdict(at(estimate), p)
        const limit = p.question === 'superiority' ? 0 : p.margin
        const [low, high] = [interval[0] ?? -Infinity, interval[1] ?? Infinity]
        const good =
          p.direction === 'either'
            ? low > -limit && high < limit
            : p.direction === 'increase'
              ? low > -limit
              : high < limit
        const bad =
          p.direction === 'either'
            ? low > limit || high < -limit
            : p.direction === 'increase'
              ? high < -limit
              : low > limit
        const what = JSON.stringify({ extra, estimate, interval, pValue, harmPValue })
        expect(outcome, what).toBe(good ? (limit === 0 ? 'won' : 'safe') : bad ? 'harmed' : 'undecided')
        if (outcome === 'won' || outcome === 'safe') expect(pValue, what).toBeLessThanOrEqual(p.alpha)
        if (outcome === 'harmed') expect(harmPValue ?? pValue, what).toBeLessThanOrEqual(p.alpha)
        if (outcome === 'undecided') expect(Math.min(pValue!, harmPValue ?? 1), what).toBeGreaterThan(p.alpha)
      }
    }
  })

  test('no verdict from data that cannot carry one, with the reason', () => {
    const p = plan(method)
    expect(verdict(at(9, 99), p)).toMatchObject({ verdict: 'insufficient', code: 'below-minimum', pValue: null })
    expect(verdict(at(9, 100), p).code).not.toBe('below-minimum')
    expect(verdict(estimateOf(9, 0, 5000), p)).toMatchObject({ verdict: 'insufficient', code: 'zero-variance' })
    expect(verdict(insufficient('one-class', 7), p)).toMatchObject({ verdict: 'insufficient', code: 'one-class', n: 7 })
    expect(verdict(at(9), p, { withheld: 'sample ratio mismatch' })).toMatchObject({
      verdict: 'insufficient',
      code: 'withheld',
      reason: expect.stringContaining('sample ratio mismatch'),
      interval: [null, null],
    })
    expect(verdict(estimateOf(1e308 * 10, 1, 5000), p)).toMatchObject({ code: 'not-finite' })
  })
})

describe('hybrid', () => {
  const hybrid = plan({ method: 'hybrid', plannedSampleSize: 10_000 })
  const sequential = plan({ method: 'sequential', alpha: 0.01, plannedSampleSize: 10_000 })
  const fixed = plan({ method: 'fixed', alpha: 0.04 })

  test('is a sequence at a fifth of alpha before and after the planned look', () => {
    for (const [n, state] of [
      [9_999, {}],
      [12_000, { plannedLookTaken: true }],
    ] as const) {
      const result = verdict(at(2.5, n), hybrid, state)
      expect(result.interval).toEqual(verdict(at(2.5, n), sequential).interval)
      expect(result).toMatchObject({ verdict: 'undecided', plannedLook: false })
    }
  })

  test('looks once as a fixed test at four fifths of alpha, z = 2.054, and says so', () => {
    const result = verdict(at(2.1), hybrid)
    expect(result).toMatchObject({ verdict: 'won', plannedLook: true })
    expect(result.interval).toEqual(verdict(at(2.1), fixed).interval)
    expectWithin(2.1 - result.interval[0]!, 2.053748910631823, 1e-9)
    expectWithin(result.pValue, (2 * normalSf(2.1)) / 0.8, 1e-9)
    expect(verdict(at(2.05), hybrid).verdict).toBe('undecided')
  })
})

describe('fixed', () => {
  test('with a planned sample size it decides nothing before', () => {
    const p = plan({ method: 'fixed', plannedSampleSize: 1_000 })
    expect(verdict(at(9, 999), p)).toMatchObject({ verdict: 'undecided', reason: expect.stringContaining('1000') })
    expect(verdict(at(9, 1_000), p).verdict).toBe('won')
  })
})

describe('groupSequential', () => {
  const p = plan({ method: 'groupSequential', plannedSampleSize: 10_000, spending: 'obrien-fleming' })

  test('takes the bound of the look it is at', () => {
    // Bounds of four equal looks: 4.3326, 2.9631, 2.3590, 2.0141.
    expect(verdict(at(4.3, 2_500), p).verdict).toBe('undecided')
    expect(verdict(at(4.4, 2_500), p).verdict).toBe('won')
    expect(verdict(at(2.3, 7_500), p, { looks: [2_500, 5_000] }).verdict).toBe('undecided')
    expect(verdict(at(2.4, 7_500), p, { looks: [2_500, 5_000] }).verdict).toBe('won')
    expect(verdict(at(2.02, 12_000), p, { looks: [2_500, 5_000, 7_500] }).verdict).toBe('won')
    expect(verdict(at(2.01, 12_000), p, { looks: [2_500, 5_000, 7_500] }).verdict).toBe('undecided')
  })

  test('has nothing left after the last look', () => {
    expect(verdict(at(9, 12_000), p, { looks: [5_000, 10_000] })).toMatchObject({
      verdict: 'insufficient',
      code: 'past-last-look',
    })
  })

  test('a look without alpha gives no bound and no verdict', () => {
    expect(verdict(at(9, 100), p)).toMatchObject({ verdict: 'undecided', interval: [null, null] })
  })
})

describe('sequential', () => {
  test('is 1.55 times as wide as a fixed interval at the planned size and never narrower than it', () => {
    const width = (n: number) => {
      const [low, high] = verdict(at(0, n), plan({ plannedSampleSize: 10_000 })).interval
      return (high! - low!) / 2 / normalUpperQuantile(0.025)
    }
    // The published widths relative to a fixed interval at n = N*, N*/10, 20 N*, 200 N*.
    expect(width(10_000)).toBeCloseTo(1.549, 3)
    expect(width(1_000)).toBeCloseTo(1.97, 2)
    expect(width(200_000)).toBeCloseTo(1.7, 2)
    expect(width(2_000_000)).toBeCloseTo(1.87, 2)
  })
})

test.each<[string, VerdictPlanInput, string]>([
  ['a margin on superiority', { margin: 1 }, 'margin'],
  ['either on superiority', { direction: 'either' }, 'direction'],
  ['one side of either', { question: 'non-inferiority', direction: 'either', sides: 'one' }, 'sides'],
  ['a mixing scale on fixed', { method: 'fixed', mixingScale: 1 }, 'mixingScale'],
  ['two tunings', { mixingScale: 1, plannedSampleSize: 10 }, 'mixingScale'],
  ['spending on sequential', { spending: 'pocock' }, 'spending'],
  ['hybrid without a plan', { method: 'hybrid' }, 'plannedSampleSize'],
  ['alpha at its limit', { alpha: ALPHA_MAX }, 'alpha'],
])('%s is refused at the field', (_what, input, field) => {
  const result = verdictPlanSchema.safeParse(input)
  expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual([field])
})
