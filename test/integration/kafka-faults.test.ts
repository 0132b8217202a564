import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DependencyError } from '@sluice/contracts'
import { type ComponentHandle, startKafka } from '@sluice/local-stack'
import { systemClock } from '@sluice/runtime'
import {
  type AppendedBatch,
  type Log,
  type Logger,
  OutputBatches,
  runConsumeLoop,
  slabOffset,
  slabValue,
  type Telemetry,
} from '@sluice/stream'
import { batchOf, numbered, produce, readCount, until, values } from '@sluice/stream/contract'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { DroppingProxy } from './dropping-proxy.ts'
import { openKafkaLog } from './open-kafka-log.ts'

const PARTITIONS = 3
/** Written before, during and after the fault, per partition. */
const RECORDS = 300
const SESSION_TIMEOUT_MS = 6_000
/** Longer than the session, so that the coordinator expels the reader while nothing answers. */
const PAUSE_MS = 8_000
const START_MS_MAX = 120_000
const FAULT_MS_MAX = 120_000

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const telemetry: Telemetry = {
  count: () => {},
  gauge: () => {},
  observe: () => {},
  observeAll: () => {},
  clearGauge: () => {},
}

describe.skipIf(inject('stackKind') === 'embedded')('a broker that fails', () => {
  let broker: ComponentHandle
  let log: Log
  let run = 0
  let input = ''
  let output = ''

  beforeAll(async () => {
    broker = await startKafka({ properties: { 'group.min.session.timeout.ms': String(SESSION_TIMEOUT_MS) } })
  }, START_MS_MAX)

  afterAll(async () => {
    await broker?.stop()
  })

  beforeEach(async () => {
    log = openKafkaLog([broker.address], { sessionTimeoutMs: SESSION_TIMEOUT_MS })
    input = `in-${++run}`
    output = `out-${run}`
    const spec = { partitions: PARTITIONS, replication: 1, config: {} }
    await log.admin.createTopics([
      { ...spec, name: input },
      { ...spec, name: output },
    ])
  })

  afterEach(async () => {
    vi.restoreAllMocks()
    await log.close()
  })

  /** Copies the input to the same partition of the output with the loop that the services run. */
  async function startCopying(): Promise<{ stop(): Promise<void>; readonly problems: string[] }> {
    const stop = new AbortController()
    const reader = await log.openReader({ group: `copy-${run}`, topics: [input], from: 'earliest' })
    const session = await log.openWork(reader, { delivery: 'at_least_once' })
    const outputs = new OutputBatches(100_000)
    const problems: string[] = []
    const loop = runConsumeLoop({
      ...{ reader, session, telemetry },
      clock: systemClock,
      signal: stop.signal,
      logger: silent,
      maxBatchRecords: 100,
      maxBatchDelayMs: 5,
      handle: async (slabs, work) => {
        outputs.begin(work)
        for (const slab of slabs) {
          for (let i = 0; i < slab.count; i++) {
            const length = slab.valueLengths[i]!
            const builder = outputs.room(output, slab.partition, -1, length, 0)!
            builder.value(slab.bytes, slab.valueStarts[i]!, length)
            builder.add(slab.timestamps[i]!)
          }
        }
        outputs.flush()
        return () => {}
      },
      health: (problem) => {
        if (problem !== undefined) problems.push(problem)
      },
    })
    return {
      problems,
      stop: async () => {
        stop.abort()
        await loop
        await session.close()
        await reader.close()
      },
    }
  }

  /** Writes `RECORDS` numbers to every partition, one batch at a time, as fast as they are acknowledged. */
  async function writeNumbers(first: number, underWay: () => void = () => {}): Promise<void> {
    const writer = await log.openWriter()
    for (let i = 0; i < RECORDS; i++) {
      if (i === 1) underWay()
      for (let partition = 0; partition < PARTITIONS; partition++) {
        writer.append(input, partition, batchOf(numbered(1, first + i)))
      }
      await writer.flush()
    }
    await writer.close()
  }

  /** Values of each partition of a topic, in order. */
  async function contents(topic: string): Promise<string[][]> {
    const ends = await log.admin.offsets(topic)
    const reader = await log.openReader({
      partitions: ends.map(({ partition }) => ({ topic, partition, offset: 'earliest' as const })),
    })
    const seen: string[][] = ends.map(() => [])
    await until('everything to be read', async () => {
      for (const slab of await reader.poll({ maxWaitMs: 100 })) {
        for (let i = 0; i < slab.count; i++)
          seen[slab.partition]![Number(slabOffset(slab, i))] = String(slabText(slab, i))
      }
      return ends.every(({ partition, latest }) => reader.position({ topic, partition }) === latest)
    })
    await reader.close()
    return seen
  }

  async function expectNothingLost(total: number): Promise<void> {
    const expected = numbered(total).map(({ value }) => value)
    await until('all to be copied', async () => {
      const committed = await log.admin.committedOffsets(`copy-${run}`, input)
      return committed.every(({ offset }) => offset === BigInt(total))
    })
    for (const [partition, seen] of (await contents(input)).entries()) {
      expect(seen, `input partition ${partition}: an idempotent producer, so no duplicates`).toEqual(expected)
    }
    for (const [partition, seen] of (await contents(output)).entries()) {
      // At least once: a number may come again, but its first time is in order and none is missing.
      expect([...new Set(seen)], `output partition ${partition}`).toEqual(expected)
    }
  }

  test(
    'by being killed and started again loses nothing',
    async () => {
      const copying = await startCopying()
      await writeNumbers(0)
      const underWay = Promise.withResolvers<void>()
      const writing = writeNumbers(RECORDS, underWay.resolve)
      await underWay.promise
      await broker.kill('SIGKILL')
      await broker.restart()
      await writing
      await writeNumbers(2 * RECORDS)
      await expectNothingLost(3 * RECORDS)
      await copying.stop()
    },
    FAULT_MS_MAX,
  )

  test(
    'by standing still for longer than a session loses nothing',
    async () => {
      const copying = await startCopying()
      await writeNumbers(0)
      const underWay = Promise.withResolvers<void>()
      const writing = writeNumbers(RECORDS, underWay.resolve)
      await underWay.promise
      await broker.pause()
      await sleep(PAUSE_MS)
      await broker.resume()
      await writing
      await writeNumbers(2 * RECORDS)
      await expectNothingLost(3 * RECORDS)
      await copying.stop()
    },
    FAULT_MS_MAX,
  )

  test(
    'while it is away, polls and flushes say so with a next step, and work again when it is back',
    async () => {
      const reader = await log.openReader({ group: `away-${run}`, topics: [input], from: 'earliest' })
      await produce(log, input, 0, numbered(1))
      expect(values(await readCount(reader, 1))).toEqual(['0'])
      await broker.kill('SIGKILL')
      const failure = await untilThrown(() => reader.poll({ maxWaitMs: 100 }))
      expect(failure).toMatchObject({ name: 'DependencyError', dependency: 'kafka' })
      expect((failure as DependencyError).next).toContain('brokers')
      await expect(log.admin.offsets(input)).rejects.toMatchObject({ name: 'DependencyError' })
      await expect(log.openWriter()).rejects.toMatchObject({ name: 'DependencyError' })
      await broker.restart()
      await produce(log, input, 0, numbered(1, 1))
      const seen: (string | null)[] = []
      await until('polls to work again', async () => {
        try {
          for (const slab of await reader.poll({ maxWaitMs: 100 })) {
            for (let i = 0; i < slab.count; i++) seen.push(slabText(slab, i))
          }
        } catch (error) {
          expect(error).toMatchObject({ name: 'DependencyError' })
        }
        return seen.includes('1')
      })
      await reader.close()
    },
    FAULT_MS_MAX,
  )

  test(
    'to answer writes no duplicates: a batch sent again has the place it had',
    async () => {
      const proxy = await DroppingProxy.listen(portOf(broker.address))
      const connect = net.connect.bind(net) as (options: net.TcpNetConnectOpts, connected?: () => void) => net.Socket
      vi.spyOn(net, 'connect').mockImplementation(((options: net.TcpNetConnectOpts, connected?: () => void) =>
        connect({ ...options, port: proxy.port }, connected)) as typeof net.connect)
      const writer = await log.openWriter()
      const placed: AppendedBatch[] = []
      for (let i = 0; i < 20; i++) {
        if (i % 4 === 1) proxy.dropNextProduceAnswer()
        for (let partition = 0; partition < PARTITIONS; partition++) {
          writer.append(input, partition, batchOf(numbered(2, 2 * i)))
        }
        placed.push(...(await writer.flush()))
      }
      await writer.close()
      vi.restoreAllMocks()
      expect(proxy.dropped).toBe(5)
      expect(placed.map(({ baseOffset }) => baseOffset)).toEqual(
        Array.from({ length: 20 * PARTITIONS }, (_, i) => BigInt(2 * Math.floor(i / PARTITIONS))),
      )
      for (const seen of await contents(input)) expect(seen).toEqual(numbered(40).map(({ value }) => value))
      await proxy.close()
    },
    FAULT_MS_MAX,
  )
})

function slabText(slab: Parameters<typeof slabValue>[0], index: number): string | null {
  const value = slabValue(slab, index)
  return value === null ? null : Buffer.from(value).toString()
}

function portOf(address: string): number {
  return Number(address.split(':')[1])
}

async function untilThrown(operation: () => Promise<unknown>): Promise<unknown> {
  let thrown: unknown
  await until('an error', async () => {
    try {
      await operation()
    } catch (error) {
      thrown = error
    }
    return thrown !== undefined
  })
  return thrown
}
