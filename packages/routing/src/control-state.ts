import { CompiledPlan } from './compile-plan.ts'
import { type ControlReading, readyKey, type ScorerReady } from './control-record.ts'

/** Plans that stay known beside the current one, for events that pin the generation REST answered with. */
export const MAX_KNOWN_PLANS = 64
/** Scorers remembered per endpoint; beyond, the one that announced itself first is forgotten. */
export const MAX_READY_SCORERS = 4096

/** Scorers that are ready, by the key of their announcement, oldest announcement first. */
export type Readiness = ReadonlyMap<string, ScorerReady>

/** What the control topic of one endpoint has said so far. */
export interface ControlState {
  /** The plan with the highest generation; `undefined` before the first. */
  readonly current: CompiledPlan | undefined
  /** The newest plans by generation, the current one among them. */
  readonly plans: ReadonlyMap<number, CompiledPlan>
  readonly readiness: Readiness
}

export const EMPTY_CONTROL_STATE: ControlState = { current: undefined, plans: new Map(), readiness: new Map() }

/** What a record did, for one log line. */
export type ControlEffect = 'plan-adopted' | 'plan-stale' | 'plan-conflict' | 'readiness' | 'none'

export interface ControlStep {
  readonly state: ControlState
  readonly effect: ControlEffect
}

/**
 * The state after one more control record. The order of records from different partitions does not matter: the plan with
 * the highest generation counts, whenever it comes, and readiness of one scorer lies in one partition.
 *
 * A generation is used once. A second, different plan with a known generation is a `plan-conflict` and changes nothing, so
 * a plan that routers act on cannot be rewritten under them.
 */
export function applyControl(state: ControlState, reading: ControlReading): ControlStep {
  switch (reading.kind) {
    case 'plan':
      return applyPlan(state, new CompiledPlan(reading.plan))
    case 'scorer-ready':
      return { state: { ...state, readiness: withScorer(state.readiness, reading) }, effect: 'readiness' }
    case 'scorer-gone': {
      const readiness = new Map(state.readiness)
      readiness.delete(readyKey(reading))
      return { state: { ...state, readiness }, effect: 'readiness' }
    }
    case 'other':
    case 'refused':
      return { state, effect: 'none' }
  }
}

function applyPlan(state: ControlState, plan: CompiledPlan): ControlStep {
  const known = state.plans.get(plan.generation)
  if (known !== undefined) {
    // Both went through the same schema, which fixes the order of the fields.
    const same = JSON.stringify(known.plan) === JSON.stringify(plan.plan)
    return { state, effect: same ? 'plan-stale' : 'plan-conflict' }
  }
  const generations = [...state.plans.keys(), plan.generation].sort((a, b) => b - a).slice(0, MAX_KNOWN_PLANS)
  const plans = new Map(
    generations.map((generation) => [generation, generation === plan.generation ? plan : state.plans.get(generation)!]),
  )
  const isNewest = state.current === undefined || plan.generation > state.current.generation
  return {
    state: { ...state, plans, current: isNewest ? plan : state.current },
    effect: isNewest ? 'plan-adopted' : 'plan-stale',
  }
}

function withScorer(before: Readiness, scorer: ScorerReady): Readiness {
  const readiness = new Map(before)
  // Deleting first moves the scorer to the end: the map stays ordered by the age of the announcement.
  readiness.delete(readyKey(scorer))
  if (scorer.ready) readiness.set(readyKey(scorer), scorer)
  for (const key of readiness.keys()) {
    if (readiness.size <= MAX_READY_SCORERS) break
    readiness.delete(key)
  }
  return readiness
}
