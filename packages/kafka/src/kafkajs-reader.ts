import { type Clock, DependencyError, invariant } from '@sluice/contracts'
import {
  type AssignedReaderOptions,
  CorruptBatchError,
  type GroupReaderOptions,
  type Isolation,
  type Logger,
  type LogReader,
  type PollOptions,
  partitionName,
  type Slab,
  type TopicPartition,
  WakeUp,
} from '@sluice/stream'
import { committedOffsets } from './committed-offsets.ts'
import { Fetcher } from './fetcher.ts'
import { GroupMembership, type GroupTimeouts } from './group-membership.ts'
import type { KafkaConnection } from './kafka-connection.ts'
import { kafkaFailure } from './kafka-failure.ts'
import { EARLIEST, LATEST, listOffsets } from './list-offsets.ts'
import { OffsetCommitter } from './offset-committer.ts'
import { PartitionCursor } from './partition-cursor.ts'
import { Troubles } from './troubles.ts'

/** Most record bytes of one poll, over all partitions; a single batch always comes whole. */
export const POLL_BYTES_MAX = 4 * 1024 * 1024
/** Brokers may be away this long before polls throw, in milliseconds; a restart of a broker is shorter. */
export const UNREACHABLE_MS_MAX = 5_000
/** Longest a closing reader waits for its last commit, in milliseconds. */
const LAST_COMMIT_MS_MAX = 2_000

export interface KafkajsReaderOptions {
  readonly connection: KafkaConnection
  readonly clock: Clock
  readonly logger: Logger
  readonly isolation: Isolation
  readonly onClosed: () => void
  readonly group?: { readonly options: GroupReaderOptions; readonly timeouts: GroupTimeouts }
}

export class KafkajsReader implements LogReader {
  readonly #options: KafkajsReaderOptions
  readonly #troubles: Troubles
  readonly #fetcher: Fetcher
  readonly #membership: GroupMembership | undefined
  readonly #committer: OffsetCommitter | undefined
  readonly #wakeUp: WakeUp
  #cursors = new Map<string, PartitionCursor>()
  #generation = 0
  #openUnits = 0
  #drained: (() => void) | undefined
  #revoking = false
  #turn = 0
  #closing: Promise<void> | undefined
  #callbackFailure: unknown

