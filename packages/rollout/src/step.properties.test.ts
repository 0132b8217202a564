import { parseRoutePlan } from '@sluice/routing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyEvent, replay } from './apply-event.ts'
import { gates } from './gates.ts'
import type { LookReport } from './look-report.ts'
import type { RolloutEvent } from './rollout-event.ts'
import type { ControlledInput, RolloutInput } from './rollout-input.ts'
import type { RolloutSpec } from './rollout-spec.ts'
import { initialState, type RolloutState } from './rollout-state.ts'
import { pendingEffects, step } from './step.ts'
import {
  ada,
  arm,
  BASE,
  bob,
  CHURN,
  churnSpec,
  DAY,
  DIGEST,
  HOUR,
  MINUTE,
  report,
  T0,
} from './testing/churn-rollout.ts'

const RUNS = 400

/** What a run does next; what depends on the state (token, stage, generation) is filled in when it is done. */
type Act =
  | { readonly kind: 'send'; readonly input: ControlledInput; readonly stale: boolean }
  | {
      readonly kind: 'look'
      readonly units: number
      readonly lift: number
      readonly skew: number
      readonly errors: number
    }
  | { readonly kind: 'confirm' | 'approve' | 'promote' | 'take-over' | 'foreign' }
interface Timed {
  readonly act: Act
  readonly waitMs: number
}

const actor = fc.constantFrom(ada, bob)
const rare: fc.Arbitrary<ControlledInput> = fc.oneof(
  fc.record({ kind: fc.constant('pause' as const), actor, reason: fc.constant('x') }),
  fc.record({ kind: fc.constant('resume' as const), actor }),
  fc.record({ kind: fc.constant('extend' as const), actor, byMs: fc.constantFrom(DAY, 0) }),
  fc.record({ kind: fc.constant('abort' as const), actor, reason: fc.constant('x') }),
  fc.record({ kind: fc.constant('cancel' as const), actor }),
  fc.record({ kind: fc.constant('fail' as const), reason: fc.constant('does not load') }),
  fc.record({ kind: fc.constant('plan-in-force' as const), generation: fc.integer({ min: 40, max: 60 }) }),
)
const opening: fc.Arbitrary<ControlledInput> = fc.oneof(
  fc.record({ kind: fc.constant('prepare' as const), digest: fc.constant(DIGEST), base: fc.constant(BASE) }),
  fc.record({ kind: fc.constant('start' as const), actor }),
  fc.constant({ kind: 'tick' as const }),
)
const send = (input: fc.Arbitrary<ControlledInput>): fc.Arbitrary<Act> =>
  fc.record({ kind: fc.constant('send' as const), input, stale: fc.boolean() })
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('look' as const),
      units: fc.constantFrom(0, 150, 2_000, 12_000, 30_000),
      lift: fc.constantFrom(...Array<number>(14).fill(0.1), ...Array<number>(5).fill(0), -0.3),
      skew: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 1, 1, 0.9),
      errors: fc.constantFrom(0, 0, 0, 0.5),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('confirm' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('approve' as const, 'promote' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('take-over' as const, 'foreign' as const) }) },
  { weight: 3, arbitrary: send(opening) },
  { weight: 1, arbitrary: send(rare) },
)
const timed: fc.Arbitrary<Timed> = fc.record({
  act,
  waitMs: fc.constantFrom(0, MINUTE, HOUR, HOUR, DAY, 3 * DAY, -HOUR),
})
const spec: fc.Arbitrary<RolloutSpec> = fc
  .record({
    mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'observe'),
    method: fc.constantFrom('hybrid', 'sequential', 'fixed'),
    decision: fc.constantFrom('clear-signals', 'do-no-harm'),
    health: fc.record({ srm: fc.constantFrom('hold', 'warn', 'rollback'), noTraffic: fc.constantFrom('hold', 'warn') }),
    skipShadow: fc.boolean(),
  })
  .map(({ mode, method, decision, health, skipShadow }) =>
    churnSpec({
      mode,
      steps: skipShadow ? CHURN.steps.slice(1) : CHURN.steps,
      analysis: { ...CHURN.analysis, method, decision, health },
    }),
  )
