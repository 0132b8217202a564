import { describe, expect, test } from 'vitest'
import { replay } from './apply-event.ts'
import { explain } from './explain.ts'
import { step } from './step.ts'
import { ada, arm, BASE, bob, CHURN, churnSpec, DAY, DIGEST, Drive, HOUR, MINUTE } from './testing/churn-rollout.ts'

/** 30 points less on 2,000 units an arm: beyond doubt under any method. */
const disaster = (d: Drive) => ({
  control: arm(d.nowMs, { units: 2_000, successes: 1_000 }),
  candidate: arm(d.nowMs, { units: 2_000, successes: 400 }),
})
const clearWin = (d: Drive) => ({
  control: arm(d.nowMs, { units: 10_000, successes: 5_000 }),
  candidate: arm(d.nowMs, { units: 10_000, successes: 5_500 }),
})

describe('from start to end', () => {
  test('shadow, canary, decision, release, promotion: each with its plan', () => {
    const d = new Drive().started()
    for (const _ of CHURN.steps) d.passStep()
    expect(d.state.phase).toBe('completed')
    const shares = d.plans.map((plan) => [plan.generation, ...plan.variants.map((v) => [v.version, v.weightBp])])
    expect(shares).toEqual([
      [42, [7, 10_000]],
      [43, [7, 9_500], [8, 500]],
      [44, [7, 5_000], [8, 5_000]],
      [45, [7, 1_000], [8, 9_000]],
      [46, [8, 10_000], [7, 0]],
    ])
    expect(d.plans[0]!.shadows.map((s) => [s.version, s.percentBp])).toEqual([
      [9, 500],
      [8, 10_000],
    ])
    expect(d.plans[1]!.shadows.map((s) => s.version)).toEqual([9])
  })

  test('a win by the goals needs duration and approval as well, approval last', () => {
    const d = new Drive().at('ab')
    d.wait(HOUR).look(clearWin(d))
    expect(d.state.decision?.by).toBe('statistics')
    expect(d.state.phase).toBe('running')
    d.wait(DAY).look(clearWin(d))
    expect(d.state.phase).toBe('awaiting-approval')
    d.send({ kind: 'approve', actor: ada, rollout: 'churn-v8', step: 'ab', digest: DIGEST })
    expect(d.state.phase).toBe('running')
    d.wait(MINUTE).look(clearWin(d))
    expect(d.state.stepIndex).toBe(3)
  })

  test('a goal won at one look stays won when later looks are weaker', () => {
    const d = new Drive().at('ab')
    d.wait(HOUR).look(clearWin(d))
    d.wait(DAY).look()
    expect(d.state.phase).toBe('awaiting-approval')
  })
})

describe('rollback', () => {
  test('a harmed goal takes the traffic back to exactly what was there, and nothing else can happen after', () => {
    const d = new Drive().at('canary')
    d.look(disaster(d))
    expect(d.state.phase).toBe('rolling-back')
    expect(d.plans.at(-1)).toEqual({ ...BASE, generation: 44 })
    for (const input of [
      { kind: 'promote', actor: ada, step: 'canary', reason: 'x' },
      { kind: 'resume', actor: ada },
      { kind: 'cancel', actor: ada },
      { kind: 'pause', actor: ada, reason: 'x' },
    ] as const) {
      expect(d.send(input).refused?.code).toBe('wrong-phase')
    }
    expect(d.look(clearWin(d)).refused?.code).toBe('wrong-phase')
    d.confirm()
    expect(d.state.phase).toBe('rolled-back')
    expect(explain(d.state, null, d.nowMs).why).toContain('goal retained is harmed')
  })

  test('comes before every hold: while paused by a person, and while an approval is awaited', () => {
    const paused = new Drive().at('canary')
    paused.send({ kind: 'pause', actor: ada, reason: 'lunch' })
    paused.look(disaster(paused))
    expect(paused.state.phase).toBe('rolling-back')
    const awaiting = new Drive().at('ab')
    awaiting.send({ kind: 'promote', actor: ada, step: 'ab', reason: 'x' })
    awaiting.wait(DAY).look()
    expect(awaiting.state.phase).toBe('awaiting-approval')
    awaiting.look(disaster(awaiting))
    expect(awaiting.state.phase).toBe('rolling-back')
  })

  test('a limit is broken only after more looks in a row than failureLimit', () => {
    const d = new Drive().at('canary')
    const bad = { levels: { errors: 0.02 } }
    d.look(bad)
    d.look(bad)
    d.look()
    d.look(bad)
    d.look(bad)
    expect(d.state.phase).toBe('running')
    d.look({ levels: {} })
    expect(d.state.phase).toBe('running')
    d.look(bad)
    expect(d.state.phase).toBe('rolling-back')
    expect(d.state.rollbackReason).toBe(
      'level errors is harmed: is 0.02, at most 0.01 is asked; failed 3 looks in a row, 2 may',
    )
  })

  test('is the last thing a look does, whatever else it saw', () => {
    const d = new Drive().at('canary')
    const { candidate } = disaster(d)
    d.look({ control: arm(d.nowMs, { units: 2_600 }), candidate })
    expect(d.kinds().at(-1)).toBe('rolling-back')
    expect(d.state.holds).toEqual({})
  })

  test('an infrastructure failure needs no statistics, even while promoting', () => {
    const d = new Drive().at('most')
    d.wait(HOUR).look({ stage: 'release' })
    expect(d.state.phase).toBe('promoting')
    d.send({ kind: 'fail', reason: 'the model cannot be loaded' })
    expect(d.state.phase).toBe('rolling-back')
    d.confirm()
    expect(d.state.phase).toBe('rolled-back')
  })

  test('a foreign plan during a rollback is overruled with a higher generation', () => {
    const d = new Drive().at('canary')
    d.send({ kind: 'abort', actor: ada, reason: 'complaints' })
    d.send({ kind: 'plan-in-force', generation: 60 })
    expect(d.plans.at(-1)).toEqual({ ...BASE, generation: 61 })
    expect(d.send({ kind: 'plan-in-force', generation: 44 }).refused?.code).toBe('no-effect')
    d.confirm()
    expect(d.state.phase).toBe('rolled-back')
  })
})

