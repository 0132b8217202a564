/** A request in the form that kafkajs sends: how to write it, how to read the answer. */
export interface ProtocolRequest<Answer> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
  }
  readonly response: {
    decode(payload: Buffer): Promise<Answer>
    parse(answer: Answer): Promise<Answer>
  }
  readonly requestTimeout?: number
  readonly logResponseError?: boolean
}

export interface TopicMetadataAnswer {
  readonly topicErrorCode: number
  readonly topic: string
  readonly isInternal: boolean
  readonly partitionMetadata: readonly {
    readonly partitionId: number
    readonly leader: number
    readonly replicas: readonly number[]
  }[]
}

export interface MetadataAnswer {
  readonly brokers: readonly {
    readonly nodeId: number
    readonly host: string
    readonly port: number
    readonly rack: string | null
  }[]
  readonly controllerId: number
  readonly topicMetadata: readonly TopicMetadataAnswer[]
}

export interface JoinAnswer {
  readonly generationId: number
  readonly leaderId: string
  readonly memberId: string
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]
}

export interface OffsetPartitions<Partition> {
  readonly topic: string
  readonly partitions: readonly Partition[]
}

/** One connection to a broker. */
export interface KafkajsConnection {
  rejectRequests(error: Error): void
}

export interface KafkajsConnectionPool {
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly pool: readonly KafkajsConnection[]
  send<Answer>(request: ProtocolRequest<Answer>): Promise<Answer>
}

/** How kafkajs builds the request of one API in the newest version that both sides know. */
export type RequestDefinition<Options, Answer> = { readonly options?: Options; readonly answer?: Answer }

export interface KafkajsBroker {
  nodeId: number | null
  readonly connectionPool: KafkajsConnectionPool
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null
  isConnected(): boolean
  disconnect(): Promise<void>
  lookupRequest<Options, Answer>(
    apiKey: number,
    definition: RequestDefinition<Options, Answer>,
  ): (options: Options) => ProtocolRequest<Answer>
  findGroupCoordinator(options: {
    groupId: string
    coordinatorType: number
  }): Promise<{ readonly coordinator: { readonly nodeId: number } }>
  syncGroup(options: {
    groupId: string
    generationId: number
    memberId: string
    groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[]
  }): Promise<{ readonly memberAssignment: Buffer }>
  heartbeat(options: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>
  leaveGroup(options: { groupId: string; memberId: string }): Promise<unknown>
  offsetCommit(options: {
    groupId: string
    groupGenerationId: number
    memberId: string
    topics: readonly OffsetPartitions<{ readonly partition: number; readonly offset: string }>[]
  }): Promise<unknown>
  offsetFetch(options: {
    groupId: string
    topics: readonly OffsetPartitions<{ readonly partition: number }>[]
  }): Promise<{
    readonly responses: readonly OffsetPartitions<{ readonly partition: number; readonly offset: string }>[]
  }>
  listOffsets(options: {
    isolationLevel: number
    topics: readonly OffsetPartitions<{ readonly partition: number; readonly timestamp: string }>[]
  }): Promise<{
    readonly responses: readonly OffsetPartitions<{ readonly partition: number; readonly offset: string }>[]
  }>
  initProducerId(options: {
    transactionalId: string | null
    transactionTimeout: number
  }): Promise<{ readonly producerId: string; readonly producerEpoch: number }>
  createTopics(options: {
    topics: readonly {
      readonly topic: string
      readonly numPartitions: number
      readonly replicationFactor: number
      readonly configEntries: readonly { readonly name: string; readonly value: string }[]
    }[]
    timeout: number
  }): Promise<unknown>
  createPartitions(options: {
    topicPartitions: readonly { readonly topic: string; readonly count: number }[]
    timeout: number
  }): Promise<unknown>
  describeConfigs(options: { resources: readonly { readonly type: number; readonly name: string }[] }): Promise<{
    readonly resources: readonly {
      readonly resourceName: string
      readonly configEntries: readonly {
        readonly configName: string
        readonly configValue: string
        readonly configSource: number
      }[]
    }[]
  }>
}

export interface KafkajsBrokerPool {
  brokers: Record<number, KafkajsBroker>
  seedBroker: KafkajsBroker | undefined
  versions: KafkajsBroker['versions']
  metadata: MetadataAnswer | null
  readonly connectionPoolBuilder: KafkajsConnectionPoolBuilder
  createBroker(options: {
    logger: KafkajsLogger
    versions: KafkajsBroker['versions']
    connectionPool: KafkajsConnectionPool
    nodeId: number
  }): KafkajsBroker
  connect(): Promise<void>
  findConnectedBroker(): Promise<KafkajsBroker>
  findBroker(options: { nodeId: number }): Promise<KafkajsBroker>
}

export interface KafkajsConnectionPoolBuilder {
  build(address: { host: string; port: number; rack: string | null }): Promise<KafkajsConnectionPool>
}

export interface KafkajsRetry {
  readonly retries: number
  readonly initialRetryTime: number
  readonly maxRetryTime: number
}

/** Opaque: made by kafkajs for kafkajs. */
export interface KafkajsLogger {
  namespace(name: string): KafkajsLogger
}

/** An error as kafkajs throws it. */
export interface KafkajsError extends Error {
  /** Name of the protocol error, `UNKNOWN_TOPIC_OR_PARTITION` and the like. */
  readonly type?: string
  readonly retriable?: boolean
}
