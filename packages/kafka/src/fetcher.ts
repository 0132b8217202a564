import type { Clock } from '@sluice/contracts'
import { type Isolation, type Logger, partitionName } from '@sluice/stream'
import { type FetchAnswer, type FetchedPartition, fetchRequest } from './fetch-request.ts'
import { type KafkaConnection, REQUEST_TIMEOUT_MS } from './kafka-connection.ts'
import { isStaleMetadata, kafkaFailure } from './kafka-failure.ts'
import { protocolError } from './kafkajs-internals.ts'
import type { ProtocolRequest } from './kafkajs-types.ts'
import type { PartitionCursor } from './partition-cursor.ts'
import type { Troubles } from './troubles.ts'

/** Longest a broker holds a fetch back for a first record; it bounds how late a seek or a resume takes effect. */
export const FETCH_WAIT_MS = 50
/** The same while a partition is left out, because its queue is full or it has no leader: that may change any moment. */
const SHORT_FETCH_WAIT_MS = 5
/** Most bytes of one answer, and of one partition in it. */
export const FETCH_BYTES_MAX = 8 * 1024 * 1024
export const FETCH_PARTITION_BYTES_MAX = 1024 * 1024
/** After this long without an answer the connection is made anew, whatever the client library believes. */
const STALL_MS = REQUEST_TIMEOUT_MS + 2_000
const RETRY_FIRST_MS = 50
const RETRY_LAST_MS = 1_000
const PARTITION_RETRY_MS = 100
/** Failed fetches in a row after which the connection to a broker is made anew. */
const FAILURES_TO_RESET = 3

export interface FetcherOptions {
  readonly connection: KafkaConnection
  readonly isolation: Isolation
  readonly clock: Clock
  readonly logger: Logger
  readonly troubles: Troubles
  readonly cursors: () => readonly PartitionCursor[]
  /** Something came: a poll that waits may look again. */
  readonly onArrival: () => void
  /** Where to go on in a partition whose offset does not exist any more, or not yet. */
  readonly onOutOfRange: (cursor: PartitionCursor, answer: FetchedPartition) => void
}

interface AskedPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly cursor: PartitionCursor
}