  constructor(options: KafkajsReaderOptions) {
    const { connection, clock, logger, isolation, group } = options
    this.#options = options
    this.#wakeUp = new WakeUp(clock)
    this.#troubles = new Troubles(clock)
    this.#fetcher = new Fetcher({
      connection,
      isolation,
      clock,
      logger,
      troubles: this.#troubles,
      cursors: () => (this.#revoking ? [] : [...this.#cursors.values()]),
      onArrival: this.#wakeUp.wake,
      onOutOfRange: (cursor) => void this.#moveIntoRange(cursor),
    })
    if (group === undefined) return
    this.#membership = new GroupMembership({
      group: group.options.group,
      topics: group.options.topics,
      timeouts: group.timeouts,
      connection,
      clock,
      logger,
      troubles: this.#troubles,
      assign: (partitions) => this.#assign(partitions),
      drain: () => this.#drain(),
      release: () => this.#release(),
    })
    this.#committer = new OffsetCommitter(this.#membership, clock, logger, this.#troubles)
  }

  /** Joins the group; resolves with the first partitions. */
  async join(topics: readonly string[]): Promise<void> {
    await this.#options.connection.useTopics(topics)
    await this.#membership!.start()
  }

  /** Reads the named partitions, without a group. */
  async assignAll(partitions: AssignedReaderOptions['partitions']): Promise<void> {
    const { connection, clock, isolation } = this.#options
    await connection.useTopics([...new Set(partitions.map(({ topic }) => topic))])
    for (const partition of partitions) {
      if (partition.partition < connection.partitionCount(partition.topic)) continue
      throw new DependencyError('kafka', `${partitionName(partition)} does not exist`, {
        next: `name one of the ${connection.partitionCount(partition.topic)} partitions of the topic`,
      })
    }
    const named = partitions.flatMap(({ topic, partition, offset }) =>
      typeof offset === 'bigint' ? [] : [{ topic, partition, timestampMs: offset === 'earliest' ? EARLIEST : LATEST }],
    )
    const offsets = await listOffsets(connection, clock, isolation, named)
    this.#own(
      partitions.map(({ topic, partition, offset }) => {
        const position = typeof offset === 'bigint' ? offset : offsets.get(partitionName({ topic, partition }))!
        return new PartitionCursor({ topic, partition }, position)
      }),
    )
  }

  get group(): string | undefined {
    return this.#options.group?.options.group
  }

  get generation(): number {
    return this.#generation
  }

  get assigned(): readonly TopicPartition[] {
    return [...this.#cursors.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  async poll({ maxWaitMs, signal }: PollOptions): Promise<readonly Slab[]> {
    const { clock } = this.#options
    this.#throwIfEnded()
    this.#drained?.()
    const deadlineMs = clock.monotonicMs() + maxWaitMs
    let slabs = this.#collect()
    while (slabs.length === 0 && signal?.aborted !== true) {
      const trouble = this.#troubles.lasting(UNREACHABLE_MS_MAX)
      if (trouble !== undefined) throw trouble
      const waitMs = deadlineMs - clock.monotonicMs()
      if (waitMs <= 0) break
      await this.#wakeUp.wait(waitMs, signal)
      if (this.#closing !== undefined) return []
      this.#throwIfEnded()
      slabs = this.#collect()
    }
    return slabs
  }

  seek(partition: TopicPartition, offset: bigint): void {
    const cursor = this.cursor(partition)
    invariant(cursor !== undefined, `seek in ${partitionName(partition)}, which this reader does not own`)
    cursor.seek(offset)
    this.#fetcher.pump()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const cursor = this.cursor(partition)
      if (cursor !== undefined) cursor.paused = true
    }
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const cursor = this.cursor(partition)
      if (cursor !== undefined) cursor.paused = false
    }
    this.#fetcher.pump()
    this.#wakeUp.wake()
  }

  position(partition: TopicPartition): bigint | undefined {
    return this.cursor(partition)?.position
  }

  endOffset(partition: TopicPartition): bigint | undefined {
    return this.cursor(partition)?.endOffset
  }

  async committed(partition: TopicPartition): Promise<bigint | undefined> {
    if (this.group === undefined) return undefined
    try {
      await this.#committer!.flush()
      const offsets = await committedOffsets(this.#options.connection, this.group, [partition])
      return offsets.get(partitionName(partition))
    } catch (error) {
      this.#options.connection.forgetCoordinator(this.group)
      throw kafkaFailure(error, `the committed offset of ${partitionName(partition)} cannot be read`)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The cursor of a partition owned now; a unit of work keeps it, to notice when it is no more. */
  cursor(partition: TopicPartition): PartitionCursor | undefined {
    return this.#cursors.get(partitionName(partition))
  }

  /** A unit of work has finished ranges of these partitions. */
  commitLater(cursors: readonly PartitionCursor[]): void {
    for (const cursor of cursors) this.#committer!.mark(cursor)
  }

  /** A unit of work was begun: a revocation waits for its end. */
  unitOpened(): void {
    this.#openUnits++
  }

  unitClosed(): void {
    this.#openUnits--
    if (this.#openUnits === 0) this.#drained?.()
  }

  async #close(): Promise<void> {
    const { connection, clock, logger } = this.#options
    const fetching = this.#fetcher.close()
    this.#drained?.()
    this.#wakeUp.wake()
    if (this.#committer !== undefined) {
      const committed = new AbortController()
      const flushed = this.#committer.flush().catch((error: unknown) => {
        logger.info('The last offsets were not committed; their records are delivered again.', { error })
      })
      await Promise.race([flushed, clock.sleep(LAST_COMMIT_MS_MAX, committed.signal)])
      committed.abort()
      this.#committer.close()
    }
    this.#cursors = new Map()
    await this.#membership?.leave()
    await connection.close()
    await Promise.all([fetching, this.#membership?.ended()])
    this.#options.onClosed()
  }

  async #assign(partitions: readonly TopicPartition[]): Promise<void> {
    const { connection, clock, isolation, group } = this.#options
    const { group: name, from, onAssigned } = group!.options
    const committed = await committedOffsets(connection, name, partitions)
    const unknown = partitions.filter((partition) => !committed.has(partitionName(partition)))
    const timestampMs = from === 'earliest' ? EARLIEST : LATEST
    const starts =
      unknown.length === 0
        ? new Map<string, bigint>()
        : await listOffsets(
            connection,
            clock,
            isolation,
            unknown.map(({ topic, partition }) => ({ topic, partition, timestampMs })),
          )
    if (this.#closing !== undefined) return
    this.#own(
      partitions.map((partition) => {
        const key = partitionName(partition)
        const told = committed.get(key) ?? starts.get(key)!
        const known = this.#committer!.acknowledgedBefore(key, this.#membership!.generationId)
        return new PartitionCursor(partition, known !== undefined && known > told ? known : told)
      }),
    )
    await this.#callback(() => onAssigned?.(this.assigned))
  }

  #own(cursors: readonly PartitionCursor[]): void {
    this.#generation++
    this.#cursors = new Map(cursors.map((cursor) => [partitionName(cursor), cursor]))
    this.#fetcher.pump()
  }

  /** Resolves when no unit of work is open or the loop has come back to poll, and what is marked is committed. */
  async #drain(): Promise<void> {
    this.#revoking = true
    await Promise.all([
      this.#callback(() => this.#options.group?.options.onRevoked?.(this.assigned)),
      new Promise<void>((resolve) => {
        if (this.#openUnits === 0) return resolve()
        this.#drained = () => {
          this.#drained = undefined
          resolve()
        }
      }),
    ])
    try {
      await this.#committer!.flush()
    } catch (error) {
      this.#options.logger.info(
        'Offsets were not committed before partitions went; their records are delivered again.',
        {
          error,
        },
      )
    }
  }

  #release(): void {
    this.#generation++
    this.#cursors = new Map()
    this.#committer?.forget()
    this.#revoking = false
  }

  /** An error in a callback of the caller belongs to the caller: it comes out of the next poll. */
  async #callback(call: () => Promise<void> | void): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.#callbackFailure ??= error
      this.#wakeUp.wake()
    }
  }

  #throwIfEnded(): void {
    invariant(this.#closing === undefined, 'poll on a closed reader')
    if (this.#callbackFailure !== undefined) throw this.#callbackFailure
  }

  #collect(): Slab[] {
    if (this.#revoking) return []
    const cursors = [...this.#cursors.values()]
    const slabs: Slab[] = []
    let budget = POLL_BYTES_MAX
    const first = this.#turn++
    for (let i = 0; i < cursors.length && budget > 0; i++) {
      const cursor = cursors[(first + i) % cursors.length]!
      if (cursor.paused || !cursor.hasQueued) continue
      const slab = this.#take(cursor, budget, slabs.length > 0)
      if (slab === undefined) continue
      budget -= slab.bytes.length
      slabs.push(slab)
    }
    this.#fetcher.pump()
    return slabs
  }

  #take(cursor: PartitionCursor, budget: number, hasOthers: boolean): Slab | undefined {
    try {
      return cursor.take(this.#options.isolation, budget)
    } catch (error) {
      if (!(error instanceof CorruptBatchError)) throw error
      // Damage on the way heals with a second fetch; what was taken from other partitions must not be lost.
      cursor.refetch()
      if (hasOthers) return undefined
      throw new DependencyError('kafka', error.message, {
        next: `when it comes again, look at the batch with a Kafka tool and move the group past it`,
        cause: error,
      })
    }
  }

  /**
   * The offset is gone. Records that retention deleted before they were read cannot be brought back and records that an
   * unclean election cut off do not exist: reading goes on at the nearest offset there is, and says so loudly.
   */
  async #moveIntoRange(cursor: PartitionCursor): Promise<void> {
    const { connection, clock, isolation, logger } = this.#options
    const { topic, partition, fetchOffset } = cursor
    const name = partitionName(cursor)
    try {
      const [earliest, latest] = await Promise.all(
        [EARLIEST, LATEST].map((timestampMs) =>
          listOffsets(connection, clock, isolation, [{ topic, partition, timestampMs }]),
        ),
      )
      const [first, end] = [earliest!.get(name)!, latest!.get(name)!]
      if (cursor.fetchOffset !== fetchOffset || this.cursor(cursor) !== cursor) return
      const offset = fetchOffset < first ? first : end
      if (offset === fetchOffset) return
      logger.error(
        'Records are gone before they were read: retention was shorter than the lag, or the log was cut off.',
        {
          topic,
          partition,
          wanted: fetchOffset,
          first,
          end,
          goingOnAt: offset,
        },
      )
      cursor.seek(offset)
      this.#fetcher.pump()
    } catch (error) {
      this.#troubles.report(name, kafkaFailure(error, `${name}: the offsets that exist cannot be read`))
    }
  }
}
