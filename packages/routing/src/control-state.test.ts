import { describe, expect, it } from 'vitest'
import type { ControlReading, ScorerReady } from './control-record.ts'
import {
  applyControl,
  type ControlState,
  EMPTY_CONTROL_STATE,
  MAX_KNOWN_PLANS,
  MAX_READY_SCORERS,
} from './control-state.ts'
import { refusePlan } from './refuse-plan.ts'
import type { RoutePlan } from './route-plan.ts'

function plan(generation: number, weightBp = 9000): RoutePlan {
  return {
    generation,
    endpoint: 'churn',
    salt: 'churn',
    variants: [
      { name: 'champion', model: 'churn', version: 7, weightBp },
      { name: 'challenger', model: 'churn', version: 8, weightBp: 10_000 - weightBp },
    ],
    shadows: [{ name: 'shadow', model: 'churn', version: 9, percentBp: 10_000 }],
  }
}

function ready(version: number, instance: string, isReady = true): ScorerReady {
  return { kind: 'scorer-ready', version, instance, ready: isReady, url: 'http://127.0.0.1:1', since: 1 }
}

function after(...readings: ControlReading[]): { state: ControlState; effects: string[] } {
  let state = EMPTY_CONTROL_STATE
  const effects: string[] = []
  for (const reading of readings) {
    const step = applyControl(state, reading)
    state = step.state
    effects.push(step.effect)
  }
  return { state, effects }
}

const asPlan = (p: RoutePlan): ControlReading => ({ kind: 'plan', plan: p })

describe('applyControl', () => {
  it('follows the highest generation, in whatever order plans come', () => {
    const { state, effects } = after(asPlan(plan(2)), asPlan(plan(5, 5000)), asPlan(plan(3)), asPlan(plan(5, 5000)))
    expect(effects).toEqual(['plan-adopted', 'plan-adopted', 'plan-stale', 'plan-stale'])
    expect(state.current?.generation).toBe(5)
    expect(state.current?.champion.weightBp).toBe(5000)
    expect([...state.plans.keys()].sort()).toEqual([2, 3, 5])
  })

  it('does not let a generation be rewritten', () => {
    const { state, effects } = after(asPlan(plan(2, 9000)), asPlan(plan(2, 5000)))
    expect(effects).toEqual(['plan-adopted', 'plan-conflict'])
    expect(state.current?.champion.weightBp).toBe(9000)
  })

  it('remembers a bounded number of plans, the newest', () => {
    const plans = Array.from({ length: MAX_KNOWN_PLANS + 5 }, (_, i) => asPlan(plan(i + 1)))
    const { state } = after(...plans)
    expect(state.plans.size).toBe(MAX_KNOWN_PLANS)
    expect(state.plans.has(5)).toBe(false)
    expect(state.plans.has(6)).toBe(true)
  })

  it('keeps a table of ready scorers', () => {
    const { state } = after(ready(7, 'a'), ready(7, 'b'), ready(8, 'c'), ready(7, 'a', false), {
      kind: 'scorer-gone',
      version: 8,
      instance: 'c',
    })
    expect([...state.readiness.keys()]).toEqual(['ready:7:b'])
  })

  it('bounds the table and forgets the oldest announcement first', () => {
    const readings = Array.from({ length: MAX_READY_SCORERS }, (_, i) => ready(7, `i${i}`))
    const { state } = after(...readings, ready(7, 'i0'), ready(7, 'one-more'))
    expect(state.readiness.size).toBe(MAX_READY_SCORERS)
    expect(state.readiness.has('ready:7:i0')).toBe(true)
    expect(state.readiness.has('ready:7:i1')).toBe(false)
  })

  it('does not change the state it is given', () => {
    const { state } = after(asPlan(plan(1)), ready(7, 'a'))
    const before = { plans: [...state.plans.keys()], readiness: [...state.readiness.keys()] }
    applyControl(state, asPlan(plan(2)))
    applyControl(state, ready(7, 'b'))
    applyControl(state, { kind: 'refused', problems: [] })
    expect({ plans: [...state.plans.keys()], readiness: [...state.readiness.keys()] }).toEqual(before)
  })
})

describe('refusePlan', () => {
  it('names every variant with traffic that nobody can score', () => {
    const { state } = after(ready(7, 'a'))
    expect(refusePlan(plan(1), state.readiness).map((p) => p.path)).toEqual(['variants[1]'])
    expect(refusePlan(plan(1), new Map()).map((p) => p.path)).toEqual(['variants[0]', 'variants[1]'])
    expect(refusePlan(plan(1), after(ready(7, 'a'), ready(8, 'b')).state.readiness)).toEqual([])
  })

  it('asks for no scorer where there is no traffic', () => {
    expect(refusePlan(plan(1, 10_000), after(ready(7, 'a')).state.readiness)).toEqual([])
  })
})
