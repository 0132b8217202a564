import type { Fault, FaultPlan, FaultPoint } from '@sluice/stream'
import type { Rng } from '@sluice/testing'

/** How often each thing goes wrong, per point at which it can. */
export interface FaultOdds {
  readonly crash: number
  readonly fail: number
  readonly delay: number
  readonly freeze: number
  readonly duplicate: number
}

export const CALM: FaultOdds = { crash: 0, fail: 0, delay: 0, freeze: 0, duplicate: 0 }

/** Longest planned delay and freeze in virtual milliseconds; a freeze can outlast the session time-out, a delay cannot. */
const DELAY_MS_MAX = 2_000
const FREEZE_MS_MAX = 15_000

/**
 * Throws the dice at every point. `healed` ends all faults, so that a run can come to rest; `happened` counts them by kind,
 * operation and phase, so that a run that tested nothing is seen.
 */
export class SeededFaults implements FaultPlan {
  readonly happened = new Map<string, number>()
  healed = false
  readonly #rng: Rng
  readonly #odds: FaultOdds

  constructor(rng: Rng, odds: FaultOdds) {
    this.#rng = rng
    this.#odds = odds
  }

  at(point: FaultPoint): Fault | undefined {
    if (this.healed) return undefined
    const fault = this.#draw()
    if (fault === undefined || (fault.kind === 'duplicate' && !canRepeat(point))) return undefined
    const name = `${fault.kind} ${point.phase} ${point.operation}`
    this.happened.set(name, (this.happened.get(name) ?? 0) + 1)
    return fault
  }

  #draw(): Fault | undefined {
    let dice = this.#rng.next()
    for (const kind of ['crash', 'fail', 'delay', 'freeze', 'duplicate'] as const) {
      if (dice < this.#odds[kind]) return this.#fault(kind)
      dice -= this.#odds[kind]
    }
    return undefined
  }

  #fault(kind: keyof FaultOdds): Fault {
    if (kind === 'delay') return { kind, ms: this.#rng.int(1, DELAY_MS_MAX) }
    if (kind === 'freeze') return { kind, ms: this.#rng.int(1, FREEZE_MS_MAX) }
    return { kind }
  }
}

/** A repeat has a meaning where the broker gets a batch and where a reader gets records. */
function canRepeat({ operation, phase }: FaultPoint): boolean {
  return (operation === 'produce' && phase === 'before') || (operation === 'poll' && phase === 'after')
}