describe('holds', () => {
  test('a sample ratio mismatch pauses the clock, and the rollout goes on by itself when it is over', () => {
    const d = new Drive().at('canary')
    d.wait(10 * MINUTE)
    d.look({ control: arm(d.nowMs, { units: 5_200 }), candidate: arm(d.nowMs, { units: 4_800 }) })
    expect(d.state.phase).toBe('paused')
    expect(explain(d.state, null, d.nowMs).why).toContain('5200 to 4800')
    d.wait(DAY).look({ control: arm(d.nowMs, { units: 9_000 }), candidate: arm(d.nowMs, { units: 9_000 }) })
    expect(d.state.phase).toBe('running')
    d.wait(19 * MINUTE).look()
    expect(d.state.stepIndex).toBe(1)
    d.wait(MINUTE).look()
    expect(d.state.stepIndex).toBe(2)
  })

  test('arms of the wrong size win nothing and use up no look, whatever health does about it', () => {
    const analysis = { ...CHURN.analysis, method: 'fixed', health: { srm: 'warn' } }
    const d = new Drive(churnSpec({ analysis })).at('ab')
    const lost = { ...clearWin(d), candidate: arm(d.nowMs, { units: 9_000, successes: 5_000 }) }
    d.look({ ...lost, control: arm(d.nowMs, { units: 12_000, successes: 6_000 }) })
    expect([d.state.decision, d.state.metrics]).toEqual([null, {}])
    d.look(clearWin(d))
    expect(d.state.decision?.by).toBe('statistics')
  })

  test.each([
    ['noTraffic', { lastUnitAtMs: 0 }, 2 * HOUR],
    ['labelStall', { lastOutcomeAtMs: null }, 25 * HOUR],
  ])('%s holds after its grace, not before', (_check, field, after) => {
    const d = new Drive().at('canary')
    d.send({ kind: 'pause', actor: ada, reason: 'keep the step' })
    const silent = () => ({ candidate: { ...arm(d.nowMs), ...field } })
    d.wait(after / 2 - MINUTE).look(silent())
    expect(d.state.holds.health).toBeUndefined()
    d.wait(after).look(silent())
    expect(d.state.holds.health?.reason).toContain('candidate')
    d.look()
    expect(d.state.holds.health).toBeUndefined()
  })

  test('units in both arms hold from 1 % and 10 units on', () => {
    const d = new Drive().at('canary')
    const with_ = (multipleExposures: number, units: number) => {
      d.look({ multipleExposures, control: arm(d.nowMs, { units }), candidate: arm(d.nowMs, { units }) })
      return d.state.phase
    }
    expect(with_(9, 100)).toBe('running')
    expect(with_(10, 600)).toBe('running')
    expect(with_(10, 400)).toBe('paused')
    expect(with_(10, 600)).toBe('running')
  })

  test('a change of the positive rate holds as a signal and lets go', () => {
    const d = new Drive().at('canary')
    const shifted = arm(d.nowMs, { units: 5_000 })
    const measures = {
      ...shifted.measures,
      positiveRate: arm(d.nowMs, { units: 5_000, recall: 0.6 }).measures['recall']!,
    }
    d.look({ control: arm(d.nowMs, { units: 5_000 }), candidate: { ...shifted, measures } })
    expect(Object.keys(d.state.holds)).toEqual(['signal'])
    d.look()
    expect(d.state.phase).toBe('running')
    const sunk = { ...measures, positiveRate: arm(d.nowMs, { units: 5_000, recall: 0.1 }).measures['recall']! }
    d.look({ control: arm(d.nowMs, { units: 5_000 }), candidate: { ...shifted, measures: sunk } })
    expect(Object.keys(d.state.holds)).toEqual(['signal'])
  })

  test('warn reports once and stops nothing; rollback takes back', () => {
    const srm = (action: string) => {
      const d = new Drive(churnSpec({ analysis: { ...CHURN.analysis, health: { srm: action } } })).at('canary')
      for (let i = 0; i < 3; i++) {
        d.look({ control: arm(d.nowMs, { units: 5_200 }), candidate: arm(d.nowMs, { units: 4_800 }) })
      }
      return d
    }
    expect(
      srm('warn')
        .kinds()
        .filter((kind) => kind === 'warned'),
    ).toHaveLength(1)
    expect(srm('warn').state.phase).toBe('running')
    expect(srm('rollback').state.phase).toBe('rolling-back')
  })

  test('a person pauses and resumes; two pauses at once are two reasons', () => {
    const d = new Drive().at('canary')
    d.send({ kind: 'pause', actor: ada, reason: 'release freeze' })
    d.look({ control: arm(d.nowMs, { units: 5_200 }), candidate: arm(d.nowMs, { units: 4_800 }) })
    d.send({ kind: 'resume', actor: ada })
    expect(Object.keys(d.state.holds)).toEqual(['health'])
    expect(d.send({ kind: 'resume', actor: ada }).refused?.code).toBe('no-effect')
  })

  test("somebody else's plan holds; resuming puts the step's plan into force again", () => {
    const d = new Drive().at('canary')
    d.send({ kind: 'plan-in-force', generation: 50 })
    expect(Object.keys(d.state.holds)).toEqual(['foreign-plan'])
    d.send({ kind: 'resume', actor: ada })
    expect(d.plans.at(-1)).toMatchObject({ generation: 51, variants: [{ weightBp: 9_500 }, { weightBp: 500 }] })
  })
})

