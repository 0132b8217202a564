import type { EndpointConfig, PlatformConfig } from './config.ts'
import { type EndpointTopics, endpointTopics } from './topics.ts'

const DAY_MS = 86_400_000
/** How long the company's events stay when Sluice creates their topic. */
export const EVENTS_RETENTION_MS = 7 * DAY_MS
/** Version topics repeat the events; they must only outlast the longest time a version may be without a scorer. */
export const VERSION_RETENTION_MS = 3 * DAY_MS
/** Open predictions are rebuilt from these topics, so they outlast an outcome's horizon of 30 days and its grace. */
export const RECORDS_RETENTION_MS = 45 * DAY_MS
/** Dead letters wait for somebody to look; answers of reviewers are the training data of tomorrow. */
export const DEAD_LETTERS_RETENTION_MS = 90 * DAY_MS
export const REVIEWS_RETENTION_MS = 400 * DAY_MS
/** Who changed what must be answerable for longer than a year. */
export const AUDIT_RETENTION_MS = 400 * DAY_MS
/** Room in a record beside the value: key, headers, batch header. */
export const RECORD_OVERHEAD_BYTES = 65_536
/** Kafka's own default of `max.message.bytes`; no topic gets less. */
export const MESSAGE_BYTES_DEFAULT = 1_048_588
/** Room for any event that the company's own topic may hold, with what a dead letter adds. */
export const DEAD_LETTER_MESSAGE_BYTES = 33_554_432
/** With this many replicas a write waits for two of them, so that one may be lost. */
const REPLICATION_FOR_TWO_IN_SYNC = 3

/** Which schema the values of a topic have; `event` is the endpoint's own. */
export type TopicSchema =
  | 'event'
  | 'prediction'
  | 'outcome'
  | 'review-requested'
  | 'review-completed'
  | 'review-resolved'
  | 'quality-pane'

export interface DesiredTopic {
  readonly name: string
  readonly endpoint: string
  readonly partitions: number
  readonly replication: number
  /** Topic configuration entries, `cleanup.policy` and the like. */
  readonly config: Readonly<Record<string, string>>
  /** The company's own topics are created when they are missing and never changed. */
  readonly owner: 'company' | 'sluice'
  /** `undefined` for JSON (control, audit) and for copies of other topics' bytes (version topics, dead letters). */
  readonly schema: TopicSchema | undefined
}

/** Every topic that the configuration needs, in the order of the endpoints. All topics of an endpoint have as many partitions. */
export function desiredTopics(config: PlatformConfig): readonly DesiredTopic[] {
  return Object.entries(config.endpoints).flatMap(([name, endpoint]) =>
    endpointTopology(name, endpoint, endpointTopics(name, config.topics.prefix)),
  )
}

function endpointTopology(name: string, endpoint: EndpointConfig, topics: EndpointTopics): DesiredTopic[] {
  const eventBytes = Math.max(MESSAGE_BYTES_DEFAULT, endpoint.maxValueBytes + RECORD_OVERHEAD_BYTES)
  const topic = (
    topicName: string,
    schema: TopicSchema | undefined,
    cleanup: Readonly<Record<string, string>>,
    rest: { readonly maxBytes?: number; readonly owner?: DesiredTopic['owner'] } = {},
  ): DesiredTopic => ({
    name: topicName,
    endpoint: name,
    partitions: endpoint.partitions,
    replication: endpoint.replication,
    config: {
      ...cleanup,
      ...(rest.maxBytes === undefined ? {} : { 'max.message.bytes': String(rest.maxBytes) }),
      'min.insync.replicas': endpoint.replication >= REPLICATION_FOR_TWO_IN_SYNC ? '2' : '1',
    },
    owner: rest.owner ?? 'sluice',
    schema,
  })
  const versions = [...endpoint.variants, ...endpoint.shadows].map((v) => v.version)
  return [
    topic(topics.events, 'event', keep(EVENTS_RETENTION_MS), { owner: 'company', maxBytes: eventBytes }),
    ...[...new Set(versions)].map((version) =>
      // The router adds its own headers to what the events topic could just hold.
      topic(topics.version(version), undefined, keep(VERSION_RETENTION_MS), {
        maxBytes: eventBytes + RECORD_OVERHEAD_BYTES,
      }),
    ),
    topic(topics.predictions, 'prediction', keep(RECORDS_RETENTION_MS)),
    topic(topics.shadows, 'prediction', keep(RECORDS_RETENTION_MS)),
    topic(topics.outcomes, 'outcome', keep(RECORDS_RETENTION_MS)),
    topic(topics.reviewsRequested, 'review-requested', COMPACT, { maxBytes: eventBytes }),
    topic(topics.reviewsCompleted, 'review-completed', keep(REVIEWS_RETENTION_MS)),
    topic(topics.reviewsResolved, 'review-resolved', COMPACT),
    // One key per minute: without an end the compacted topic would grow for ever.
    topic(topics.quality, 'quality-pane', { ...keep(RECORDS_RETENTION_MS), 'cleanup.policy': 'compact,delete' }),
    topic(topics.control, undefined, COMPACT),
    topic(topics.audit, undefined, keep(AUDIT_RETENTION_MS)),
    topic(topics.deadLetters, undefined, keep(DEAD_LETTERS_RETENTION_MS), { maxBytes: DEAD_LETTER_MESSAGE_BYTES }),
  ]
}

const COMPACT = { 'cleanup.policy': 'compact' } as const

function keep(retentionMs: number): Readonly<Record<string, string>> {
  return { 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs) }
}
