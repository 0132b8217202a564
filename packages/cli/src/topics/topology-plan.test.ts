import { type DesiredTopic, desiredTopics, platformConfig } from '@sluice/contracts'
import { DEAD_LETTER_BATCH_BYTES_MAX, type TopicSpec } from '@sluice/stream'
import { expect, test } from 'vitest'
import { isSettled, planTopology } from './topology-plan.ts'

const desired = desiredTopics(
  platformConfig.parse({
    endpoints: {
      churn: {
        key: 'customerId',
        schema: 'event.avsc',
        partitions: 6,
        variants: [{ name: 'champion', model: 'churn', version: 7, weight: 100 }],
      },
    },
  }),
)
const asIs = (over: (topic: DesiredTopic) => Partial<TopicSpec> = () => ({})): TopicSpec[] =>
  desired.map((topic) => ({ name: topic.name, partitions: 6, replication: 1, config: topic.config, ...over(topic) }))
const only = (name: string, over: Partial<TopicSpec>) => (topic: DesiredTopic) => (topic.name === name ? over : {})

test('nothing there: everything is created', () => {
  const plan = planTopology(desired, [])
  expect(plan.create).toEqual(desired)
  expect([plan.grow, plan.configure, plan.refusals]).toEqual([[], [], []])
})

test('all there as wanted: nothing is to do', () => {
  expect(isSettled(planTopology(desired, asIs()))).toBe(true)
  const reordered = asIs(
    only('churn.quality', {
      config: { ...desired.find((t) => t.name === 'churn.quality')!.config, 'cleanup.policy': 'delete,compact' },
    }),
  )
  expect(isSettled(planTopology(desired, reordered)), 'a list in another order').toBe(true)
  const more = asIs((topic) => ({ config: { ...topic.config, 'segment.ms': '1000' } }))
  expect(isSettled(planTopology(desired, more)), 'settings we do not speak of').toBe(true)
})

test('a topic of ours with fewer partitions can grow, one with more cannot shrink', () => {
  expect(planTopology(desired, asIs(only('churn.v7', { partitions: 3 })))).toMatchObject({
    grow: [{ topic: 'churn.v7', from: 3, to: 6 }],
    refusals: [],
  })
  expect(planTopology(desired, asIs(only('churn.v7', { partitions: 7 }))).refusals).toEqual([
    {
      path: 'churn.v7',
      problem: 'has 7 partitions, endpoints.churn.partitions says 6, and partitions cannot be taken away',
      fix: 'Set endpoints.churn.partitions to 7, or use another topics.prefix.',
    },
  ])
})

test("the company's events are never grown, reconfigured or moved", () => {
  const plan = planTopology(
    desired,
    asIs(
      only('churn.events', {
        partitions: 3,
        replication: 2,
        config: { 'cleanup.policy': 'delete', 'retention.ms': '1' },
      }),
    ),
  )
  expect([plan.grow, plan.configure]).toEqual([[], []])
  expect(plan.refusals.map((r) => r.fix)).toEqual([
    'Set endpoints.churn.partitions to 3, or have its owner grow it first.',
  ])
})

test('compacted events are refused', () => {
  const plan = planTopology(desired, asIs(only('churn.events', { config: { 'cleanup.policy': 'compact,delete' } })))
  expect(plan.refusals[0]!.problem).toContain('compacted')
})

test('a setting of ours that differs is corrected, and says what it was', () => {
  const plan = planTopology(desired, asIs(only('churn.control', { config: { 'cleanup.policy': 'delete' } })))
  expect(plan.configure).toEqual([
    { topic: 'churn.control', entry: 'cleanup.policy', from: 'delete', to: 'compact' },
    { topic: 'churn.control', entry: 'min.insync.replicas', from: undefined, to: '1' },
  ])
})

test('another replication factor is a refusal with two ways out', () => {
  const [refusal] = planTopology(desired, asIs(only('churn.v7', { replication: 3 }))).refusals
  expect(refusal).toMatchObject({ path: 'churn.v7' })
  expect(refusal!.fix).toBe(
    'Set endpoints.churn.replication to 3, or move the replicas with kafka-reassign-partitions.sh.',
  )
})

test('the dead-letter topic takes the largest batch that is ever written to it', () => {
  const topic = desired.find((t) => t.name === 'churn.dlq')!
  expect(Number(topic.config['max.message.bytes'])).toBeGreaterThanOrEqual(DEAD_LETTER_BATCH_BYTES_MAX)
})
