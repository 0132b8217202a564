import { type Clock, invariant } from '@sluice/contracts'
import type { AppendedBatch, Logger, LogWriter, RecordBatchBuilder } from '@sluice/stream'
import { partitionName } from '@sluice/stream'
import type { KafkaConnection } from './kafka-connection.ts'
import { errorType, isAnswer, isStaleMetadata, kafkaFailure } from './kafka-failure.ts'
import { protocolError } from './kafkajs-internals.ts'
import type { KafkajsError } from './kafkajs-types.ts'
import { type ProducedPartition, produceRequest } from './produce-request.ts'
import { type SealedBatch, SequenceBook } from './sequence-book.ts'

/** Longest a batch is tried before its flush fails, in milliseconds. */
export const DELIVERY_TIMEOUT_MS = 30_000
/** Longest the leader waits for its followers, in milliseconds; below the time-out of a request. */
const REPLICATION_TIMEOUT_MS = 8_000
/** Longest a topic may be unknown, in milliseconds: it was just created, or its leaders are moving. */
const UNKNOWN_TOPIC_MS_MAX = 2_000
/** Most bytes in one request, beyond its first batch. */
const REQUEST_BYTES_MAX = 8 * 1024 * 1024
const RETRY_FIRST_MS = 20
const RETRY_LAST_MS = 1_000
/** Failed rounds without any answer after which the connections are made anew. */
const ROUNDS_TO_RESET = 3

/** What a writer needs of a connection. */
export type ProducerConnection = Pick<
  KafkaConnection,
  'anyBroker' | 'broker' | 'send' | 'useTopics' | 'leaderOf' | 'partitionCount' | 'refresh' | 'reset' | 'close'
>

export interface KafkajsWriterOptions {
  readonly connection: ProducerConnection
  readonly clock: Clock
  readonly logger: Logger
  readonly onClosed: () => void
}

interface Delivery {
  readonly batch: SealedBatch
  readonly deadlineMs: number
  readonly resolve: (baseOffset: bigint) => void
  readonly reject: (error: Error) => void
}

/**
 * An idempotent producer of sealed batches. A broker gets one request at a time, with the next batch of every partition it
 * leads; what is appended meanwhile makes up the next one. A batch counts as written only when its own partition is in the
 * answer, without an error.
 *
 * Idempotent, because after a lost answer the batch is sent again: the broker knows it by its sequence number and answers
 * with the offset it had, so that a broken connection makes no duplicates and no disorder. Retries end after
 * `DELIVERY_TIMEOUT_MS`; then everything unacknowledged fails with an unknown outcome, the connections are dropped and the
 * producer starts over under a new identity, because the sequence numbers of the old one may have a gap.
 */
export class KafkajsWriter implements LogWriter {
  readonly #connection: ProducerConnection
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #onClosed: () => void
  readonly #sequences = new SequenceBook()
  /** Batches of each partition in the order they were handed over. */
  readonly #queues = new Map<string, Delivery[]>()
  readonly #closing = new AbortController()
  #appended: SealedBatch[] = []
  #sending: Promise<void> | undefined

  constructor({ connection, clock, logger, onClosed }: KafkajsWriterOptions) {
    this.#connection = connection
    this.#clock = clock
    this.#logger = logger
    this.#onClosed = onClosed
  }

  /** Connects and gets an identity. */
  async open(): Promise<void> {
    try {
      await this.#identify()
    } catch (error) {
      throw kafkaFailure(error, 'the producer cannot start')
    }
  }

  append(topic: string, partition: number, batch: RecordBatchBuilder): void {
    this.#appended.push(this.seal(topic, partition, batch))
  }

  async flush(): Promise<readonly AppendedBatch[]> {
    const batches = this.#appended
    this.#appended = []
    return this.deliver(batches)
  }

