import type { Clock } from '@sluice/contracts'
import type { TopicPartition } from '../log.ts'
import {
  type FaultPlan,
  type FaultPoint,
  type LogOperation,
  ProcessCrashedError,
  plannedFailure,
} from './fault-plan.ts'

/** One process that uses the log: whether it lives, and what the fault plan does to it. */
export class MemoryProcess {
  readonly client: string
  readonly #clock: Clock
  readonly #faults: FaultPlan | undefined
  readonly #watchers = new Set<() => void>()
  #crashed = false
  #frozenUntilMs = 0

  constructor(client: string, clock: Clock, faults: FaultPlan | undefined) {
    this.client = client
    this.#clock = clock
    this.#faults = faults
  }

  get crashed(): boolean {
    return this.#crashed
  }

  /** When its heartbeats come again; a time in the past when they come now. */
  get frozenUntilMs(): number {
    return this.#crashed ? Number.POSITIVE_INFINITY : this.#frozenUntilMs
  }

  /** Hears when heartbeats stop: after a crash or at the start of a freeze. */
  onSilent(watcher: () => void): void {
    this.#watchers.add(watcher)
  }

  offSilent(watcher: () => void): void {
    this.#watchers.delete(watcher)
  }

  crash(): void {
    this.#crashed = true
    this.#silent()
  }

  throwIfCrashed(): void {
    if (this.#crashed) throw new ProcessCrashedError(this.client)
  }

  /** Runs what the plan has for this point; true when it wants the operation's effect twice. */
  async reach(
    operation: LogOperation,
    phase: 'before' | 'after',
    partitions: readonly TopicPartition[],
  ): Promise<boolean> {
    this.throwIfCrashed()
    const point: FaultPoint = { client: this.client, operation, phase, partitions }
    const fault = this.#faults?.at(point)
    switch (fault?.kind) {
      case undefined:
        return false
      case 'duplicate':
        return true
      case 'fail':
        throw plannedFailure(point)
      case 'crash':
        this.crash()
        break
      case 'freeze':
        this.#frozenUntilMs = this.#clock.nowMs() + fault.ms
        this.#silent()
        await this.#clock.sleep(fault.ms)
        break
      case 'delay':
        await this.#clock.sleep(fault.ms)
        break
    }
    this.throwIfCrashed()
    return false
  }

  #silent(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
