import type { FaultCode, SkipReason } from '@sluice/contracts'
import type { Telemetry } from '@sluice/stream'
import type { Target } from './plan-targets.ts'

/** What became of the records of one unit of work, kept until it is committed and reported once. */
export class RouteTally {
  /** Records without a key. */
  unassigned = 0
  readonly #endpoint: string
  readonly #routed = new Map<Target, number>()
  readonly #skipped = new Map<SkipReason, number>()
  readonly #deadLetters = new Map<FaultCode, number>()

  constructor(endpoint: string) {
    this.#endpoint = endpoint
  }

  routed(target: Target): void {
    this.#routed.set(target, (this.#routed.get(target) ?? 0) + 1)
  }

  skip(reason: SkipReason): void {
    this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + 1)
  }

  deadLetter(code: FaultCode): void {
    this.#deadLetters.set(code, (this.#deadLetters.get(code) ?? 0) + 1)
  }

  report(telemetry: Telemetry): void {
    const endpoint = this.#endpoint
    for (const [target, records] of this.#routed) telemetry.count('sluice_events_routed_total', target.labels, records)
    for (const [reason, records] of this.#skipped) {
      telemetry.count('sluice_records_skipped_total', { endpoint, stage: 'router', reason }, records)
    }
    for (const [code, records] of this.#deadLetters) {
      telemetry.count('sluice_dead_letters_total', { endpoint, stage: 'router', code }, records)
    }
    if (this.unassigned > 0) telemetry.count('sluice_events_unassigned_total', { endpoint }, this.unassigned)
  }
}
