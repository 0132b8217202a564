import { type Isolation, type Log, slabKey, slabOffset, slabValue } from '@sluice/stream'
import { until } from '@sluice/stream/contract'
import { CompressionTypes, Kafka, logLevel, type Producer, type Transaction } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openKafkaLog } from './open-kafka-log.ts'

const brokers = inject('kafkaBrokers')
const run = `${process.pid}-${process.hrtime.bigint()}`

interface Written {
  readonly value: string
  readonly committed: boolean
}

/** Transactions of another client, interleaved in one partition so that they end in another order than they began. */
describe.skipIf(brokers.length === 0)('records of another client', () => {
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId: 'another',
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 20 },
  })
  const topic = `transactions-${run}`
  const producers: Producer[] = []
  let log: Log

  beforeAll(async () => {
    log = openKafkaLog(brokers)
    await log.admin.createTopics([{ name: topic, partitions: 1, replication: 1, config: {} }])
  })

  afterAll(async () => {
    await Promise.all(producers.map((producer) => producer.disconnect()))
    await log.close()
  })

  async function begin(name: string): Promise<Transaction> {
    const producer = kafka.producer({ transactionalId: `${topic}-${name}`, idempotent: true, maxInFlightRequests: 1 })
    producers.push(producer)
    await producer.connect()
    return producer.transaction()
  }

  async function read(isolation: Isolation, from: bigint, end: bigint): Promise<[bigint, string][]> {
    const reader = await log.openReader({ partitions: [{ topic, partition: 0, offset: from }], isolation })
    const records: [bigint, string][] = []
    await until('the end of the partition', async () => {
      for (const slab of await reader.poll({ maxWaitMs: 100 })) {
        for (let i = 0; i < slab.count; i++) {
          records.push([slabOffset(slab, i), Buffer.from(slabValue(slab, i)!).toString()])
        }
      }
      return reader.position({ topic, partition: 0 }) === end
    })
    await reader.close()
    return records
  }

  test('are seen committed or not at all, from wherever reading starts', async () => {
    const written: Written[] = []
    const send = async (
      to: Transaction,
      value: string,
      committed: boolean,
      key: Buffer | null = null,
    ): Promise<void> => {
      await to.send({ topic, messages: [{ key, value, partition: 0 }] })
      written.push({ value, committed })
    }
    const [a, b, c] = [await begin('a'), await begin('b'), await begin('c')]
    await send(a, 'a1', false)
    await send(b, 'b1', false)
    await send(c, 'c1', true)
    await b.abort()
    // Four zero bytes are the key of an abort marker; in a data record they are data.
    await send(a, 'a2', false, Buffer.alloc(4))
    await send(a, 'a3', false)
    await send(c, 'c2', true, Buffer.alloc(4))
    await a.abort()
    const again = await begin('b')
    await send(again, 'b2', false)
    await c.commit()
    await send(again, 'b3', false)
    await again.abort()
    const last = await begin('a')
    await send(last, 'a4', true)
    await last.commit()

    const end = (await log.admin.offsets(topic))[0]!.latest
    const all = await read('read_uncommitted', 0n, end)
    expect(all.map(([, value]) => value)).toEqual(written.map(({ value }) => value))
    const committed = all.filter(([, value]) => written.find((each) => each.value === value)!.committed)
    for (let from = 0n; from < end; from++) {
      const expected = committed.filter(([offset]) => offset >= from)
      expect(await read('read_committed', from, end), `from offset ${from}`).toEqual(expected)
    }
  })

  test('come with their keys, headers and times, compressed or not', async () => {
    const mixed = `compressed-${run}`
    await log.admin.createTopics([{ name: mixed, partitions: 1, replication: 1, config: {} }])
    const producer = kafka.producer()
    producers.push(producer)
    await producer.connect()
    for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
      const messages = Array.from({ length: 50 }, (_, i) => ({
        key: `key ${i}`,
        value: 'x'.repeat(i * 10),
        partition: 0,
        timestamp: String(1_700_000_000_000 + i),
      }))
      await producer.send({ topic: mixed, compression, messages })
    }
    const reader = await log.openReader({ partitions: [{ topic: mixed, partition: 0, offset: 'earliest' }] })
    const seen: string[] = []
    await until('100 records', async () => {
      for (const slab of await reader.poll({ maxWaitMs: 100 })) {
        for (let i = 0; i < slab.count; i++) {
          const key = Buffer.from(slabKey(slab, i)!).toString()
          seen.push(`${key} ${slabValue(slab, i)!.length} ${slab.timestamps[i]}`)
        }
      }
      return seen.length >= 100
    })
    const expected = Array.from({ length: 50 }, (_, i) => `key ${i} ${i * 10} ${1_700_000_000_000 + i}`)
    expect(seen).toEqual([...expected, ...expected])
  })
})
