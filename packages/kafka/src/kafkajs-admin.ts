import { type Clock, DependencyError } from '@sluice/contracts'
import {
  type LogAdmin,
  type PartitionOffsets,
  partitionName,
  type TopicPartition,
  type TopicSpec,
} from '@sluice/stream'
import { alterTopicConfigRequest, TOPIC_RESOURCE } from './alter-configs-request.ts'
import { committedOffsets } from './committed-offsets.ts'
import type { KafkaConnection } from './kafka-connection.ts'
import { errorType, isAnswer, kafkaFailure } from './kafka-failure.ts'
import { protocolError } from './kafkajs-internals.ts'
import type { TopicMetadataAnswer } from './kafkajs-types.ts'
import { EARLIEST, LATEST, listOffsets } from './list-offsets.ts'

/** Longest the controller may take for a change, in milliseconds. */
const CHANGE_MS_MAX = 8_000
/** Longest until all brokers agree on a change, in milliseconds. */
const VISIBLE_MS_MAX = 10_000
const VISIBLE_RETRY_MS = 50
/** Source of a configuration entry that was set on the topic itself. */
const TOPIC_CONFIG_SOURCE = 1

export class KafkajsAdmin implements LogAdmin {
  readonly #connection: KafkaConnection
  readonly #clock: Clock

  constructor(connection: KafkaConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
  }

