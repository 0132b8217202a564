import { insufficient, proportion } from '@sluice/evaluation'
import type { RoutePlan } from '@sluice/routing'
import type { ArmReport, LookReport } from '../look-report.ts'
import type { Actor, RolloutEvent } from '../rollout-event.ts'
import type { ControlledInput } from '../rollout-input.ts'
import { parseRolloutSpec, type RolloutSpec } from '../rollout-spec.ts'
import { initialState, type RolloutState } from '../rollout-state.ts'
import { type StepResult, step } from '../step.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const T0 = Date.UTC(2026, 0, 5)
export const DIGEST = 'a'.repeat(64)

export const ada: Actor = { name: 'ada', groups: ['ml-leads'], via: 'cli' }
export const bob: Actor = { name: 'bob', groups: ['interns'], via: 'cli' }

/** Shadow, canary, a decision with approval, and a release step: every kind of step and gate. */
export const CHURN = {
  name: 'churn-v8',
  endpoint: 'churn',
  champion: { model: 'churn', version: 7 },
  candidate: { name: 'challenger', model: 'churn', version: 8 },
  steps: [
    { name: 'shadow', shadow: 100, hold: { duration: '1h', minSampleSize: 500 } },
    { name: 'canary', weight: 5, hold: { duration: '30m', minSampleSize: 200 } },
    {
      name: 'ab',
      weight: 50,
      hold: {
        duration: '1d',
        decision: true,
        maxDuration: '14d',
        approval: { approvers: ['ml-leads'], timeout: '2d' },
      },
    },
    { name: 'most', weight: 90, hold: { duration: '1h' } },
  ],
  analysis: {
    plannedSampleSize: 20_000,
    goals: [{ metric: 'retained' }],
    guardrails: [
      { metric: 'recall', maxRegression: 0.05 },
      { metric: 'errors', max: 0.01, failureLimit: 2 },
      { metric: 'positiveRate', direction: 'either', maxRegression: { relative: 0.2 }, onHarm: 'hold' },
    ],
  },
}

export const BASE: RoutePlan = {
  generation: 41,
  endpoint: 'churn',
  salt: 'churn',
  variants: [{ name: 'champion', model: 'churn', version: 7, weightBp: 10_000 }],
  shadows: [{ name: 'research', model: 'churn', version: 9, percentBp: 500 }],
}

export function churnSpec(over: Readonly<Record<string, unknown>> = {}): RolloutSpec {
  const result = parseRolloutSpec({ ...CHURN, ...over })
  if (!result.ok) throw new Error(result.problems.map((p) => `${p.path} ${p.problem}`).join('\n'))
  return result.spec
}

export interface ArmFigures {
  readonly units?: number
  readonly successes?: number
  readonly recall?: number
}

/** An arm whose outcomes are all known; times are those of `atMs`. */
export function arm(atMs: number, { units = 1_000, successes = units / 2, recall = 0.8 }: ArmFigures = {}): ArmReport {
  const value = units === 0 ? insufficient('empty', 0) : proportion({ successes, n: units })
  return {
    units,
    lastUnitAtMs: atMs,
    lastOutcomeAtMs: atMs,
    measures: {
      retained: { value, events: successes },
      recall: { value: proportion({ successes: Math.round(recall * units), n: Math.max(2, units) }) },
      positiveRate: { value: proportion({ successes: Math.round(0.3 * units), n: Math.max(2, units) }) },
    },
  }
}

export function report(atMs: number, over: Partial<LookReport> = {}): LookReport {
  return {
    stage: 'live',
    control: arm(atMs),
    candidate: arm(atMs),
    paired: {},
    multipleExposures: 0,
    levels: { errors: 0.001 },
    ...over,
  }
}

/** A rollout with its clock and its list of events, driven by hand. */
export class Drive {
  state: RolloutState
  nowMs = T0
  readonly events: RolloutEvent[] = []
  /** Generations published, in order. */
  readonly plans: RoutePlan[] = []

  constructor(spec: RolloutSpec = churnSpec()) {
    this.state = initialState(spec)
    this.apply(step(this.state, { kind: 'take-over', holder: 'feedback-1' }, this.nowMs))
  }

  apply(result: StepResult): StepResult {
    this.state = result.state
    for (const effect of result.effects) {
      if (effect.kind === 'append-events') this.events.push(...effect.events)
      else this.plans.push(effect.plan)
    }
    return result
  }

  send(input: ControlledInput): StepResult {
    return this.apply(step(this.state, { ...input, fence: this.state.fence }, this.nowMs))
  }

  wait(ms: number): this {
    this.nowMs += ms
    return this
  }

  /** The routers have taken over the last plan. */
  confirm(): this {
    this.send({ kind: 'plan-in-force', generation: this.state.plan!.generation })
    return this
  }

  look(over: Partial<LookReport> = {}): StepResult {
    return this.send({ kind: 'look', report: report(this.nowMs, over) })
  }

  /** Prepared, started and in force. */
  started(): this {
    this.send({ kind: 'prepare', digest: DIGEST, base: BASE })
    this.send({ kind: 'start', actor: ada })
    return this.confirm()
  }

  /** At the named step, which has just come into force. */
  at(name: string): this {
    this.started()
    const target = this.state.spec.steps.findIndex((step) => step.name === name)
    for (let i = 0; i < target; i++) this.passStep()
    if (this.state.stepIndex !== target) throw new Error(`stands at step ${this.state.stepIndex}, ${this.state.phase}`)
    return this
  }

  passStep(): this {
    const { name, hold } = this.state.spec.steps[this.state.stepIndex]!
    if (hold.decision) this.send({ kind: 'promote', actor: ada, step: name, reason: 'it is the better one' })
    this.wait(Math.max(1, hold.durationMs))
    if (hold.approval !== null) {
      this.send({ kind: 'approve', actor: ada, rollout: this.state.spec.name, step: name, digest: DIGEST })
    }
    const units = this.state.unitsBefore + Math.max(1_000, hold.minSampleSize)
    const stage = name === 'shadow' ? 'shadow' : name === 'most' ? 'release' : 'live'
    this.look({ stage, control: arm(this.nowMs, { units }), candidate: arm(this.nowMs, { units }) })
    return this.confirm()
  }

  kinds(): readonly string[] {
    return this.events.map((event) => event.kind)
  }
}