/** Fetches ahead of the polls: one request at a time to every broker that leads an owned partition with room in its queue. */
export class Fetcher {
  readonly #options: FetcherOptions
  readonly #busy = new Map<number, Promise<void>>()
  readonly #failures = new Map<number, number>()
  readonly #closing = new AbortController()
  #turn = 0
  #later: Promise<void> | undefined

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Starts what can be fetched now. To be called whenever partitions, positions or queues have changed. */
  readonly pump = (): void => {
    if (this.#closing.signal.aborted) return
    const { connection, clock, cursors, troubles } = this.#options
    const nowMs = clock.monotonicMs()
    const byLeader = new Map<number, PartitionCursor[]>()
    let leftOut = false
    let waiting = false
    for (const cursor of cursors()) {
      if (cursor.paused) continue
      const leader = connection.leaderOf(cursor)
      if (cursor.full) leftOut = true
      else if (leader === undefined || cursor.notBeforeMs > nowMs) waiting = true
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), cursor])
    }
    for (const [leader, ready] of byLeader) {
      if (this.#busy.has(leader)) continue
      const fetching = this.#fetch(leader, ready, leftOut || waiting).finally(() => {
        this.#busy.delete(leader)
        this.pump()
      })
      this.#busy.set(leader, fetching)
    }
    for (const leader of this.#failures.keys()) {
      if (cursors().some((cursor) => connection.leaderOf(cursor) === leader)) continue
      this.#failures.delete(leader)
      troubles.clear(brokerName(leader))
    }
    if (waiting) this.#pumpLater()
  }

  /** Stops fetching; resolves when the requests under way have ended, which closing their connection hastens. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#busy.values())
    await this.#later
  }

  /** One request and its answer. Never rejects. */
  async #fetch(leader: number, cursors: readonly PartitionCursor[], short: boolean): Promise<void> {
    const { connection, isolation, clock, logger, troubles } = this.#options
    // The broker fills its answer in the order of the request: each partition comes first in turn.
    const first = this.#turn++ % cursors.length
    const positions: readonly AskedPosition[] = [...cursors.slice(first), ...cursors.slice(0, first)].map((cursor) => ({
      topic: cursor.topic,
      partition: cursor.partition,
      offset: cursor.fetchOffset,
      cursor,
    }))
    const request = fetchRequest(positions, isolation, {
      maxWaitMs: short ? SHORT_FETCH_WAIT_MS : FETCH_WAIT_MS,
      maxBytes: FETCH_BYTES_MAX,
      maxPartitionBytes: FETCH_PARTITION_BYTES_MAX,
    })
    try {
      const answer = await this.#sendBeforeStall(leader, request)
      const error = protocolError(answer.errorCode)
      if (error !== undefined) throw error
      this.#failures.delete(leader)
      troubles.clear(brokerName(leader))
      if (this.#acceptAll(positions, answer)) await connection.refresh()
    } catch (error) {
      if (this.#closing.signal.aborted) return
      const failures = (this.#failures.get(leader) ?? 0) + 1
      this.#failures.set(leader, failures)
      troubles.report(brokerName(leader), kafkaFailure(error, 'records cannot be fetched'))
      logger.debug('A fetch failed; trying again.', { error, leader, failures })
      if (failures % FAILURES_TO_RESET === 0) connection.resetBroker(leader)
      const waitMs = Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_LAST_MS)
      for (const cursor of cursors) cursor.notBeforeMs = clock.monotonicMs() + waitMs
    }
  }

  /** Returns true when a leader has to be looked up again. */
  #acceptAll(positions: readonly AskedPosition[], answer: FetchAnswer): boolean {
    const asked = new Map(positions.map((position) => [partitionName(position), position]))
    let stale = false
    for (const partition of answer.partitions) {
      const position = asked.get(partitionName(partition))
      if (position !== undefined && this.#accept(position, partition)) stale = true
    }
    return stale
  }

  #accept({ cursor, offset }: AskedPosition, partition: FetchedPartition): boolean {
    const { clock, troubles, onArrival, onOutOfRange } = this.#options
    const name = partitionName(partition)
    const error = protocolError(partition.errorCode)
    if (error === undefined) {
      troubles.clear(name)
      cursor.accept(partition, offset)
      if (cursor.hasQueued) onArrival()
      return false
    }
    cursor.notBeforeMs = clock.monotonicMs() + PARTITION_RETRY_MS
    if (error.type === 'OFFSET_OUT_OF_RANGE') {
      if (cursor.fetchOffset === offset) onOutOfRange(cursor, partition)
      return false
    }
    troubles.report(name, kafkaFailure(error, `${name} cannot be fetched`))
    return isStaleMetadata(error)
  }

  /** Looks again for leaders, and pumps, after a pause. */
  #pumpLater(): void {
    if (this.#later !== undefined) return
    const { clock, connection } = this.#options
    this.#later = (async () => {
      await clock.sleep(PARTITION_RETRY_MS, this.#closing.signal)
      try {
        if (!this.#closing.signal.aborted) await connection.refresh()
      } catch {
        // The fetches that follow meet the same trouble and report it.
      }
      this.#later = undefined
      this.pump()
    })()
  }

  async #sendBeforeStall(leader: number, request: ProtocolRequest<FetchAnswer>): Promise<FetchAnswer> {
    const { connection, clock } = this.#options
    const answered = new AbortController()
    const stalled = clock.sleep(STALL_MS, answered.signal).then((): never => {
      throw new Error(`no answer to a fetch within ${STALL_MS} ms`)
    })
    const sending = connection.broker(leader).then((broker) => connection.send(broker, request))
    try {
      return await Promise.race([sending, stalled])
    } finally {
      // Whichever loses the race is nobody's business any more.
      stalled.catch(() => {})
      sending.catch(() => {})
      // A reason of our own: an abort without one builds an exception with its stack, for every fetch.
      answered.abort('answered')
    }
  }
}

function brokerName(leader: number): string {
  return `broker ${leader}`
}
