import { describe, expect, it } from 'vitest'
import { parseRoutePlan } from './route-plan.ts'

const valid = {
  generation: 3,
  endpoint: 'churn',
  salt: 'churn',
  variants: [
    { name: 'champion', model: 'churn', version: 7, weightBp: 9000 },
    { name: 'challenger', model: 'churn', version: 8, weightBp: 1000 },
  ],
  shadows: [{ name: 'candidate', model: 'churn', version: 9, percentBp: 10_000 }],
}

function problemsOf(change: object): string[] {
  const result = parseRoutePlan({ ...valid, ...change })
  return result.ok ? [] : result.problems.map((p) => `${p.path}: ${p.problem}`)
}

describe('parseRoutePlan', () => {
  it('takes a valid plan as it is', () => {
    expect(parseRoutePlan(valid)).toEqual({ ok: true, plan: valid })
  })

  it.each([
    [9999, 'the weights sum to 10999 basis points, not 10000'],
    [8999, 'the weights sum to 9999 basis points, not 10000'],
  ])('refuses weights that do not sum to 10000 (%i and 1000)', (weightBp, problem) => {
    const variants = [{ ...valid.variants[0]!, weightBp }, valid.variants[1]!]
    expect(problemsOf({ variants })).toEqual([`variants: ${problem}`])
  })

  it('refuses a negative weight even when the sum is right', () => {
    const variants = [
      { ...valid.variants[0]!, weightBp: 10_001 },
      { ...valid.variants[1]!, weightBp: -1 },
    ]
    const problems = problemsOf({ variants })
    expect(problems).toHaveLength(2)
    expect(problems[0]).toMatch(/^variants\[0\]\.weightBp: /)
    expect(problems[1]).toMatch(/^variants\[1\]\.weightBp: /)
  })

  it('refuses a name or a version that occurs twice, among shadows too', () => {
    const shadows = [
      { name: 'champion', model: 'churn', version: 9, percentBp: 1 },
      { name: 'late', model: 'churn', version: 8, percentBp: 1 },
    ]
    expect(problemsOf({ shadows })).toEqual([
      'shadows[0].name: the name champion is already used by variants[0]',
      'shadows[1].version: version 8 is already used by variants[1], and a version has one topic',
    ])
  })

  it('names every problem at once', () => {
    const problems = problemsOf({
      generation: 0,
      salt: '',
      extra: 1,
      variants: [
        { name: 'champion', model: 'churn', version: 7, weightBp: 5000 },
        { name: 'champion', model: 'Churn!', version: 7, weightBp: 0.5 },
      ],
    })
    const paths = problems.map((p) => p.slice(0, p.indexOf(':')))
    expect(paths.sort()).toEqual(
      [
        '',
        'generation',
        'salt',
        'variants',
        'variants[1].model',
        'variants[1].name',
        'variants[1].version',
        'variants[1].weightBp',
      ].sort(),
    )
  })

  it('has limits on variants, shadows and salt', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        name: `v${i}`,
        model: 'm',
        version: i,
        weightBp: i === 0 ? 10_000 : 0,
      }))
    const shadows = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `s${i}`, model: 'm', version: 100 + i, percentBp: 1 }))
    expect(problemsOf({ variants: many(32), shadows: shadows(32), salt: 's'.repeat(128) })).toEqual([])
    expect(problemsOf({ variants: many(33), shadows: [] })).toHaveLength(1)
    expect(problemsOf({ shadows: shadows(33) })).toHaveLength(1)
    expect(problemsOf({ salt: 's'.repeat(129) })).toHaveLength(1)
    expect(problemsOf({ variants: [], shadows: [] })).not.toEqual([])
  })

  it.each([undefined, null, 7, 'plan', [], {}])('refuses %j', (value) => {
    expect(parseRoutePlan(value).ok).toBe(false)
  })
})