describe('decisions that take too long', () => {
  test('clear-signals asks a person, who promotes or extends', () => {
    const d = new Drive().at('ab')
    d.wait(14 * DAY).look()
    expect(Object.keys(d.state.holds)).toEqual(['inconclusive'])
    d.send({ kind: 'extend', actor: ada, byMs: DAY })
    expect(d.state.phase).toBe('running')
    d.wait(DAY).look()
    expect(d.state.phase).toBe('paused')
    d.send({ kind: 'promote', actor: ada, step: 'ab', reason: 'it is cheaper to run' })
    d.look()
    expect(d.state.phase).toBe('awaiting-approval')
  })

  test('do-no-harm goes on, because nothing was harmed', () => {
    const d = new Drive(churnSpec({ analysis: { ...CHURN.analysis, decision: 'do-no-harm' } })).at('ab')
    d.wait(14 * DAY).look()
    expect(d.state.decision?.by).toBe('max-duration')
    expect(d.state.phase).toBe('awaiting-approval')
  })

  test('a fixed test looks once: undecided there is inconclusive, and later data changes nothing', () => {
    const d = new Drive(churnSpec({ analysis: { ...CHURN.analysis, method: 'fixed' } })).at('ab')
    d.look(clearWinAt(19_000, d))
    expect(d.state.decision).toBeNull()
    d.look({ control: arm(d.nowMs, { units: 10_000 }), candidate: arm(d.nowMs, { units: 10_000 }) })
    expect(Object.keys(d.state.holds)).toEqual(['inconclusive'])
    d.look(clearWinAt(40_000, d))
    expect(d.state.decision).toBeNull()
    expect(d.send({ kind: 'extend', actor: ada, byMs: DAY }).refused?.code).toBe('no-effect')
  })
})

const clearWinAt = (n: number, d: Drive) => ({
  control: arm(d.nowMs, { units: n / 2, successes: n / 4 }),
  candidate: arm(d.nowMs, { units: n / 2, successes: (n / 4) * 1.1 }),
})

