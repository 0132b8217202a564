import type { Clock } from '@sluice/contracts'
import { type Logger, OwnershipLostError, type TopicPartition, WakeUp } from '@sluice/stream'
import {
  ASSIGNER_NAME,
  assignmentsFor,
  decodeAssignment,
  encodeSubscription,
  subscribedTopics,
} from './group-protocol.ts'
import type { KafkaConnection } from './kafka-connection.ts'
import { errorType, isAnswer, isCoordinatorMoved, kafkaFailure } from './kafka-failure.ts'
import { JOIN_GROUP } from './kafkajs-internals.ts'
import type { JoinAnswer, KafkajsBroker, KafkajsError } from './kafkajs-types.ts'
import { topicsOf } from './topics-of.ts'
import type { Troubles } from './troubles.ts'

export interface GroupTimeouts {
  /** After how long without a heartbeat the group goes on without this member. */
  readonly sessionMs: number
  /** How long a rebalance waits for a member that does not give its partitions back. */
  readonly rebalanceMs: number
}

/** How soon a rebalance is noticed, and how soon the leader of the group notices new partitions, in milliseconds. */
const HEARTBEAT_MS = 500
const NEW_PARTITIONS_CHECK_MS = 5_000
/** Share of the rebalance time-out that noticing the rebalance and finishing work in hand may take; the rest is for joining. */
const DRAIN_SHARE = 0.8
const RETRY_FIRST_MS = 50
const RETRY_LAST_MS = 1_000
/** Longest a leaving member waits for the brokers; without an answer the session times out by itself. */
const LEAVE_MS_MAX = 2_000
const JOIN_GROUP_API = 11
const PROTOCOL_TYPE = 'consumer'
const GROUP_TROUBLE = 'the group'

/** Errors that say: this member, or this generation of it, is none any more. */
const NOT_A_MEMBER = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])
/** Errors of joining that joining again heals. */
const JOIN_AGAIN = new Set([...NOT_A_MEMBER, 'REBALANCE_IN_PROGRESS'])

export interface MembershipOptions {
  readonly group: string
  readonly topics: readonly string[]
  readonly timeouts: GroupTimeouts
  readonly connection: KafkaConnection
  readonly clock: Clock
  readonly logger: Logger
  readonly troubles: Troubles
  /** The partitions of a new generation; nothing of the old one is left. */
  readonly assign: (partitions: readonly TopicPartition[]) => Promise<void>
  /** Partitions are about to go: resolves when the work in hand is committed or dropped. */
  readonly drain: () => Promise<void>
  /** The partitions are gone. */
  readonly release: () => void
}

interface Generation {
  readonly memberId: string
  readonly generationId: number
}

/**
 * Membership in a consumer group by the classic protocol: join, heartbeat, hand partitions back, join again. Runs by itself
 * beside the polls. kafkajs' own consumer gives no notice before partitions go; here the work in hand is waited for, while
 * heartbeats go on and offsets can still be committed.
 */