/** The first acts lead into the rollout; whatever comes after is any order of anything. */
const START: readonly Timed[] = (
  [
    { kind: 'take-over' },
    { kind: 'send', stale: false, input: { kind: 'prepare', digest: DIGEST, base: BASE } },
    { kind: 'send', stale: false, input: { kind: 'start', actor: ada } },
    { kind: 'confirm' },
  ] satisfies Act[]
).map((a) => ({ act: a, waitMs: 0 }))
const run = fc.record({
  spec,
  acts: fc.array(timed, { maxLength: 80, size: 'max' }).map((acts) => [...START, ...acts]),
})

function inputOf(state: RolloutState, a: Act, nowMs: number): RolloutInput {
  const { fence, spec: s, stepIndex } = state
  const current = s.steps[stepIndex]!
  switch (a.kind) {
    case 'take-over':
      return { kind: 'take-over', holder: 'x' }
    case 'send':
      return { ...a.input, fence: a.stale ? fence - 1 : fence }
    case 'confirm':
      return { kind: 'plan-in-force', generation: state.plan?.generation ?? 1, fence }
    case 'foreign':
      return { kind: 'plan-in-force', generation: state.generation + 3, fence }
    case 'approve':
      return { kind: 'approve', actor: ada, rollout: s.name, step: current.name, digest: DIGEST, fence }
    case 'promote':
      return { kind: 'promote', actor: ada, step: current.name, reason: 'x', fence }
    case 'look':
      return { kind: 'look', report: lookOf(state, a, nowMs), fence }
  }
}

function lookOf({ spec: s, stepIndex }: RolloutState, a: Extract<Act, { kind: 'look' }>, nowMs: number): LookReport {
  const { shadowBp, weightBp } = s.steps[stepIndex]!
  const units = Math.round(a.units * a.skew)
  return report(nowMs, {
    stage: shadowBp > 0 ? 'shadow' : weightBp > 5_000 ? 'release' : 'live',
    control: arm(nowMs, { units: a.units }),
    candidate: arm(nowMs, { units, successes: Math.round(units * (0.5 + a.lift)) }),
    levels: { errors: a.errors },
  })
}

interface Seen {
  readonly before: RolloutState
  readonly after: RolloutState
  readonly input: RolloutInput
  readonly nowMs: number
  readonly events: readonly RolloutEvent[]
}

/** Runs the acts, and has the controller killed and restarted from its events wherever `killed` says so. */
function play(s: RolloutSpec, acts: readonly Timed[], killed: (i: number) => boolean = () => false) {
  let state = initialState(s)
  let nowMs = T0
  const events: RolloutEvent[] = []
  const seen: Seen[] = []
  for (const [i, { act: a, waitMs }] of acts.entries()) {
    nowMs += waitMs
    const before = state
    const input = inputOf(state, a, nowMs)
    const result = step(state, input, nowMs)
    const appended = result.effects.flatMap((e) => (e.kind === 'append-events' ? e.events : []))
    events.push(...appended)
    // As it would come from the topic: through JSON, with nothing kept in memory.
    state = killed(i) ? replay(s, JSON.parse(JSON.stringify(events)) as RolloutEvent[]) : result.state
    seen.push({ before, after: state, input, nowMs, events: appended })
  }
  return { state, events, seen }
}