describe('approval', () => {
  const approve = (d: Drive, over: object) =>
    d.send({ kind: 'approve', actor: ada, rollout: 'churn-v8', step: 'ab', digest: DIGEST, ...over }).refused?.code

  test('is bound to rollout, step, candidate and person', () => {
    const d = new Drive().at('ab')
    expect(approve(d, { rollout: 'churn-v9' })).toBe('wrong-step')
    expect(approve(d, { step: 'canary' })).toBe('wrong-step')
    expect(approve(d, { digest: 'b'.repeat(64) })).toBe('wrong-digest')
    expect(approve(d, { actor: bob })).toBe('not-allowed')
    expect(approve(d, { actor: { ...ada, name: '' } })).toBe('not-allowed')
    expect(approve(d, {})).toBeUndefined()
    expect(d.state.approval).toMatchObject({
      by: { name: 'ada', via: 'cli' },
      atMs: d.nowMs,
      expiresAtMs: d.nowMs + DAY,
    })
    expect(approve(new Drive().at('canary'), { step: 'canary' })).toBe('no-effect')
  })

  test('of one step is none of the next', () => {
    const asking = { approval: { approvers: ['ml-leads'], validFor: '30d' } }
    const steps = [
      { name: 'first', weight: 1, hold: asking },
      { name: 'second', weight: 2, hold: asking },
    ]
    const d = new Drive(churnSpec({ steps, analysis: {} })).started()
    approve(d, { step: 'first' })
    d.look()
    d.confirm().look()
    expect([d.state.stepIndex, d.state.phase]).toEqual([1, 'awaiting-approval'])
  })

  test('expires, and is then asked for again', () => {
    const d = new Drive().at('ab')
    approve(d, {})
    d.send({ kind: 'promote', actor: ada, step: 'ab', reason: 'x' })
    d.wait(DAY).look()
    expect(d.state.phase).toBe('awaiting-approval')
    approve(d, {})
    d.wait(DAY - 1).look()
    expect(d.state.stepIndex).toBe(3)
  })

  test.each([
    ['hold', 'awaiting-approval'],
    ['rollback', 'rolling-back'],
  ])('that does not come in time leads to %s', (onTimeout, phase) => {
    const steps = CHURN.steps.map((s) =>
      s.name === 'ab' ? { ...s, hold: { ...s.hold, approval: { timeout: '2d', onTimeout } } } : s,
    )
    const d = new Drive(churnSpec({ steps })).at('ab')
    d.send({ kind: 'promote', actor: ada, step: 'ab', reason: 'x' })
    d.wait(DAY).look()
    d.wait(2 * DAY - 1).send({ kind: 'tick' })
    expect(d.state.approvalOverdue).toBe(false)
    d.wait(1).send({ kind: 'tick' })
    expect(d.state.approvalOverdue).toBe(true)
    expect(d.state.phase).toBe(phase)
  })
})

describe('who may act', () => {
  test('a controller that was overtaken is refused, and its events are void for everybody', () => {
    const d = new Drive().at('canary')
    const before = d.state
    const old = step(before, { kind: 'abort', actor: bob, reason: 'late', fence: before.fence }, d.nowMs)
    const over = step(before, { kind: 'take-over', holder: 'feedback-2' }, d.nowMs)
    const refused = step(over.state, { kind: 'abort', actor: bob, reason: 'late', fence: before.fence }, d.nowMs)
    expect(refused.refused?.code).toBe('stale-fence')
    const late = old.effects.flatMap((e) => (e.kind === 'append-events' ? e.events : []))
    const taken = over.effects.flatMap((e) => (e.kind === 'append-events' ? e.events : []))
    expect(replay(before.spec, [...d.events, ...taken, ...late])).toEqual(over.state)
    const behind = late.map((event) => ({ ...event, seq: over.state.seq + 1 }))
    expect(replay(before.spec, [...d.events, ...taken, ...behind])).toEqual(over.state)
  })

  test('observe reports once per step what it would do, and never does it', () => {
    const d = new Drive(churnSpec({ mode: 'observe' })).started()
    d.wait(2 * HOUR)
    for (let i = 0; i < 3; i++) d.look({ stage: 'shadow' })
    d.look({ stage: 'shadow', levels: { errors: 1 } })
    d.look({ stage: 'shadow', levels: { errors: 1 } })
    d.look({ stage: 'shadow', levels: { errors: 1 } })
    expect(d.events.filter((e) => e.kind === 'would-act').map((e) => e.kind === 'would-act' && e.action)).toEqual([
      'advance',
      'rollback',
    ])
    expect(d.plans).toHaveLength(1)
    d.send({ kind: 'abort', actor: ada, reason: 'seen enough' })
    expect(d.state.phase).toBe('rolling-back')
  })

  test('a base that does not fit is refused with every reason', () => {
    const d = new Drive()
    const other = { ...BASE, endpoint: 'fraud', variants: [{ ...BASE.variants[0]!, version: 6 }] }
    const { refused } = d.send({ kind: 'prepare', digest: DIGEST, base: other })
    expect(refused?.reason).toMatch(/of fraud[\s\S]*not the champion churn version 7/)
    expect(d.send({ kind: 'prepare', digest: 'latest', base: BASE }).refused?.code).toBe('wrong-digest')
    expect(d.send({ kind: 'start', actor: ada }).refused?.code).toBe('wrong-phase')
    expect(d.state.phase).toBe('pending')
  })

  test('cancel before the start ends it, while running it leaves the traffic as it is', () => {
    const early = new Drive()
    early.send({ kind: 'cancel', actor: ada })
    expect([early.state.phase, early.plans]).toEqual(['cancelled', []])
    const late = new Drive().at('canary')
    const plans = late.plans.length
    late.send({ kind: 'cancel', actor: ada })
    expect([late.state.phase, late.plans.length]).toEqual(['cancelled', plans])
  })
})

