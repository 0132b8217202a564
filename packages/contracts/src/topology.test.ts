import { expect, test } from 'vitest'
import { type PlatformConfig, platformConfig } from './config.ts'
import { desiredTopics, MESSAGE_BYTES_DEFAULT, RECORD_OVERHEAD_BYTES } from './topology.ts'

function config(over: object = {}, rest: object = {}): PlatformConfig {
  return platformConfig.parse({
    endpoints: {
      churn: {
        key: 'customerId',
        schema: 'event.avsc',
        partitions: 6,
        variants: [
          { name: 'champion', model: 'churn', version: 7, weight: 90 },
          { name: 'challenger', model: 'churn', version: 8, weight: 10 },
        ],
        shadows: [{ name: 'candidate', model: 'churn', version: 9 }],
        ...over,
      },
    },
    ...rest,
  })
}

test('an endpoint has its topics, one per version, under the cleanup each needs', () => {
  const topics = desiredTopics(config())
  expect(topics.map((t) => [t.name, t.config['cleanup.policy'], t.schema, t.owner])).toEqual([
    ['churn.events', 'delete', 'event', 'company'],
    ['churn.v7', 'delete', undefined, 'sluice'],
    ['churn.v8', 'delete', undefined, 'sluice'],
    ['churn.v9', 'delete', undefined, 'sluice'],
    ['churn.predictions', 'delete', 'prediction', 'sluice'],
    ['churn.shadows', 'delete', 'prediction', 'sluice'],
    ['churn.outcomes', 'delete', 'outcome', 'sluice'],
    ['churn.reviews.requested', 'compact', 'review-requested', 'sluice'],
    ['churn.reviews.completed', 'delete', 'review-completed', 'sluice'],
    ['churn.reviews.resolved', 'compact', 'review-resolved', 'sluice'],
    ['churn.quality', 'compact,delete', 'quality-pane', 'sluice'],
    ['churn.control', 'compact', undefined, 'sluice'],
    ['churn.audit', 'delete', undefined, 'sluice'],
    ['churn.dlq', 'delete', undefined, 'sluice'],
  ])
})

test('all topics of an endpoint have its partition count, and only deleting topics have a retention', () => {
  const topics = desiredTopics(config())
  expect(new Set(topics.map((t) => t.partitions))).toEqual(new Set([6]))
  for (const t of topics) {
    expect(t.config['retention.ms'] !== undefined, t.name).toBe(t.config['cleanup.policy']!.includes('delete'))
  }
})

test('the prefix comes before every name', () => {
  for (const t of desiredTopics(config({}, { topics: { prefix: 'acme' } }))) expect(t.name).toMatch(/^acme\.churn\./)
})

test('two of three replicas must have a record, one of fewer', () => {
  const inSync = (replication: number) => desiredTopics(config({ replication }))[0]!.config['min.insync.replicas']
  expect([1, 2, 3, 5].map(inSync)).toEqual(['1', '1', '2', '2'])
})

test('a topic takes the largest event, a version topic more, and the dead letters most of all', () => {
  const bytes = (maxValueBytes: number, what: string) =>
    Number(
      desiredTopics(config({ maxValueBytes })).find((t) => t.name === `churn.${what}`)!.config['max.message.bytes'],
    )
  expect(bytes(1_000, 'events'), 'never below the default of Kafka').toBe(MESSAGE_BYTES_DEFAULT)
  const largest = 16_777_216
  expect(bytes(largest, 'events')).toBe(largest + RECORD_OVERHEAD_BYTES)
  expect(bytes(largest, 'v7')).toBeGreaterThan(bytes(largest, 'events'))
  expect(bytes(largest, 'dlq')).toBeGreaterThan(bytes(largest, 'v7'))
})
