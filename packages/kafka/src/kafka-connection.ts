import type { Clock } from '@sluice/contracts'
import type { Logger, TopicPartition } from '@sluice/stream'
import { isStaleMetadata } from './kafka-failure.ts'
import { createBrokerPool, METADATA, protocolError } from './kafkajs-internals.ts'
import type {
  KafkajsBroker,
  KafkajsBrokerPool,
  KafkajsLogger,
  MetadataAnswer,
  ProtocolRequest,
  TopicMetadataAnswer,
} from './kafkajs-types.ts'

export interface KafkaConnectionOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly clock: Clock
  readonly logger: Logger
}

/** Longest wait for a TCP connection, and for the answer to a request that has no limit of its own, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 3_000
export const REQUEST_TIMEOUT_MS = 10_000
/** kafkajs' own retries stay short: this package retries where it knows what is at stake. */
const KAFKAJS_RETRY = { retries: 1, initialRetryTime: 50, maxRetryTime: 200 } as const
/** How long a topic may be unknown to a broker after it was created, in milliseconds. */
const UNKNOWN_TOPIC_MS_MAX = 2_000
const UNKNOWN_TOPIC_RETRY_MS = 100
const METADATA_API = 3
const NO_LEADER = -1

/** Leader of each partition of a topic, by partition number; `undefined` while a partition has none. */
export type Leaders = readonly (number | undefined)[]

/**
 * Connections of one reader, writer or administrator: each has its own, so that a long wait of one is no delay for another.
 * Knows which broker leads which partition.
 */
export class KafkaConnection {
  readonly #options: KafkaConnectionOptions
  readonly #leaders = new Map<string, Leaders>()
  readonly #coordinators = new Map<string, number>()
  #pool: KafkajsBrokerPool
  #logger: KafkajsLogger
  #refreshing: Promise<void> | undefined
  #closed = false

  constructor(options: KafkaConnectionOptions) {
    this.#options = options
    const { pool, logger } = this.#newPool()
    this.#pool = pool
    this.#logger = logger
  }

  /** Leaders as last heard of. */
  leaderOf({ topic, partition }: TopicPartition): number | undefined {
    return this.#leaders.get(topic)?.[partition]
  }

  partitionCount(topic: string): number {
    return this.#leaders.get(topic)?.length ?? 0
  }

