import { DependencyError, InvariantError } from '@sluice/contracts'
import { OwnershipLostError } from '@sluice/stream'
import type { KafkajsError } from './kafkajs-types.ts'

/** What a person can do about an error of the protocol that waiting does not heal. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'create the topic with `sluice topics apply`, or correct its name',
  INVALID_TOPIC_EXCEPTION: 'correct the name of the topic',
  INVALID_PARTITIONS: 'a partition count can only be raised; create a new topic to have fewer',
  INVALID_REPLICATION_FACTOR: 'lower `replication` to the number of brokers, or add brokers',
  INVALID_CONFIG: 'correct the configuration entry',
  MESSAGE_TOO_LARGE: 'raise `max.message.bytes` of the topic',
  RECORD_LIST_TOO_LARGE: 'raise `segment.bytes` of the topic',
  INVALID_RECORD: 'a compacted topic takes no record without a key; correct `cleanup.policy` of the topic',
  NOT_ENOUGH_REPLICAS: 'bring brokers back: fewer replicas are in sync than `min.insync.replicas` asks for',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    'bring brokers back: fewer replicas are in sync than `min.insync.replicas` asks for',
  TOPIC_AUTHORIZATION_FAILED: 'grant this client access to the topic',
  GROUP_AUTHORIZATION_FAILED: 'grant this client access to the group',
  CLUSTER_AUTHORIZATION_FAILED: 'grant this client access to the cluster',
  INCONSISTENT_GROUP_PROTOCOL: 'use another group: members of another kind are in this one',
  UNSUPPORTED_VERSION: 'use Kafka 2.3 or later',
}
const REACH_THE_BROKERS = 'check that the brokers run and can be reached at their advertised addresses'

/** Errors of the protocol after which a new look at the metadata helps. */
const STALE_METADATA = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'KAFKA_STORAGE_ERROR',
])
const COORDINATOR_MOVED = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
])

/** Name of the protocol error, or `undefined` for an error of the connection. */
export function errorType(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? (error as KafkajsError).type : undefined
}

export function isStaleMetadata(error: unknown): boolean {
  return STALE_METADATA.has(errorType(error) ?? '')
}

export function isCoordinatorMoved(error: unknown): boolean {
  return COORDINATOR_MOVED.has(errorType(error) ?? '')
}

/** True when a broker answered with an error of the protocol; false when no answer came. */
export function isAnswer(error: unknown): boolean {
  return errorType(error) !== undefined
}

/** Gives any error of the client its cause, what it was about, and the next step. Our own errors stay as they are. */
export function kafkaFailure(error: unknown, about: string): Error {
  if (error instanceof DependencyError || error instanceof InvariantError || error instanceof OwnershipLostError)
    return error
  const type = errorType(error)
  const message = error instanceof Error ? error.message : String(error)
  const next = (type === undefined ? undefined : NEXT_STEPS[type]) ?? REACH_THE_BROKERS
  return new DependencyError('kafka', `${about}: ${type === undefined ? message : `${type}, ${message}`}`, {
    next,
    cause: error,
  })
}
