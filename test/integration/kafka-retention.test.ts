import type { Log } from '@sluice/stream'
import { numbered, produce, readCount, values } from '@sluice/stream/contract'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { openKafkaLog } from './open-kafka-log.ts'

const brokers = inject('kafkaBrokers')

describe.skipIf(brokers.length === 0)('records that retention deleted before they were read', () => {
  const topic = `retention-${process.pid}-${process.hrtime.bigint()}`
  const at = { topic, partition: 0 }
  const errors: Readonly<Record<string, unknown>>[] = []
  let log: Log

  beforeEach(async () => {
    const error = (_: string, fields?: Readonly<Record<string, unknown>>): void => void errors.push(fields ?? {})
    log = openKafkaLog(brokers, { logger: { debug: () => {}, info: () => {}, warn: () => {}, error } })
    await log.admin.createTopics([{ name: topic, partitions: 1, replication: 1, config: {} }])
  })

  afterEach(async () => {
    await log.close()
  })

  async function deleteBefore(offset: bigint): Promise<void> {
    const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    // Deleting needs the metadata that this call loads.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(offset) }] })
    await admin.disconnect()
  }

  test('are passed over with an error that names the gap, and commits go on', async () => {
    await produce(log, topic, 0, numbered(10))
    const first = await log.openReader({ group: topic, topics: [topic], from: 'earliest' })
    const session = await log.openWork(first, { delivery: 'at_least_once' })
    await readCount(first, 10)
    const work = session.begin()
    work.advance(at, 2n)
    await work.commit()
    await first.close()

    await deleteBefore(7n)
    const second = await log.openReader({ group: topic, topics: [topic], from: 'earliest' })
    expect(values(await readCount(second, 3))).toEqual(['7', '8', '9'])
    expect(errors).toEqual([{ ...at, wanted: 2n, first: 7n, end: 10n, goingOnAt: 7n }])
    const later = (await log.openWork(second, { delivery: 'at_least_once' })).begin()
    later.advance(at, 10n)
    await later.commit()
    expect(await second.committed(at)).toBe(10n)
  })
})
