import type { Clock } from '@sluice/contracts'
import { assignPartitions } from '../assign-partitions.ts'
import type { TopicPartition } from '../log.ts'
import { partitionName } from '../partition-name.ts'
import type { MemoryProcess } from './memory-process.ts'

/** What the coordinator asks of a reader. */
export interface GroupMember {
  readonly id: string
  readonly process: MemoryProcess
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  /** Finish or drop the work in hand; the partitions are taken when the promise resolves. */
  revoke(): Promise<void>
  assign(partitions: readonly TopicPartition[]): void
  /** The group went on without this member. */
  expel(): void
}

export interface GroupTimeouts {
  /** How long a member may be silent before its partitions go to others. */
  readonly sessionMs: number
  /** How long a rebalance waits for a member that does not give its partitions back. */
  readonly rebalanceMs: number
}

export interface MemoryGroupOptions {
  readonly clock: Clock
  readonly timeouts: GroupTimeouts
  readonly partitionCount: (topic: string) => number
  /** Called when every member has let go and none has got anything yet. */
  readonly beforeDeal: () => void
}

/**
 * The coordinator of one consumer group, with Kafka's eager protocol: a change of members takes all partitions back, waits
 * until every member has let go, and deals them out anew.
 */
export class MemoryGroup {
  readonly committed = new Map<string, bigint>()
  readonly #clock: Clock
  readonly #timeouts: GroupTimeouts
  readonly #partitionCount: (topic: string) => number
  readonly #beforeDeal: () => void
  readonly #members = new Map<string, { readonly member: GroupMember; readonly watch: () => void }>()
  readonly #departures = new Map<string, () => void>()
  /** Partition numbers that members had, so that they keep them as far as possible. */
  readonly #lastOwned = new Map<string, readonly number[]>()
  #rebalance: Promise<void> | undefined
  #stale = false

  constructor(options: MemoryGroupOptions) {
    this.#clock = options.clock
    this.#timeouts = options.timeouts
    this.#partitionCount = options.partitionCount
    this.#beforeDeal = options.beforeDeal
  }

  get topics(): ReadonlySet<string> {
    return new Set([...this.#members.values()].flatMap(({ member }) => member.topics))
  }

  isMember(id: string): boolean {
    return this.#members.has(id)
  }

  /** Resolves when the member has its partitions. */
  join(member: GroupMember): Promise<void> {
    const watch = (): void => void this.#expelWhenSilent(member)
    member.process.onSilent(watch)
    this.#members.set(member.id, { member, watch })
    return this.rebalance()
  }

  /** Resolves when the others have its partitions. */
  leave(id: string): Promise<void> {
    if (!this.#remove(id)) return Promise.resolve()
    return this.#members.size > 0 ? this.rebalance() : Promise.resolve()
  }

  /** Deals the partitions out anew; a change during a running rebalance makes it start over. */
  rebalance(): Promise<void> {
    this.#stale = true
    this.#rebalance ??= this.#rebalanceUntilStable()
    return this.#rebalance
  }

  commit(partition: TopicPartition, offset: bigint): void {
    this.committed.set(partitionName(partition), offset)
  }

  async #rebalanceUntilStable(): Promise<void> {
    while (this.#stale) {
      this.#stale = false
      await Promise.all([...this.#members.values()].map(({ member }) => this.#letGo(member)))
      // A member that came while others were letting go holds nothing and can be served in this round.
      const members = [...this.#members.values()].map(({ member }) => member)
      if (members.some((member) => member.owned.length > 0)) {
        this.#stale = true
        continue
      }
      this.#stale = false
      this.#deal(members.filter(({ process }) => !process.crashed))
    }
    // In the same step as leaving the loop: whoever comes later must start a new one.
    this.#rebalance = undefined
  }

  #deal(members: readonly GroupMember[]): void {
    this.#beforeDeal()
    const counts = new Map([...this.topics].map((topic) => [topic, this.#partitionCount(topic)]))
    const wishes = members.map(({ id, topics }) => ({ id, topics, owned: this.#lastOwned.get(id) ?? [] }))
    const assignment = assignPartitions(wishes, counts)
    this.#lastOwned.clear()
    for (const member of members) {
      const partitions = [...assignment.get(member.id)!].flatMap(([topic, numbers]) =>
        numbers.map((partition) => ({ topic, partition })),
      )
      this.#lastOwned.set(member.id, [...new Set(partitions.map(({ partition }) => partition))])
      member.assign(partitions)
    }
  }

  /** Resolves when the member holds nothing any more: it let go, it left, or it was too slow and is expelled. */
  async #letGo(member: GroupMember): Promise<void> {
    if (member.owned.length === 0) return
    const departed = new Promise<void>((resolve) => this.#departures.set(member.id, resolve))
    const tooLate = new AbortController()
    let late = false
    const deadline = this.#clock.sleep(this.#timeouts.rebalanceMs, tooLate.signal).then(() => {
      late = !tooLate.signal.aborted
    })
    const revoked = member.process.crashed ? departed : member.revoke()
    await Promise.race([revoked, departed, deadline])
    tooLate.abort()
    this.#departures.delete(member.id)
    if (late && this.#remove(member.id)) member.expel()
  }

  async #expelWhenSilent(member: GroupMember): Promise<void> {
    const silentSinceMs = this.#clock.nowMs()
    await this.#clock.sleep(this.#timeouts.sessionMs)
    if (member.process.frozenUntilMs <= silentSinceMs + this.#timeouts.sessionMs) return
    if (!this.#remove(member.id)) return
    member.expel()
    if (this.#members.size > 0) await this.rebalance()
  }

  #remove(id: string): boolean {
    const entry = this.#members.get(id)
    if (entry === undefined) return false
    entry.member.process.offSilent(entry.watch)
    this.#members.delete(id)
    this.#departures.get(id)?.()
    return true
  }
}