  describeTopics(names?: readonly string[]): Promise<readonly TopicSpec[]> {
    return this.#try('topics cannot be described', async () => {
      if (names !== undefined && names.length === 0) return []
      const { topicMetadata } = await this.#connection.metadata(names ?? [])
      const existing = topicMetadata.filter(
        ({ topicErrorCode, isInternal }) => topicErrorCode === 0 && (names !== undefined || !isInternal),
      )
      const configs = await this.#configs(existing.map(({ topic }) => topic))
      return existing.map(({ topic, partitionMetadata }) => ({
        name: topic,
        partitions: partitionMetadata.length,
        replication: partitionMetadata[0]?.replicas.length ?? 0,
        config: configs.get(topic) ?? {},
      }))
    })
  }

  createTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.#try('topics cannot be created', async () => {
      for (const { name, partitions, replication, config } of specs) {
        const controller = await this.#connection.controller()
        const configEntries = Object.entries(config).map(([key, value]) => ({ name: key, value }))
        const topic = { topic: name, numPartitions: partitions, replicationFactor: replication, configEntries }
        try {
          await controller.createTopics({ topics: [topic], timeout: CHANGE_MS_MAX })
        } catch (error) {
          const cause = firstOf(error)
          if (errorType(cause) !== 'TOPIC_ALREADY_EXISTS') throw kafkaFailure(cause, `topic ${name} cannot be created`)
        }
      }
      for (const { name } of specs) await this.#untilVisible(name, hasLeaders)
    })
  }

  addPartitions(topic: string, partitions: number): Promise<void> {
    return this.#try(`topic ${topic} cannot get more partitions`, async () => {
      await this.#connection.useTopics([topic])
      await this.#connection.refresh()
      if (this.#connection.partitionCount(topic) === partitions) return
      const controller = await this.#connection.controller()
      await controller.createPartitions({ topicPartitions: [{ topic, count: partitions }], timeout: CHANGE_MS_MAX })
      await this.#untilVisible(topic, (seen) => seen.partitionMetadata.length >= partitions && hasLeaders(seen))
    })
  }

  alterTopicConfig(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    return this.#try(`topic ${topic} cannot be configured`, async () => {
      await this.#connection.useTopics([topic])
      const controller = await this.#connection.controller()
      for (const { errorCode, errorMessage } of await this.#connection.send(
        controller,
        alterTopicConfigRequest(topic, config),
      )) {
        const error = protocolError(errorCode)
        if (error === undefined) continue
        if (errorMessage !== null) error.message = errorMessage
        throw error
      }
      await this.#untilConfigured(topic, config)
    })
  }

  offsets(topic: string): Promise<readonly PartitionOffsets[]> {
    return this.#try(`offsets of topic ${topic} cannot be read`, async () => {
      const partitions = await this.#partitionsOf(topic)
      const [earliest, latest] = await Promise.all([EARLIEST, LATEST].map((time) => this.#offsetsAt(partitions, time)))
      return partitions.map((each) => ({
        partition: each.partition,
        earliest: earliest!.get(partitionName(each))!,
        latest: latest!.get(partitionName(each))!,
      }))
    })
  }

  offsetsForTime(
    topic: string,
    timestampMs: number,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint | undefined }[]> {
    return this.#try(`offsets of topic ${topic} cannot be read`, async () => {
      const partitions = await this.#partitionsOf(topic)
      const offsets = await this.#offsetsAt(partitions, timestampMs)
      return partitions.map((each) => ({ partition: each.partition, offset: offsets.get(partitionName(each)) }))
    })
  }

  committedOffsets(
    group: string,
    topic: string,
  ): Promise<readonly { readonly partition: number; readonly offset: bigint | undefined }[]> {
    return this.#try(`committed offsets of group ${group} cannot be read`, async () => {
      const partitions = await this.#partitionsOf(topic)
      try {
        const offsets = await committedOffsets(this.#connection, group, partitions)
        return partitions.map((each) => ({ partition: each.partition, offset: offsets.get(partitionName(each)) }))
      } finally {
        this.#connection.forgetCoordinator(group)
      }
    })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #partitionsOf(topic: string): Promise<readonly TopicPartition[]> {
    await this.#connection.useTopics([topic])
    await this.#connection.refresh()
    return Array.from({ length: this.#connection.partitionCount(topic) }, (_, partition) => ({ topic, partition }))
  }

  #offsetsAt(partitions: readonly TopicPartition[], timestampMs: number): Promise<ReadonlyMap<string, bigint>> {
    const questions = partitions.map((each) => ({ ...each, timestampMs }))
    return listOffsets(this.#connection, this.#clock, 'read_uncommitted', questions)
  }

  async #configs(topics: readonly string[]): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    if (topics.length === 0) return new Map()
    const broker = await this.#connection.anyBroker()
    const { resources } = await broker.describeConfigs({
      resources: topics.map((name) => ({ type: TOPIC_RESOURCE, name })),
    })
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        Object.fromEntries(
          configEntries
            .filter(({ configSource }) => configSource === TOPIC_CONFIG_SOURCE)
            .map(({ configName, configValue }) => [configName, configValue]),
        ),
      ]),
    )
  }

  async #untilVisible(topic: string, done: (seen: TopicMetadataAnswer) => boolean): Promise<void> {
    await this.#until(`topic ${topic} did not become visible`, async () => {
      const { topicMetadata } = await this.#connection.metadata([topic])
      const seen = topicMetadata.find((each) => each.topic === topic)
      return seen !== undefined && seen.topicErrorCode === 0 && done(seen)
    })
  }

  async #untilConfigured(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#until(`the configuration of topic ${topic} did not become visible`, async () => {
      const seen = (await this.#configs([topic])).get(topic) ?? {}
      return Object.entries(config).every(([key, value]) => seen[key] === value)
    })
  }

  async #until(problem: string, done: () => Promise<boolean>): Promise<void> {
    const endsAtMs = this.#clock.monotonicMs() + VISIBLE_MS_MAX
    while (!(await done())) {
      if (this.#clock.monotonicMs() >= endsAtMs) {
        throw new DependencyError('kafka', `${problem} within ${VISIBLE_MS_MAX} ms`, {
          next: 'look at the health of the brokers',
        })
      }
      await this.#clock.sleep(VISIBLE_RETRY_MS)
    }
  }

  /** A connection that broke since the last call is made anew once; every operation here may be repeated. */
  async #try<Result>(about: string, operation: () => Promise<Result>): Promise<Result> {
    try {
      return await operation()
    } catch (error) {
      if (isAnswer(error) || error instanceof DependencyError) throw kafkaFailure(error, about)
      this.#connection.reset()
    }
    try {
      return await operation()
    } catch (error) {
      throw kafkaFailure(error, about)
    }
  }
}

function hasLeaders({ partitionMetadata }: TopicMetadataAnswer): boolean {
  return partitionMetadata.every(({ leader }) => leader >= 0)
}

/** kafkajs collects the errors of one request in one. */
function firstOf(error: unknown): unknown {
  return (error as { readonly errors?: readonly unknown[] }).errors?.[0] ?? error
}