describe('whatever comes, in whatever order', () => {
  test('the runs reach every phase, so the promises below are about something', () => {
    const phases = new Set<string>()
    fc.assert(
      fc.property(run, ({ spec: s, acts }) => {
        for (const { after } of play(s, acts).seen) phases.add(after.phase)
      }),
      { numRuns: RUNS, seed: 7 },
    )
    expect([...phases].sort()).toEqual(
      [
        'awaiting-approval',
        'cancelled',
        'completed',
        'paused',
        'pending',
        'promoting',
        'ready',
        'rolled-back',
        'rolling-back',
        'running',
      ].sort(),
    )
  })

  test('a rollback is latched, and leads to nothing but the plan before', () => {
    fc.assert(
      fc.property(run, ({ spec: s, acts }) => {
        let latched = false
        for (const { after } of play(s, acts).seen) {
          if (latched) expect(['rolling-back', 'rolled-back']).toContain(after.phase)
          latched ||= after.phase === 'rolling-back' || after.phase === 'rolled-back'
          if (latched) expect(after.plan).toEqual({ ...BASE, generation: after.plan!.generation })
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('plans are valid, numbered upwards, never above the step, and weights only grow until they are taken back', () => {
    fc.assert(
      fc.property(run, ({ spec: s, acts }) => {
        let generation = BASE.generation
        let weight = 0
        for (const { after, events } of play(s, acts).seen) {
          for (const event of events) {
            if (!('plan' in event)) continue
            expect(parseRoutePlan(event.plan).ok).toBe(true)
            expect(event.plan.generation).toBeGreaterThan(generation)
            generation = event.plan.generation
            const given = event.plan.variants.find((v) => v.version === 8)?.weightBp ?? 0
            if (after.phase === 'rolling-back') continue
            const limit =
              event.kind === 'promoting' || after.phase === 'promoting' ? 10_000 : s.steps[after.stepIndex]!.weightBp
            expect(given).toBe(limit)
            expect(given).toBeGreaterThanOrEqual(weight)
            weight = given
          }
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('no step is left and nothing is promoted unless all gates were passed at that look', () => {
    fc.assert(
      fc.property(run, ({ spec: s, acts }) => {
        for (const { before, input, nowMs, events } of play(s, acts).seen) {
          const index = events.findIndex((e) => e.kind === 'advanced' || e.kind === 'promoting')
          if (index < 0) continue
          expect(input.kind).toBe('look')
          if (input.kind !== 'look') continue
          const at = replayFrom(before, events.slice(0, index))
          const list = gates(at, input.report, Math.max(nowMs, before.lastAtMs))
          expect(list.filter((gate) => !gate.passed)).toEqual([])
          const { hold } = s.steps[before.stepIndex]!
          expect(at.holds).toEqual({})
          if (hold.approval !== null)
            expect(at.approval).toMatchObject({ digest: DIGEST, step: s.steps[before.stepIndex]!.name })
          if (hold.decision) expect(at.decision).not.toBeNull()
          expect(s.mode).toBe('enforce')
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('a controller with an old token changes nothing', () => {
    fc.assert(
      fc.property(run, ({ spec: s, acts }) => {
        for (const { before, after, input } of play(s, acts).seen) {
          if (input.kind !== 'take-over' && input.fence !== before.fence) expect(after).toBe(before)
        }
      }),
      { numRuns: RUNS },
    )
  })

  test('the list of events alone gives the same state, also through JSON', () => {
    fc.assert(
      fc.property(run, ({ spec: s, acts }) => {
        const { state, events } = play(s, acts)
        expect(replay(s, JSON.parse(JSON.stringify(events)) as RolloutEvent[])).toEqual(state)
      }),
      { numRuns: RUNS },
    )
  })

  test('a controller killed at every transition ends as one that never was', () => {
    fc.assert(
      fc.property(run, ({ spec: s, acts }) => {
        const alive = play(s, acts)
        const killed = play(s, acts, () => true)
        expect(killed.events).toEqual(alive.events)
        expect(killed.state).toEqual(alive.state)
        expect(pendingEffects(killed.state)).toEqual(pendingEffects(alive.state))
      }),
      { numRuns: RUNS },
    )
  })

  test('events out of sequence are void, wherever they are put in', () => {
    fc.assert(
      fc.property(run, fc.nat(), fc.nat(), ({ spec: s, acts }, from, to) => {
        const { state, events } = play(s, acts)
        const again = events[from % events.length]!
        const at = (from % events.length) + 1 + (to % (events.length - (from % events.length)))
        expect(replay(s, events.toSpliced(at, 0, again))).toEqual(state)
      }),
      { numRuns: RUNS },
    )
  })
})

function replayFrom(state: RolloutState, events: readonly RolloutEvent[]): RolloutState {
  let at = state
  for (const event of events) at = applyEvent(at, event)
  return at
}
