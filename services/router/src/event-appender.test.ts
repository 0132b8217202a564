import { type Clock, endpointTopics } from '@sluice/contracts'
import { partitionOfKey } from '@sluice/routing'
import { systemClock } from '@sluice/runtime'
import { type Fault, HeaderBlockBuilder, type LogOperation, memoryBroker } from '@sluice/stream'
import { readTopic } from '@sluice/testing'
import { expect, test } from 'vitest'
import { EventAppender, type EventToAppend, MAX_WAITING_EVENTS } from './event-appender.ts'

const PARTITIONS = 4
const { events: topic } = endpointTopics('churn')
const clock: Clock = systemClock
const encoder = new TextEncoder()
const headers = new HeaderBlockBuilder().text('h', 'v')

function event(key: string, value = `{"key":"${key}"}`): EventToAppend {
  return { key: encoder.encode(key), value: encoder.encode(value), headers }
}

async function setUp(fault?: (operation: LogOperation) => Fault | undefined, maxBatchBytes = 1_048_576) {
  const broker = memoryBroker({ clock })
  const log = broker.connect('test')
  await log.admin.createTopics([{ name: topic, partitions: PARTITIONS, replication: 1, config: {} }])
  const faulty = broker.connect('appender', fault && { faults: { at: ({ operation }) => fault(operation) } })
  const writer = await faulty.openWriter()
  return { log, appender: new EventAppender({ writer, topic, partitions: PARTITIONS, clock, maxBatchBytes }) }
}

test('concurrent requests each learn the positions of their own events', async () => {
  // Batches of a few records, so that one write has several of them per partition.
  const { log, appender } = await setUp(undefined, 400)
  const requests = Array.from({ length: 60 }, (_, r) =>
    Array.from({ length: 1 + (r % 5) }, (_, i) => event(`k-${r}-${i}`)),
  )
  const positions = await Promise.all(requests.map((events) => appender.append(events)))
  const written = new Map(
    (await readTopic(log, topic)).map((record) => [`${record.partition}:${record.offset}`, record]),
  )
  expect(written.size).toBe(requests.flat().length)
  requests.forEach((events, r) => {
    expect(positions[r]).toHaveLength(events.length)
    events.forEach(({ key, value }, i) => {
      const { partition, offset } = positions[r]![i]!
      const record = written.get(`${partition}:${offset}`)!
      expect(record.key).toEqual(key)
      expect(record.value).toEqual(value)
      expect(record.header('h')).toBe('v')
      expect(partition).toBe(partitionOfKey(key, PARTITIONS))
    })
  })
})

test('a failed write is told to the requests it was for, and the next one works', async () => {
  let failures = 1
  const { log, appender } = await setUp((operation) =>
    operation === 'produce' && failures-- > 0 ? { kind: 'fail' } : undefined,
  )
  await expect(appender.append([event('a')])).rejects.toThrow('planned failure')
  await expect(appender.append([event('b')])).resolves.toHaveLength(1)
  expect((await readTopic(log, topic)).map((r) => new TextDecoder().decode(r.key!))).toEqual(['b'])
})

test('an event that no batch can carry is refused before anything is written', async () => {
  const { log, appender } = await setUp()
  await expect(appender.append([event('a'), event('b', 'x'.repeat(1_048_576))])).rejects.toMatchObject({ status: 413 })
  expect(await readTopic(log, topic)).toHaveLength(0)
})

test('requests beyond the limit are refused, and room comes back', async () => {
  const { appender } = await setUp()
  const many = Array.from({ length: MAX_WAITING_EVENTS }, (_, i) => event(`k${i}`))
  const first = appender.append(many)
  await expect(appender.append([event('one more')])).rejects.toMatchObject({ status: 503, code: 'overloaded' })
  await first
  await expect(appender.append([event('one more')])).resolves.toHaveLength(1)
})
