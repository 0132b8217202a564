import type { Mode } from '@sluice/contracts'
import { applyControl, type ControlState, EMPTY_CONTROL_STATE, readControlRecord } from '@sluice/routing'
import { type Slab, slabKey, slabValue } from '@sluice/stream'

/** Under which name a version runs on its endpoint, by plan generation: predictions say the name that the plan gave it. */
export class VariantNames {
  readonly #version: number
  readonly #fallback: string
  #state: ControlState = EMPTY_CONTROL_STATE
  #generation = -1
  #mode: Mode = 'live'
  #name = ''

  /** `fallback` names the version while no plan that mentions it is known. */
  constructor(version: number, fallback: string) {
    this.#version = version
    this.#fallback = fallback
  }

  /** Takes in one record of the control topic. */
  visit(slab: Slab, index: number): void {
    this.#state = applyControl(this.#state, readControlRecord(slabKey(slab, index), slabValue(slab, index))).state
    this.#generation = -1
  }

  /** The name under one generation; asked for per record, so the last answer is kept. */
  of(mode: Mode, generation: number): string {
    if (generation !== this.#generation || mode !== this.#mode) {
      this.#generation = generation
      this.#mode = mode
      this.#name = this.#find(mode, generation)
    }
    return this.#name
  }

  #find(mode: Mode, generation: number): string {
    const plan = (this.#state.plans.get(generation) ?? this.#state.current)?.plan
    const roles = mode === 'live' ? plan?.variants : plan?.shadows
    return roles?.find((role) => role.version === this.#version)?.name ?? this.#fallback
  }
}