test('the step clock starts when the plan is in force, not when it was published', () => {
  const d = new Drive()
  d.send({ kind: 'prepare', digest: DIGEST, base: BASE })
  d.send({ kind: 'start', actor: ada })
  d.wait(DAY).look({ stage: 'shadow' })
  expect(d.state.stepIndex).toBe(0)
  d.confirm().wait(HOUR - 1)
  d.look({ stage: 'shadow' })
  expect(d.state.stepIndex).toBe(0)
  d.wait(1).look({ stage: 'shadow' })
  expect(d.state.stepIndex).toBe(1)
})

test('the sample of a step counts only what came during it', () => {
  const d = new Drive().at('canary')
  d.wait(HOUR).look({ control: arm(d.nowMs, { units: 199 }), candidate: arm(d.nowMs, { units: 220 }) })
  expect(d.state.stepIndex).toBe(1)
  expect(explain(d.state, null, d.nowMs).why).toContain('an unknown number of 200 units')
  d.look({ control: arm(d.nowMs, { units: 200 }), candidate: arm(d.nowMs, { units: 220 }) })
  expect([d.state.stepIndex, d.state.unitsBefore]).toEqual([2, 200])
})

test('a later step of the same stage counts from where it began', () => {
  const [, canary, ...rest] = CHURN.steps
  const steps = [canary, { name: 'tenth', weight: 10, hold: { minSampleSize: 300 } }, ...rest]
  const d = new Drive(churnSpec({ steps })).at('tenth')
  const look = (units: number) => d.look({ control: arm(d.nowMs, { units }), candidate: arm(d.nowMs, { units }) })
  expect(d.state.unitsBefore).toBe(1_000)
  look(1_299)
  expect(d.state.stepIndex).toBe(1)
  look(1_300)
  expect(d.state.stepIndex).toBe(2)
})

describe('two goals', () => {
  const goals = [{ metric: 'retained' }, { metric: 'recall' }]
  const arms = (d: Drive, successes: number, recall: number) => ({
    control: arm(d.nowMs, { units: 10_000, successes: 5_000, recall: 0.5 }),
    candidate: arm(d.nowMs, { units: 10_000, successes, recall }),
  })

  test('may be won at different looks', () => {
    const d = new Drive(churnSpec({ analysis: { ...CHURN.analysis, goals } })).at('ab')
    d.look(arms(d, 5_500, 0.5))
    expect(d.state.decision).toBeNull()
    d.look(arms(d, 5_000, 0.55))
    expect(d.state.decision?.reason).toBe('won: retained, recall')
  })

  test('need more than one alone: two p-values of 0.036 are not both below 0.05 after Holm', () => {
    const after = (metrics: readonly { metric: string }[]) => {
      const analysis = { ...CHURN.analysis, method: 'fixed', goals: metrics }
      const d = new Drive(churnSpec({ analysis })).at('ab')
      d.look(arms(d, 5_148, 0.5148)) // z = 2.09
      return d.state.decision?.by
    }
    expect(after(goals)).toBeUndefined()
    expect(after(goals.slice(0, 1))).toBe('statistics')
    expect(after(goals.slice(1))).toBe('statistics')
  })
})
