import {
  applyControl,
  type CompiledPlan,
  type ControlState,
  EMPTY_CONTROL_STATE,
  type Readiness,
  readControlRecord,
  type ScorerReady,
} from '@sluice/routing'
import { type Logger, type Slab, slabKey, slabOffset, slabValue, type Telemetry } from '@sluice/stream'
import type { Plans } from './slab-router.ts'

export interface ControlViewOptions {
  readonly endpoint: string
  readonly logger: Logger
  readonly telemetry: Telemetry
}

/** What the control topic of one endpoint has said so far, as the router acts on it. */
export class ControlView implements Plans {
  readonly #options: ControlViewOptions
  #state: ControlState = EMPTY_CONTROL_STATE
  #onPlan: () => void = () => {}
  /** Resolves with the first plan. */
  readonly planned: Promise<void>

  constructor(options: ControlViewOptions) {
    this.#options = options
    this.planned = new Promise((resolve) => {
      this.#onPlan = resolve
    })
  }

  get current(): CompiledPlan | undefined {
    return this.#state.current
  }

  plan(generation: number): CompiledPlan | undefined {
    return this.#state.plans.get(generation)
  }

  get readiness(): Readiness {
    return this.#state.readiness
  }

  /** Ready scorers of a version, the one that announced itself first first. */
  scorers(version: number): readonly ScorerReady[] {
    return [...this.#state.readiness.values()].filter((scorer) => scorer.version === version)
  }

  /** Takes in one record of the control topic. Reading it again changes nothing. */
  visit(slab: Slab, index: number): void {
    const { endpoint, logger, telemetry } = this.#options
    const at = { endpoint, partition: slab.partition, offset: slabOffset(slab, index) }
    const reading = readControlRecord(slabKey(slab, index), slabValue(slab, index))
    if (reading.kind === 'refused') {
      logger.warn('A control record is refused; what was in force stays in force.', {
        ...at,
        problems: reading.problems,
      })
      return
    }
    if (reading.kind === 'plan' && reading.plan.endpoint !== endpoint) {
      logger.warn('A plan of another endpoint is ignored.', { ...at, planOf: reading.plan.endpoint })
      return
    }
    const step = applyControl(this.#state, reading)
    this.#state = step.state
    if (step.effect === 'plan-conflict') {
      logger.error('A second plan with a known generation is ignored; publish it with a higher generation.', at)
    }
    if (step.effect !== 'plan-adopted') return
    const generation = step.state.current!.generation
    telemetry.gauge('sluice_plan_generation', { endpoint }, generation)
    logger.info('A plan is in force.', {
      endpoint,
      generation,
      variants: step.state.current!.variants,
      shadows: step.state.current!.shadows,
    })
    this.#onPlan()
  }
}
