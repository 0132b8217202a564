import { memoryBroker, VirtualClock } from '@sluice/stream'
import { expect, test } from 'vitest'
import { appendRecords } from './append-records.ts'
import { readTopic } from './read-topic.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

test('records come to lie where it says, in their order, and come back as they were written', async () => {
  const log = memoryBroker({ clock: new VirtualClock(1_000) }).connect('test')
  await log.admin.createTopics([{ name: 't', partitions: 2, replication: 1, config: {} }])
  const records = Array.from({ length: 40 }, (_, i) => ({
    partition: i % 2,
    key: i % 5 === 0 ? null : utf8(`k${i}`),
    value: i % 7 === 0 ? null : utf8('v'.repeat(i)),
    headers: [['n', String(i)]] as const,
  }))
  const places = await appendRecords(log, 't', records, { timestampMs: 5, maxBatchBytes: 256 })
  expect(places.map(({ offset }) => offset)).toEqual(records.map((_, i) => BigInt(Math.floor(i / 2))))
  const read = await readTopic(log, 't')
  expect(read).toHaveLength(records.length)
  for (const [i, { partition, offset }] of places.entries()) {
    const record = read.find((r) => r.partition === partition && r.offset === offset)!
    expect(record).toMatchObject({ key: records[i]!.key, value: records[i]!.value, timestampMs: 5 })
    expect(record.header('n')).toBe(String(i))
  }
})
