import type { Clock } from '@sluice/contracts'
import { type Logger, OwnershipLostError, partitionName } from '@sluice/stream'
import type { GroupMembership } from './group-membership.ts'
import { kafkaFailure } from './kafka-failure.ts'
import type { PartitionCursor } from './partition-cursor.ts'
import type { Troubles } from './troubles.ts'

/**
 * Offsets are committed together, at most this often, in milliseconds: a commit is a replicated write, a batch every few
 * milliseconds is not worth one. After a crash at most this much is handled again.
 */
export const COMMIT_INTERVAL_MS = 250
const COMMIT_TROUBLE = 'offset commits'

/** Commits how far the partitions of a reader have been handled. Only offsets of finished work get here. */
export class OffsetCommitter {
  readonly #membership: GroupMembership
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #troubles: Troubles
  readonly #pending = new Map<PartitionCursor, bigint>()
  /** What this member has committed, and in which generation, by partition. */
  readonly #acknowledged = new Map<string, { readonly offset: bigint; readonly generationId: number }>()
  readonly #closing = new AbortController()
  #timer: Promise<void> | undefined
  #committing: Promise<void> = Promise.resolve()

  constructor(membership: GroupMembership, clock: Clock, logger: Logger, troubles: Troubles) {
    this.#membership = membership
    this.#clock = clock
    this.#logger = logger
    this.#troubles = troubles
  }

  /** The partition has been handled up to its frontier. */
  mark(cursor: PartitionCursor): void {
    this.#pending.set(cursor, cursor.frontier.committable)
    this.#timer ??= this.#commitLater()
  }

  /** Commits what is marked, now. Calls follow one another. */
  flush(): Promise<void> {
    const commit = this.#committing.then(() => this.#commit())
    this.#committing = commit.catch(() => {})
    return commit
  }

  /** The partitions are gone: what is still marked can no longer be committed and is handled again by their next owner. */
  forget(): void {
    this.#pending.clear()
    this.#troubles.clear(COMMIT_TROUBLE)
  }

  /**
   * The offset that this member committed in the generation just before: nobody else can have moved it since, and the
   * coordinator's answer may be older (a commit that is not replicated yet).
   */
  acknowledgedBefore(partition: string, generationId: number): bigint | undefined {
    const last = this.#acknowledged.get(partition)
    return last !== undefined && last.generationId === generationId - 1 ? last.offset : undefined
  }

  close(): void {
    this.#closing.abort()
  }

  async #commitLater(): Promise<void> {
    await this.#clock.sleep(COMMIT_INTERVAL_MS, this.#closing.signal)
    this.#timer = undefined
    if (this.#closing.signal.aborted) return
    try {
      await this.flush()
    } catch (error) {
      if (error instanceof OwnershipLostError) return
      this.#logger.debug('Offsets could not be committed; trying again.', { error })
      this.#troubles.report(COMMIT_TROUBLE, kafkaFailure(error, 'offsets cannot be committed'))
      if (this.#pending.size > 0) this.#timer ??= this.#commitLater()
    }
  }

  async #commit(): Promise<void> {
    if (this.#pending.size === 0) return
    const { generationId } = this.#membership
    const marked = [...this.#pending]
    await this.#membership.commit(marked.map(([{ topic, partition }, offset]) => ({ topic, partition, offset })))
    this.#troubles.clear(COMMIT_TROUBLE)
    for (const [cursor, offset] of marked) {
      this.#acknowledged.set(partitionName(cursor), { offset, generationId })
      if (this.#pending.get(cursor) === offset) this.#pending.delete(cursor)
    }
  }
}