export class GroupMembership {
  readonly #options: MembershipOptions
  readonly #closing = new AbortController()
  readonly #interrupt: WakeUp
  #memberId = ''
  #generation: Generation | undefined
  #owned: readonly number[] = []
  #lost = false
  #joining = false
  #partitionCounts: ReadonlyMap<string, number> | undefined
  #running: Promise<void> | undefined

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#interrupt = new WakeUp(options.clock)
  }

  /** Counts generations of this member, so that a reader can tell whether it missed one. */
  get generationId(): number {
    return this.#generation?.generationId ?? -1
  }

  /** Joins; resolves with the first partitions, and rejects with what no waiting heals. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#running = this.#run(resolve, reject)
    })
  }

  /** Commits under the current generation. Throws OwnershipLostError when the group has gone on without this member. */
  async commit(offsets: readonly (TopicPartition & { readonly offset: bigint })[]): Promise<void> {
    const generation = this.#generation
    if (generation === undefined) throw new OwnershipLostError(offsets)
    try {
      const coordinator = await this.#options.connection.coordinator(this.#options.group)
      await coordinator.offsetCommit({
        groupId: this.#options.group,
        groupGenerationId: generation.generationId,
        memberId: generation.memberId,
        topics: topicsOf(offsets).map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
        })),
      })
    } catch (error) {
      this.#options.connection.forgetCoordinator(this.#options.group)
      if (!NOT_A_MEMBER.has(errorType(error) ?? '')) throw error
      if (this.#generation === generation) this.#lose(error)
      throw new OwnershipLostError(offsets)
    }
  }

  /** Leaves the group, so that the others need not wait for the session to time out. The connection may be closed then. */
  async leave(): Promise<void> {
    const { connection, clock, group, logger } = this.#options
    this.#closing.abort()
    this.#interrupt.wake()
    const memberId = this.#memberId
    if (memberId === '') return
    // A join that waits for others holds up everything behind it on its connection.
    if (this.#joining) connection.reset()
    const left = new AbortController()
    const leaving = (async () => {
      const coordinator = await connection.coordinator(group)
      await coordinator.leaveGroup({ groupId: group, memberId })
    })().catch((error: unknown) => logger.debug('Leaving a group failed; the session will time out.', { group, error }))
    await Promise.race([leaving, clock.sleep(LEAVE_MS_MAX, left.signal)])
    left.abort()
  }

  /** Resolves when nothing of the membership runs any more: after `leave`, and the end of its connection. */
  async ended(): Promise<void> {
    await this.#running
  }

  async #run(ready: () => void, refused: (error: Error) => void): Promise<void> {
    const { clock, logger, troubles, group } = this.#options
    let failures = 0
    let opened = false
    while (!this.#closing.signal.aborted) {
      try {
        const partitions = await this.#join()
        if (this.#closing.signal.aborted) break
        await this.#options.assign(partitions)
        logger.info('Joined the group.', { group, partitions: partitions.length, generation: this.generationId })
        failures = 0
        troubles.clear(GROUP_TROUBLE)
        opened = true
        ready()
        await this.#heartbeatUntilChange()
        if (!this.#lost && !this.#closing.signal.aborted) await this.#drainWithHeartbeats()
      } catch (error) {
        const failure = kafkaFailure(error, `group ${group} cannot be joined`)
        if (!opened && isHopeless(error)) {
          refused(failure)
          return
        }
        failures++
        if (!JOIN_AGAIN.has(errorType(error) ?? '')) troubles.report(GROUP_TROUBLE, failure)
        logger.debug('Joining a group failed; trying again.', { group, error, failures })
        await clock.sleep(Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_LAST_MS), this.#closing.signal)
      } finally {
        this.#generation = undefined
        this.#options.release()
      }
    }
    // Whoever still waits for the first partitions has closed the reader.
    ready()
  }

  async #join(): Promise<readonly TopicPartition[]> {
    const { connection, group } = this.#options
    this.#joining = true
    this.#lost = false
    try {
      const coordinator = await connection.coordinator(group)
      const joined = await this.#joinGroup(coordinator)
      this.#memberId = joined.memberId
      const leads = joined.leaderId === joined.memberId
      if (leads) await this.#lookAtTopics(joined)
      const { memberAssignment } = await coordinator.syncGroup({
        groupId: group,
        generationId: joined.generationId,
        memberId: joined.memberId,
        groupAssignment: leads ? assignmentsFor(joined.members, (topic) => connection.partitionCount(topic)) : [],
      })
      if (!leads) this.#partitionCounts = undefined
      const partitions = decodeAssignment(memberAssignment)
      this.#generation = { memberId: joined.memberId, generationId: joined.generationId }
      this.#owned = [...new Set(partitions.map(({ partition }) => partition))]
      return partitions
    } catch (error) {
      connection.forgetCoordinator(group)
      if (errorType(error) === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
      throw error
    } finally {
      this.#joining = false
    }
  }

  async #joinGroup(coordinator: KafkajsBroker): Promise<JoinAnswer> {
    const { connection, group, topics, timeouts } = this.#options
    const metadata = encodeSubscription(topics, this.#owned)
    for (;;) {
      const request = coordinator.lookupRequest(
        JOIN_GROUP_API,
        JOIN_GROUP,
      )({
        groupId: group,
        sessionTimeout: timeouts.sessionMs,
        rebalanceTimeout: timeouts.rebalanceMs,
        memberId: this.#memberId,
        protocolType: PROTOCOL_TYPE,
        groupProtocols: [{ name: ASSIGNER_NAME, metadata }],
      })
      try {
        return await connection.send(coordinator, request)
      } catch (error) {
        // The coordinator gives out the name first, so that a member that vanishes while joining can be told.
        if (errorType(error) !== 'MEMBER_ID_REQUIRED') throw error
        this.#memberId = (error as KafkajsError & { readonly memberId: string }).memberId
      }
    }
  }

  /** The leader divides what exists now. */
  async #lookAtTopics({ members }: JoinAnswer): Promise<void> {
    const topics = subscribedTopics(members)
    await this.#options.connection.metadata(topics)
    this.#partitionCounts = new Map(topics.map((topic) => [topic, this.#options.connection.partitionCount(topic)]))
  }

  /** Returns when the group rebalances, when this member is none any more (`#lost`), or when it is closed. */
  async #heartbeatUntilChange(): Promise<void> {
    const { clock, timeouts } = this.#options
    let aliveAtMs = clock.monotonicMs()
    let checkedAtMs = aliveAtMs
    while (!this.#closing.signal.aborted && !this.#lost) {
      await this.#interrupt.wait(HEARTBEAT_MS, this.#closing.signal)
      if (this.#closing.signal.aborted || this.#lost) return
      const outcome = await this.#heartbeat()
      const nowMs = clock.monotonicMs()
      if (outcome === 'rebalance') return
      if (outcome === 'alive') aliveAtMs = nowMs
      else if (nowMs - aliveAtMs > timeouts.sessionMs)
        this.#lose(new Error('no heartbeat was answered for the session time-out'))
      if (this.#partitionCounts === undefined || nowMs - checkedAtMs < NEW_PARTITIONS_CHECK_MS) continue
      checkedAtMs = nowMs
      if (await this.#hasNewPartitions(this.#partitionCounts)) return
    }
  }

  async #heartbeat(): Promise<'alive' | 'rebalance' | 'unknown'> {
    const { connection, group, logger, troubles } = this.#options
    const { memberId, generationId } = this.#generation!
    try {
      const coordinator = await connection.coordinator(group)
      await coordinator.heartbeat({ groupId: group, groupGenerationId: generationId, memberId })
      troubles.clear(GROUP_TROUBLE)
      return 'alive'
    } catch (error) {
      const type = errorType(error)
      if (type === 'REBALANCE_IN_PROGRESS') return 'rebalance'
      connection.forgetCoordinator(group)
      if (NOT_A_MEMBER.has(type ?? '')) this.#lose(error)
      else if (!isCoordinatorMoved(error))
        troubles.report(GROUP_TROUBLE, kafkaFailure(error, `no heartbeat in group ${group}`))
      logger.debug('A heartbeat failed.', { group, error })
      return 'unknown'
    }
  }

  async #hasNewPartitions(counts: ReadonlyMap<string, number>): Promise<boolean> {
    const { connection, logger } = this.#options
    try {
      await connection.metadata([...counts.keys()])
    } catch (error) {
      logger.debug('The topics of a group cannot be looked at; trying again.', { error })
      return false
    }
    return [...counts].some(([topic, count]) => connection.partitionCount(topic) !== count)
  }

  /** Waits for the work in hand, at most as long as the group would. */
  async #drainWithHeartbeats(): Promise<void> {
    const { clock, drain, logger, group, timeouts } = this.#options
    const drained = new AbortController()
    let late = false
    const deadline = clock.sleep(timeouts.rebalanceMs * DRAIN_SHARE - HEARTBEAT_MS, drained.signal).then(() => {
      late = !drained.signal.aborted
    })
    const beating = (async () => {
      while (!drained.signal.aborted && !late && !this.#lost && !this.#closing.signal.aborted) {
        await this.#interrupt.wait(HEARTBEAT_MS, drained.signal)
        if (!drained.signal.aborted) await this.#heartbeat()
      }
    })()
    await Promise.race([drain(), deadline, beating])
    drained.abort()
    await beating
    if (late) {
      logger.warn('Work in hand took longer than the group waits; its partitions are given up.', { group })
      // Who cannot let go in time is the wrong one to keep them.
      this.#owned = []
    }
  }

  #lose(error: unknown): void {
    this.#lost = true
    // With its old name the coordinator need not wait for the session of a ghost to time out.
    if (errorType(error) === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    this.#interrupt.wake()
    this.#options.logger.warn('The group went on without this member; joining again.', {
      group: this.#options.group,
      error,
    })
  }
}

/** True for an answer that stays the same however often one asks. */
function isHopeless(error: unknown): boolean {
  const type = errorType(error)
  return (
    isAnswer(error) &&
    (error as KafkajsError).retriable === false &&
    !JOIN_AGAIN.has(type ?? '') &&
    !isCoordinatorMoved(error)
  )
}
