import { DependencyError } from '@sluice/contracts'
import type { TopicPartition } from '../log.ts'

/** What a process does to the log. `produce` is the writing of outputs and its acknowledgement. */
export type LogOperation = 'poll' | 'produce' | 'commit'

/** A moment at which something can go wrong. */
export interface FaultPoint {
  /** Name of the process, as given to `MemoryBroker.connect`. */
  readonly client: string
  readonly operation: LogOperation
  readonly phase: 'before' | 'after'
  readonly partitions: readonly TopicPartition[]
}

/**
 * fail      the operation throws a DependencyError; `after` it has happened all the same, as with a lost answer
 * delay     the operation takes this much longer, while the process stays alive
 * freeze    the whole process stands still for this long, heartbeats included, and then goes on as if nothing had been
 * crash     the process is gone: nothing of it runs any more, its partitions move after the session time-out
 * duplicate before `produce`: the broker writes every batch twice; after `poll`: the same records are delivered once more
 */
export type Fault =
  | { readonly kind: 'fail' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'freeze'; readonly ms: number }
  | { readonly kind: 'crash' }
  | { readonly kind: 'duplicate' }

/** Decides, asked at every point, what goes wrong there. A seeded plan makes a run repeatable. */
export interface FaultPlan {
  at(point: FaultPoint): Fault | undefined
}

/** Thrown by everything that a crashed process still calls. Its loop ends there, as the process would have. */
export class ProcessCrashedError extends Error {
  override readonly name = 'ProcessCrashedError'
  readonly client: string
  constructor(client: string) {
    super(`process ${client} has crashed`)
    this.client = client
  }
}

export function plannedFailure(point: FaultPoint): DependencyError {
  return new DependencyError('log', `planned failure ${point.phase} ${point.operation} of ${point.client}`, {
    next: 'repeat the operation',
  })
}
