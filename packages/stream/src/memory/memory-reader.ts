import { type Clock, type DependencyError, invariant } from '@sluice/contracts'
import { BatchDecoder } from '../codec/batch-decoder.ts'
import type { GroupReaderOptions, Isolation, LogReader, PollOptions, TopicPartition } from '../log.ts'
import { OffsetFrontier } from '../offset-frontier.ts'
import { partitionName } from '../partition-name.ts'
import type { Slab } from '../slab.ts'
import { WakeUp } from '../wake-up.ts'
import type { GroupMember, MemoryGroup } from './memory-group.ts'
import type { MemoryPartition } from './memory-partition.ts'
import type { MemoryProcess } from './memory-process.ts'

/** One partition from its assignment to its revocation. A later assignment of the same partition is another object. */
export interface OwnedPartition extends TopicPartition {
  readonly log: MemoryPartition
  readonly decoder: BatchDecoder
  readonly frontier: OffsetFrontier
  position: bigint
  /** The furthest that was polled since the last seek; ahead of `position` when records are to be delivered twice. */
  delivered: bigint
  paused: boolean
}

export interface MemoryReaderOptions {
  readonly id: string
  readonly clock: Clock
  readonly process: MemoryProcess
  readonly isolation: Isolation
  readonly maxPollBytes: number
  readonly find: (partition: TopicPartition) => MemoryPartition | DependencyError
  /** Absent for a reader without a group. */
  readonly membership?: { readonly group: MemoryGroup; readonly options: GroupReaderOptions }
}

export class MemoryReader implements LogReader, GroupMember {
  readonly id: string
  readonly process: MemoryProcess
  readonly #options: MemoryReaderOptions
  readonly #wakeUp: WakeUp
  #owned = new Map<string, OwnedPartition>()
  #generation = 0
  #openUnits = 0
  #revoking = false
  #drained: (() => void) | undefined
  #turn = 0
  /**
   * What the next poll delivers: after a poll that failed, and where the fault plan wants records delivered once more. The
   * very same slabs, because read anew they might end earlier than what was claimed already.
   */
  #again: Slab[] = []
  #closed = false
  #failure: unknown