  /**
   * Waits until the topics exist and their leaders are known. Throws the protocol's error when one stays unknown: brokers
   * hear of a new topic a moment after whoever created it.
   */
  async useTopics(topics: readonly string[]): Promise<void> {
    const missing = topics.filter((topic) => !this.#leaders.has(topic))
    if (missing.length === 0) return
    const { clock } = this.#options
    const endsAtMs = clock.monotonicMs() + UNKNOWN_TOPIC_MS_MAX
    for (;;) {
      const answer = await this.metadata(missing)
      const error = answer.topicMetadata
        .map(({ topicErrorCode }) => protocolError(topicErrorCode))
        .find((e) => e !== undefined)
      if (error === undefined) return
      if (!isStaleMetadata(error) || clock.monotonicMs() >= endsAtMs) throw error
      await clock.sleep(UNKNOWN_TOPIC_RETRY_MS)
    }
  }

  /** Looks again for the leaders of all topics in use; those that are gone are forgotten. Calls at the same time share one look. */
  refresh(): Promise<void> {
    if (this.#leaders.size === 0) return Promise.resolve()
    this.#refreshing ??= (async () => {
      try {
        await this.metadata([...this.#leaders.keys()])
      } finally {
        this.#refreshing = undefined
      }
    })()
    return this.#refreshing
  }

  /** Metadata of these topics, of all topics without names. Unknown ones come back with their error code. */
  async metadata(topics: readonly string[]): Promise<MetadataAnswer> {
    const broker = await this.anyBroker()
    const { request, response } = broker.lookupRequest(
      METADATA_API,
      METADATA,
    )({ topics, allowAutoTopicCreation: false })
    // kafkajs fails as a whole when one topic is unknown or one partition has no leader.
    const answer = await this.send(broker, { request, response: { decode: response.decode, parse: async (a) => a } })
    await this.#adoptBrokers(answer)
    for (const topic of topics) {
      const found = answer.topicMetadata.find((each) => each.topic === topic)
      if (found === undefined || found.topicErrorCode !== 0) this.#leaders.delete(topic)
      else this.#leaders.set(topic, leadersOf(found))
    }
    return answer
  }

  async anyBroker(): Promise<KafkajsBroker> {
    await this.#pool.connect()
    return this.#pool.findConnectedBroker()
  }

  broker(nodeId: number): Promise<KafkajsBroker> {
    return this.#pool.findBroker({ nodeId })
  }

  /** The broker that decides about topics. */
  async controller(): Promise<KafkajsBroker> {
    if (this.#pool.metadata === null) await this.metadata([...this.#leaders.keys()])
    return this.broker(this.#pool.metadata!.controllerId)
  }

  /** The coordinator of a group, remembered until `forgetCoordinator`. */
  async coordinator(groupId: string): Promise<KafkajsBroker> {
    const remembered = this.#coordinators.get(groupId)
    if (remembered !== undefined) return this.broker(remembered)
    const broker = await this.anyBroker()
    const { coordinator } = await broker.findGroupCoordinator({ groupId, coordinatorType: 0 })
    if (this.#pool.brokers[coordinator.nodeId] === undefined) await this.metadata([...this.#leaders.keys()])
    const found = await this.broker(coordinator.nodeId)
    this.#coordinators.set(groupId, coordinator.nodeId)
    return found
  }

  /** After an error of the coordinator: it may have moved. */
  forgetCoordinator(groupId: string): void {
    this.#coordinators.delete(groupId)
  }

  /** Sends one request. A broker that closed the connection is connected to again by the next request. */
  async send<Answer>(broker: KafkajsBroker, request: ProtocolRequest<Answer>): Promise<Answer> {
    try {
      return await broker.connectionPool.send(request)
    } catch (error) {
      if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await broker.disconnect()
      throw error
    }
  }

  /** Drops all connections, with what is under way on them, and starts over. For brokers that do not answer any more. */
  reset(): void {
    if (this.#closed) return
    const old = this.#pool
    this.#coordinators.clear()
    const { pool, logger } = this.#newPool()
    this.#pool = pool
    this.#logger = logger
    void hangUp(old)
  }

  /** The same for one broker. */
  resetBroker(nodeId: number): void {
    const broker = this.#pool.brokers[nodeId]
    if (broker === undefined) return
    delete this.#pool.brokers[nodeId]
    if (this.#pool.seedBroker === broker) this.#pool.seedBroker = undefined
    void disconnect(broker)
  }

  async close(): Promise<void> {
    this.#closed = true
    await hangUp(this.#pool)
  }

  #newPool(): { pool: KafkajsBrokerPool; logger: KafkajsLogger } {
    return createBrokerPool({
      ...this.#options,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      retry: KAFKAJS_RETRY,
    })
  }

  async #adoptBrokers(answer: MetadataAnswer): Promise<void> {
    const pool = this.#pool
    pool.metadata = answer
    const known: Record<number, KafkajsBroker> = {}
    for (const { nodeId, host, port, rack } of answer.brokers) {
      const current = pool.brokers[nodeId]
      if (current !== undefined && current.connectionPool.host === host && current.connectionPool.port === port) {
        known[nodeId] = current
        continue
      }
      const seed = pool.seedBroker
      if (seed !== undefined && seed.connectionPool.host === host && seed.connectionPool.port === port) {
        seed.nodeId = nodeId
        known[nodeId] = seed
        continue
      }
      const connectionPool = await pool.connectionPoolBuilder.build({ host, port, rack })
      known[nodeId] = pool.createBroker({ logger: this.#logger, versions: pool.versions, connectionPool, nodeId })
    }
    const gone = Object.values(pool.brokers).filter((broker) => !Object.values(known).includes(broker))
    pool.brokers = known
    for (const broker of gone) void disconnect(broker)
  }
}

function leadersOf({ partitionMetadata }: TopicMetadataAnswer): Leaders {
  const leaders: (number | undefined)[] = []
  for (const { partitionId, leader } of partitionMetadata)
    leaders[partitionId] = leader === NO_LEADER ? undefined : leader
  return leaders
}

async function hangUp(pool: KafkajsBrokerPool): Promise<void> {
  const brokers = new Set(Object.values(pool.brokers))
  if (pool.seedBroker !== undefined) brokers.add(pool.seedBroker)
  await Promise.all([...brokers].map(disconnect))
}

/** kafkajs waits for the answers to all requests before it disconnects; nobody reads them any more. */
async function disconnect(broker: KafkajsBroker): Promise<void> {
  const closing = new Error('the connection is closed by this client')
  for (const connection of broker.connectionPool.pool) connection.rejectRequests(closing)
  await broker.disconnect()
}
