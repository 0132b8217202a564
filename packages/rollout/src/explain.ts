import { type Gate, gates } from './gates.ts'
import { healthProblems } from './health.ts'
import { type Judgement, judge } from './judge.ts'
import type { LookReport } from './look-report.ts'
import { ACTIVE_PHASES, currentStep, type Phase, type RolloutState, TERMINAL_PHASES } from './rollout-state.ts'

/** Why a rollout is where it is, for people and for gauges. */
export interface Explanation {
  readonly phase: Phase
  readonly step: string
  /** One sentence: what it waits for. */
  readonly why: string
  readonly gates: readonly Gate[]
  readonly metrics: readonly Judgement[]
  /** What is wrong with the experiment itself, whatever `health` does about it. */
  readonly health: readonly string[]
  readonly warnings: readonly string[]
}

/** Explains a state. `report` is the last look; without one, nothing is said about metrics. */
export function explain(state: RolloutState, report: LookReport | null, nowMs: number): Explanation {
  const isActive = ACTIVE_PHASES.includes(state.phase)
  const list = isActive ? gates(state, report, nowMs) : []
  return {
    phase: state.phase,
    step: currentStep(state).name,
    why: whyOf(state, list),
    gates: list,
    metrics: isActive && report !== null ? judge(state.spec.analysis, report, state.metrics) : [],
    health: isActive && report !== null ? healthProblems(state, report, nowMs).map(({ detail }) => detail) : [],
    warnings: Object.values(state.warnings),
  }
}

function whyOf(state: RolloutState, list: readonly Gate[]): string {
  const { phase } = state
  if (phase === 'pending') return 'waits until the candidate is loaded and the plan in force is known'
  if (phase === 'ready') return 'waits to be started'
  if (phase === 'rolling-back') return `waits until plan ${state.plan!.generation} is in force: ${state.rollbackReason}`
  if (phase === 'rolled-back') return `was taken back: ${state.rollbackReason}`
  if (phase === 'promoting') return `waits until plan ${state.plan!.generation} is in force`
  if (TERMINAL_PHASES.includes(phase)) return phase === 'completed' ? 'the candidate has all keys' : 'was cancelled'
  const closed = list.filter((gate) => !gate.passed)
  return closed.length === 0
    ? 'every gate is passed; the next look moves it on'
    : `waits for ${closed.map(({ gate, detail }) => `${gate} (${detail})`).join(', ')}`
}
