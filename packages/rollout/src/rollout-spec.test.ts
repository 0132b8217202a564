import { expect, test } from 'vitest'
import { parseRolloutSpec } from './rollout-spec.ts'
import { CHURN, churnSpec } from './testing/churn-rollout.ts'

const problems = (over: Readonly<Record<string, unknown>>): readonly string[] => {
  const result = parseRolloutSpec({ ...CHURN, ...over })
  return result.ok ? [] : result.problems.map((p) => `${p.path}: ${p.problem}`)
}
const oneStep = (over: object) => ({ steps: [{ ...CHURN.steps[2], ...over }] })
const withHold = (hold: object) => problems({ steps: [{ name: 'a', weight: 5, hold }, CHURN.steps[2]] })

test('durations become milliseconds and percent basis points, defaults are filled in', () => {
  const spec = churnSpec()
  expect(spec.steps[0]).toMatchObject({
    shadowBp: 10_000,
    weightBp: 0,
    hold: { durationMs: 3_600_000, approval: null },
  })
  expect(spec.steps[2]?.hold.approval).toEqual({
    approvers: ['ml-leads'],
    validForMs: 86_400_000,
    timeoutMs: 172_800_000,
    onTimeout: null,
  })
  expect(spec.analysis).toMatchObject({ method: 'hybrid', alpha: 0.05, minUnits: 100, decision: 'clear-signals' })
  expect(spec.analysis.health.noTrafficGraceMs).toBe(3_600_000)
})

test('every problem is named at once, unknown keys with their path', () => {
  expect(
    problems({
      nmae: 'x',
      champion: { model: 'churn', version: 8 },
      steps: [
        { name: 'a', weight: 20, hold: {} },
        { name: 'a', weight: 10, hold: { duration: '1h' } },
      ],
      analysis: { ...CHURN.analysis, goals: [], method: 'hybrid', guardrails: [{ metric: 'x', max: 1, min: 0 }] },
    }),
  ).toEqual([
    'nmae: is no setting of a rollout',
    'steps[0].hold: lets the step pass at once',
    'steps[1].name: is already the name of steps[0]',
    'steps[1].weight: is 10, less than the 20 before',
    'analysis.guardrails[0]: needs maxRegression, or one of max and min',
  ])
})

test.each<[string, readonly string[], RegExp]>([
  ['two deciding steps', problems({ steps: [CHURN.steps[2], { ...CHURN.steps[2], name: 'b' }] }), /already decided/],
  ['a decision above half', problems(oneStep({ weight: 50.01 })), /two live arms of equal size/],
  ['a decision without an end', problems(oneStep({ hold: { decision: true } })), /maxDuration: is missing/],
  ['goals nobody waits for', problems({ steps: CHURN.steps.slice(0, 2) }), /analysis\.goals: have no effect/],
  ['a decision about nothing', problems({ analysis: {} }), /there is no goal/],
  [
    'a shadow after a weight',
    problems({ steps: [CHURN.steps[1], CHURN.steps[0], CHURN.steps[2]] }),
    /take back the weight/,
  ],
  ['neither shadow nor weight', problems(oneStep({ weight: undefined })), /either shadow or weight/],
  ['a maxDuration without effect', withHold({ duration: '1h', maxDuration: '2h' }), /has no effect/],
  ['a maxDuration below duration', withHold({ duration: '3h', minSampleSize: 1, maxDuration: '2h' }), /shorter than/],
  ['onTimeout without timeout', withHold({ approval: { onTimeout: 'hold' } }), /onTimeout: has no effect/],
  ['an unknown unit', withHold({ duration: '1w' }), /steps\[0\]\.hold\.duration: write a whole number and a unit/],
  ['a weight finer than the split', problems(oneStep({ weight: 0.001 })), /more than two decimals/],
  [
    'no plan for hybrid',
    problems({ analysis: { ...CHURN.analysis, plannedSampleSize: undefined } }),
    /plannedSampleSize: is missing/,
  ],
  [
    'a guardrail nobody can keep',
    problems({ analysis: { ...CHURN.analysis, guardrails: [{ metric: 'x', direction: 'either', maxRegression: 0 }] } }),
    /no version can keep/,
  ],
  [
    'a wrong key in a guardrail',
    problems({ analysis: { ...CHURN.analysis, guardrails: [{ metric: 'x', maxRegression: 0, failureLimit: 1 }] } }),
    /guardrails\[0\]\.failureLimit: is no setting/,
  ],
  [
    'the same guardrail twice',
    problems({
      analysis: {
        ...CHURN.analysis,
        guardrails: [
          { metric: 'x', max: 1 },
          { metric: 'x', min: 0 },
        ],
      },
    }),
    /x is already guardrails\[0\]/,
  ],
  [
    'the champion as candidate',
    problems({ candidate: { name: 'c', model: 'churn', version: 7 } }),
    /version 7 is the champion/,
  ],
])('refuses %s', (_what, found, message) => {
  expect(found.join('\n')).toMatch(message)
  expect(found).toHaveLength(1)
})

test('a release before the decision is named together with what follows from it', () => {
  const release = { name: 'r', weight: 50.01, hold: { duration: '1h' } }
  const found = problems({ steps: [release, { ...CHURN.steps[2], weight: 60 }] })
  expect(found).toHaveLength(2)
  expect(found.join()).toMatch(/two live arms of equal size[\s\S]*above 50 before the goals are decided/)
})

test('values at the limits are accepted, one beyond is not', () => {
  expect(problems(oneStep({ weight: 50 }))).toEqual([])
  expect(withHold({ duration: '365d' })).toEqual([])
  expect(withHold({ duration: '366d' })).toHaveLength(1)
  const steps = (n: number) => [
    ...Array.from({ length: n - 1 }, (_, i) => ({ name: `s${i}`, weight: 1, hold: { duration: '1h' } })),
    CHURN.steps[2],
  ]
  expect(problems({ steps: steps(32) })).toEqual([])
  expect(problems({ steps: steps(33) })).toHaveLength(1)
})

test.each([null, 3, 'x', []])('%j is no rollout', (value) => {
  expect(parseRolloutSpec(value)).toMatchObject({ ok: false })
})