  constructor(options: MemoryReaderOptions) {
    this.id = options.id
    this.process = options.process
    this.#options = options
    this.#wakeUp = new WakeUp(options.clock)
    this.process.onSilent(this.#wakeUp.wake)
  }

  get group(): MemoryGroup | undefined {
    return this.#options.membership?.group
  }

  get topics(): readonly string[] {
    return this.#options.membership?.options.topics ?? []
  }

  get owned(): readonly OwnedPartition[] {
    return [...this.#owned.values()]
  }

  get generation(): number {
    return this.#generation
  }

  get assigned(): readonly TopicPartition[] {
    return this.owned.map(({ topic, partition }) => ({ topic, partition }))
  }

  async poll({ maxWaitMs, signal }: PollOptions): Promise<readonly Slab[]> {
    this.#throwIfEnded()
    this.#drained?.()
    await this.process.reach('poll', 'before', this.assigned)
    const deadlineMs = this.#options.clock.nowMs() + maxWaitMs
    let slabs = this.#collect()
    while (slabs.length === 0 && signal?.aborted !== true) {
      const waitMs = deadlineMs - this.#options.clock.nowMs()
      if (waitMs <= 0) break
      await this.#wakeUp.wait(waitMs, signal)
      this.#throwIfEnded()
      slabs = this.#collect()
    }
    const generation = this.#generation
    try {
      if ((await this.process.reach('poll', 'after', slabs)) && this.#generation === generation) this.#again = slabs
    } catch (error) {
      // A poll that throws has delivered nothing, so nobody could put these records back.
      if (this.#generation === generation) this.#again = slabs
      throw error
    }
    return this.#generation === generation ? slabs : []
  }

  seek(partition: TopicPartition, offset: bigint): void {
    this.#again = this.#again.filter((slab) => partitionName(slab) !== partitionName(partition))
    const owned = this.find(partition)
    invariant(owned !== undefined, `seek in ${partitionName(partition)}, which this reader does not own`)
    owned.position = offset
    owned.delivered = offset
    owned.frontier.reset(offset)
    this.#wakeUp.wake()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const owned = this.find(partition)
      if (owned !== undefined) owned.paused = true
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const owned = this.find(partition)
      if (owned !== undefined) owned.paused = false
    }
    this.#wakeUp.wake()
  }

  position(partition: TopicPartition): bigint | undefined {
    return this.find(partition)?.position
  }

  endOffset(partition: TopicPartition): bigint | undefined {
    return this.find(partition)?.log.endOffset
  }

  async committed(partition: TopicPartition): Promise<bigint | undefined> {
    return this.group?.committed.get(partitionName(partition))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#release()
    this.#drained?.()
    this.process.offSilent(this.#wakeUp.wake)
    this.#wakeUp.wake()
    // Leaving does not wait for the others to divide up what was left.
    void this.group?.leave(this.id)
  }

  find(partition: TopicPartition): OwnedPartition | undefined {
    return this.#owned.get(partitionName(partition))
  }

  /** A unit of work was begun: a revocation waits for its end. */
  unitOpened(): void {
    this.#openUnits++
  }

  unitClosed(): void {
    this.#openUnits--
    if (this.#openUnits === 0) this.#drained?.()
  }

  /** Starts reading the partitions, each at its position. */
  own(partitions: readonly (TopicPartition & { readonly log: MemoryPartition; readonly position: bigint })[]): void {
    this.#generation++
    for (const { topic, partition, log, position } of partitions) {
      log.watch(this.#wakeUp.wake)
      this.#owned.set(partitionName({ topic, partition }), {
        topic,
        partition,
        log,
        position,
        delivered: position,
        paused: false,
        decoder: new BatchDecoder(),
        frontier: new OffsetFrontier(position),
      })
    }
    this.#wakeUp.wake()
  }

  assign(partitions: readonly TopicPartition[]): void {
    const { group, options } = this.#options.membership!
    this.own(
      partitions.map((partition) => {
        const log = this.#options.find(partition)
        if (log instanceof Error) throw log
        const start = options.from === 'earliest' ? 0n : log.endOffset
        return { ...partition, log, position: group.committed.get(partitionName(partition)) ?? start }
      }),
    )
    this.#callback(() => options.onAssigned?.(this.assigned))
  }

  async revoke(): Promise<void> {
    const partitions = this.assigned
    this.#revoking = true
    await Promise.all([this.#callback(() => this.#options.membership?.options.onRevoked?.(partitions)), this.#drain()])
    this.#revoking = false
    this.#release()
  }

  expel(): void {
    this.#release()
    void this.#rejoin()
  }

  /** Comes back with a new membership as soon as the process runs and what it was doing is over. */
  async #rejoin(): Promise<void> {
    const { clock } = this.#options
    for (let waitMs = 1; waitMs > 0; waitMs = this.process.frozenUntilMs - clock.nowMs()) {
      if (this.#closed || this.process.crashed) return
      await clock.sleep(waitMs)
    }
    if (!this.#closed && !this.group!.isMember(this.id)) await this.group!.join(this)
  }

  #drain(): Promise<void> {
    if (this.#openUnits === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined
        resolve()
      }
    })
  }

  #release(): void {
    for (const { log } of this.#owned.values()) log.unwatch(this.#wakeUp.wake)
    this.#owned = new Map()
    this.#again = []
    this.#generation++
  }

  /** An error in a callback of the caller belongs to the caller: it comes out of the next poll. */
  async #callback(call: () => Promise<void> | void): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.#failure ??= error
      this.#wakeUp.wake()
    }
  }

  #throwIfEnded(): void {
    this.process.throwIfCrashed()
    invariant(!this.#closed, 'poll on a closed reader')
    if (this.#failure !== undefined) throw this.#failure
  }

  #collect(): Slab[] {
    if (this.#revoking) return []
    if (this.#again.length > 0) {
      const again = this.#again
      this.#again = []
      return again
    }
    const partitions = this.owned
    const slabs: Slab[] = []
    let budget = this.#options.maxPollBytes
    const first = this.#turn++
    for (let i = 0; i < partitions.length && budget > 0; i++) {
      const owned = partitions[(first + i) % partitions.length]!
      if (owned.paused) continue
      const slab = this.#read(owned, budget)
      if (slab === undefined) continue
      budget -= slab.bytes.length
      slabs.push(slab)
    }
    return slabs
  }

  #read(owned: OwnedPartition, maxBytes: number): Slab | undefined {
    const { topic, partition, log, frontier } = owned
    const { isolation } = this.#options
    for (;;) {
      const fetched = log.read(owned.position, isolation, maxBytes)
      if (fetched === undefined) return undefined
      const slab = owned.decoder.decode(fetched.bytes, {
        topic,
        partition,
        fetchOffset: owned.position,
        isolation,
        abortedTransactions: fetched.aborted,
      })
      const from = owned.position
      owned.position = slab.nextOffset
      if (owned.position > owned.delivered) owned.delivered = owned.position
      if (slab.count > 0) return slab
      // Markers and aborted records need no work: they count as finished.
      frontier.finish({ from, to: slab.nextOffset })
    }
  }
}