  /** Takes a batch over without queueing it: a unit of work keeps it until it commits. */
  seal(topic: string, partition: number, batch: RecordBatchBuilder): SealedBatch {
    invariant(!this.#closing.signal.aborted, 'append on a closed writer')
    return this.#sequences.seal(topic, partition, batch)
  }

  /** The batches of a unit of work that was given up. */
  drop(batches: readonly SealedBatch[]): void {
    for (const batch of batches) this.#sequences.drop(batch)
  }

  /** Resolves when every batch is acknowledged by all in-sync replicas. */
  async deliver(batches: readonly SealedBatch[]): Promise<readonly AppendedBatch[]> {
    const deadlineMs = this.#clock.monotonicMs() + DELIVERY_TIMEOUT_MS
    const offsets = batches.map(
      (batch) =>
        new Promise<bigint>((resolve, reject) => {
          const name = partitionName(batch)
          const queue = this.#queues.get(name)
          const delivery = { batch, deadlineMs, resolve, reject }
          if (queue === undefined) this.#queues.set(name, [delivery])
          else queue.push(delivery)
        }),
    )
    this.#send()
    const settled = await Promise.allSettled(offsets)
    return settled.map((result, i) => {
      if (result.status === 'rejected') throw result.reason
      const { topic, partition, count } = batches[i]!
      return { topic, partition, baseOffset: result.value, count }
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#sending
    await this.#connection.close()
    this.#onClosed()
  }

  #send(): void {
    if (this.#queues.size > 0) this.#sending ??= this.#sendAll()
  }

  /** Rounds until nothing is queued. Never rejects: what goes wrong goes to the deliveries. */
  async #sendAll(): Promise<void> {
    let failures = 0
    while (this.#queues.size > 0) {
      let failure: unknown
      try {
        if (this.#sequences.identity === undefined) await this.#identify()
        failure = await this.#sendRound()
      } catch (error) {
        failure = error
      }
      if (failure === undefined) {
        failures = 0
        continue
      }
      failures++
      if (this.#givesUp(failure)) continue
      if (!isAnswer(failure) && failures % ROUNDS_TO_RESET === 0) this.#connection.reset()
      this.#logger.debug('A produce request failed; trying again.', { error: failure, failures })
      await this.#clock.sleep(Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_LAST_MS), this.#closing.signal)
      await this.#connection.refresh().catch(() => {
        // The next round meets the same trouble and counts it.
      })
    }
    // In the same step as finding the queues empty: whoever comes later must start again.
    this.#sending = undefined
  }

  /** Sends the first batch of every partition; returns the first failure. */
  async #sendRound(): Promise<unknown> {
    const heads = [...this.#queues.values()].map((queue) => queue[0]!)
    await this.#connection.useTopics([...new Set(heads.map(({ batch }) => batch.topic))])
    const byLeader = new Map<number, Delivery[]>()
    let failure: unknown
    for (const head of heads) {
      const leader = this.#connection.leaderOf(head.batch)
      if (leader === undefined) failure ??= this.#withoutLeader(head)
      else byLeader.set(leader, [...(byLeader.get(leader) ?? []), head])
    }
    const outcomes = await Promise.all([...byLeader].map(([leader, deliveries]) => this.#sendTo(leader, deliveries)))
    return failure ?? outcomes.find((outcome) => outcome !== undefined)
  }

  async #sendTo(leader: number, deliveries: readonly Delivery[]): Promise<unknown> {
    const sent = firstBytes(deliveries, REQUEST_BYTES_MAX)
    for (const { batch } of sent) this.#sequences.stamp(batch)
    try {
      const broker = await this.#connection.broker(leader)
      const request = produceRequest(
        sent.map(({ batch }) => batch),
        REPLICATION_TIMEOUT_MS,
      )
      const answer = await this.#connection.send(broker, request)
      return this.#settle(sent, answer)
    } catch (error) {
      return error
    }
  }

  /** Checks that every batch of the request is in the answer; returns the first failure. */
  #settle(sent: readonly Delivery[], answer: readonly ProducedPartition[]): unknown {
    const answered = new Map(answer.map((partition) => [partitionName(partition), partition]))
    let failure: unknown
    for (const delivery of sent) {
      const name = partitionName(delivery.batch)
      const partition = answered.get(name)
      if (partition === undefined) {
        failure ??= new Error(`the broker's answer does not mention ${name}`)
        continue
      }
      const error = protocolError(partition.errorCode)
      if (error !== undefined) {
        failure ??= new PartitionError(delivery, error)
        continue
      }
      const queue = this.#queues.get(name)!
      queue.shift()
      if (queue.length === 0) this.#queues.delete(name)
      this.#sequences.acknowledge(delivery.batch)
      delivery.resolve(partition.baseOffset)
    }
    return failure
  }

  #withoutLeader(delivery: Delivery): unknown {
    const { topic, partition } = delivery.batch
    const exists = partition < this.#connection.partitionCount(topic)
    return new PartitionError(delivery, protocolError(exists ? LEADER_NOT_AVAILABLE : UNKNOWN_TOPIC_OR_PARTITION)!)
  }

  /** Fails everything that waits when trying again is over or of no use. */
  #givesUp(failure: unknown): boolean {
    const nowMs = this.#clock.monotonicMs()
    const cause = failure instanceof PartitionError ? failure.error : failure
    const deliveries = [...this.#queues.values()].flat()
    const oldestMs = Math.min(...deliveries.map(({ deadlineMs }) => deadlineMs)) - DELIVERY_TIMEOUT_MS
    const type = errorType(cause)
    const limitMs = type === 'UNKNOWN_TOPIC_OR_PARTITION' ? UNKNOWN_TOPIC_MS_MAX : DELIVERY_TIMEOUT_MS
    const hopeless = isAnswer(cause) && (cause as KafkajsError).retriable === false && !isStaleMetadata(cause)
    if (!hopeless && nowMs - oldestMs < limitMs && !this.#closing.signal.aborted) return false
    const about = failure instanceof PartitionError ? partitionName(failure.delivery.batch) : 'producing'
    const error = kafkaFailure(cause, `${about}: not every record was acknowledged`)
    this.#queues.clear()
    this.#sequences.begin(undefined)
    if (!isAnswer(cause)) this.#connection.reset()
    for (const { batch, reject } of deliveries) {
      this.#sequences.drop(batch)
      reject(error)
    }
    return true
  }

  async #identify(): Promise<void> {
    const broker = await this.#connection.anyBroker()
    const { producerId, producerEpoch } = await broker.initProducerId({ transactionalId: null, transactionTimeout: 0 })
    this.#sequences.begin({ producerId: BigInt(producerId), producerEpoch })
  }
}

const UNKNOWN_TOPIC_OR_PARTITION = 3
const LEADER_NOT_AVAILABLE = 5

/** The broker refused one batch of a request. */
class PartitionError extends Error {
  override readonly name = 'PartitionError'
  readonly delivery: Delivery
  readonly error: KafkajsError
  constructor(delivery: Delivery, error: KafkajsError) {
    super(`${partitionName(delivery.batch)}: ${error.type}`, { cause: error })
    this.delivery = delivery
    this.error = error
  }
}

/** As many deliveries as fit, at least one. */
function firstBytes(deliveries: readonly Delivery[], limit: number): readonly Delivery[] {
  let total = 0
  return deliveries.filter(({ batch }, i) => {
    total += batch.bytes.length
    return i === 0 || total <= limit
  })
}
