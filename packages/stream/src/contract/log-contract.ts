import { ConfigError, DependencyError, InvariantError } from '@sluice/contracts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Delivery, GroupReaderOptions, Log, LogReader, TopicPartition, WorkSession } from '../log.ts'
import { OwnershipLostError } from '../log.ts'
import { partitionName } from '../partition-name.ts'
import { slabOffset } from '../slab.ts'
import {
  appendTo,
  batchOf,
  type HeaderPair,
  numbered,
  produce,
  readCount,
  readFor,
  recordsOf,
  until,
  values,
  WRITTEN_AT_MS,
} from './log-records.ts'

export interface LogContractOptions {
  /** A client of its own on the shared cluster, as another process would have; the suite closes it. */
  readonly open: () => Promise<Log>
  /** What the driver can do; the suite checks that it refuses the rest. */
  readonly deliveries: readonly Delivery[]
  /** After how long the cluster goes on without a member that does not give its partitions back. */
  readonly rebalanceTimeoutMs: number
}

/** Long enough for a record that must not come to come. */
const SILENCE_MS = 400
const MANY_FLUSHES = 200
/** Times a race with a rebalance or an arriving record is repeated. */
const ROUNDS = 3

/** What every Log owes its callers. Topics and groups get names of their own per test, so a cluster may be shared. */
export function logContract(name: string, { open, deliveries, rebalanceTimeoutMs }: LogContractOptions): void {
  const run = `${process.pid}-${process.hrtime.bigint()}`
  let count = 0
  let topic = ''
  let group = ''
  let log: Log
  let logs: Log[] = []

  async function openLog(): Promise<Log> {
    const opened = await open()
    logs.push(opened)
    return opened
  }

  async function createTopic(partitions: number): Promise<string> {
    const created = `contract-${run}-${count++}`
    await log.admin.createTopics([{ name: created, partitions, replication: 1, config: {} }])
    return created
  }

  function openGroup(options: Partial<GroupReaderOptions> = {}, on: Log = log): Promise<LogReader> {
    return on.openReader({ group, topics: [topic], from: 'earliest', ...options })
  }

  async function commitOne(session: WorkSession, partition: TopicPartition, nextOffset: bigint): Promise<void> {
    const work = session.begin()
    work.advance(partition, nextOffset)
    await work.commit()
  }

  const at = (partition: number): TopicPartition => ({ topic, partition })

  describe(`${name} keeps the log's contract`, () => {
    beforeEach(async () => {
      logs = []
      log = await openLog()
      topic = await createTopic(1)
      group = `group-${topic}`
    })

    afterEach(async () => {
      await Promise.all(logs.map((each) => each.close()))
    })

    describe('records', () => {
      test('come in the order of their partition, with consecutive offsets', async () => {
        const writer = await log.openWriter()
        for (let batch = 0; batch < 5; batch++) writer.append(topic, 0, batchOf(numbered(20, batch * 20)))
        await writer.flush()
        const records = await readCount(await openGroup(), 100)
        expect(values(records)).toEqual(numbered(100).map(({ value }) => value))
        expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 100 }, (_, i) => BigInt(i)))
      })

      test('keep their key, value and timestamp, null and empty told apart', async () => {
        const written = [
          { key: 'k', value: 'v', timestampMs: WRITTEN_AT_MS },
          { key: null, value: 'v', timestampMs: WRITTEN_AT_MS + 1 },
          { key: '', value: '', timestampMs: WRITTEN_AT_MS - 5_000 },
          { key: 'tombstone', value: null, timestampMs: WRITTEN_AT_MS },
          { key: 'ключ \u{1f511}', value: '\u0000\u0001', timestampMs: WRITTEN_AT_MS },
        ]
        await produce(log, topic, 0, written)
        const records = await readCount(await openGroup(), written.length)
        expect(records.map(({ key, value, timestampMs }) => ({ key, value, timestampMs }))).toEqual(written)
      })

      test('keep their headers in order, names that come twice, and null and empty values', async () => {
        const headers: readonly HeaderPair[] = [
          ['b', '2'],
          ['a', '1'],
          ['b', '3'],
          ['a', null],
          ['a', ''],
          ['', 'no name'],
          ['1', 'a name that an object would sort first'],
          ['0', 'and another'],
          ['__proto__', 'x'],
        ]
        await produce(log, topic, 0, [{ value: 'many', headers }, { value: 'none' }])
        const [many, none] = await readCount(await openGroup(), 2)
        expect(many!.headers).toEqual(headers)
        expect(none!.headers).toEqual([])
      })

      test('of many partitions come in turn: a busy one does not hold up the others', async () => {
        topic = await createTopic(3)
        const writer = await log.openWriter()
        const large = 'x'.repeat(900_000)
        for (let i = 0; i < 20; i++) writer.append(topic, 0, batchOf([{ value: large }]))
        for (const partition of [1, 2]) writer.append(topic, partition, batchOf(numbered(1)))
        await writer.flush()
        const reader = await openGroup()
        const seen: number[] = []
        let bytes = 0
        await until('a record of every partition', async () => {
          for (const slab of await reader.poll({ maxWaitMs: 50 })) {
            seen.push(slab.partition)
            bytes += slab.partition === 0 ? slab.count * large.length : 0
          }
          return seen.includes(1) && seen.includes(2)
        })
        expect(bytes, 'bytes of the busy partition before the last of the others').toBeLessThan(20 * large.length)
      })
    })

    describe('a writer', () => {
      test('flushes to every partition and says where each batch came to lie', async () => {
        topic = await createTopic(4)
        const writer = await log.openWriter()
        for (const partition of [2, 0, 3, 1, 2]) writer.append(topic, partition, batchOf(numbered(partition + 1)))
        expect(await writer.flush()).toEqual([
          { topic, partition: 2, baseOffset: 0n, count: 3 },
          { topic, partition: 0, baseOffset: 0n, count: 1 },
          { topic, partition: 3, baseOffset: 0n, count: 4 },
          { topic, partition: 1, baseOffset: 0n, count: 2 },
          { topic, partition: 2, baseOffset: 3n, count: 3 },
        ])
        const ends = await log.admin.offsets(topic)
        expect(ends.map(({ latest }) => latest)).toEqual([1n, 2n, 6n, 4n])
        expect(await writer.flush(), 'nothing was appended since').toEqual([])
      })

      test('takes the bytes of a builder over, which may be used again at once', async () => {
        const writer = await log.openWriter()
        const builder = batchOf([{ value: 'first' }])
        writer.append(topic, 0, builder)
        builder.reset()
        const second = new TextEncoder().encode('other')
        builder.value(second, 0, second.length)
        builder.add(WRITTEN_AT_MS)
        writer.append(topic, 0, builder)
        builder.reset()
        await writer.flush()
        expect(values(await readCount(await openGroup(), 2))).toEqual(['first', 'other'])
      })

      test('keeps the order of flushes that overlap', async () => {
        const writer = await log.openWriter()
        const flushes: Promise<unknown>[] = []
        for (let i = 0; i < 30; i++) {
          writer.append(topic, 0, batchOf(numbered(1, i)))
          flushes.push(writer.flush())
        }
        await Promise.all(flushes)
        expect(values(await readCount(await openGroup(), 30))).toEqual(numbered(30).map(({ value }) => value))
      })

      test('goes on after a flush of nothing, and when each flush follows at once on the one before', async () => {
        const writer = await log.openWriter()
        expect(await writer.flush()).toEqual([])
        for (let i = 0; i < MANY_FLUSHES; i++) {
          writer.append(topic, 0, batchOf(numbered(1, i)))
          expect(await writer.flush()).toEqual([{ topic, partition: 0, baseOffset: BigInt(i), count: 1 }])
        }
      })

      test('refuses a topic or partition that does not exist, and goes on with others', async () => {
        const writer = await log.openWriter()
        writer.append(`${topic}-missing`, 0, batchOf(numbered(1)))
        await expect(writer.flush()).rejects.toThrow(DependencyError)
        writer.append(topic, 7, batchOf(numbered(1)))
        await expect(writer.flush()).rejects.toThrow(DependencyError)
        writer.append(topic, 0, batchOf(numbered(1)))
        expect(await writer.flush()).toEqual([{ topic, partition: 0, baseOffset: 0n, count: 1 }])
        expect(await log.admin.describeTopics([`${topic}-missing`]), 'nothing is created on the way').toEqual([])
      })
    })

    describe('a group reader', () => {
      test('starts at the earliest or at the latest record when the group has no offset', async () => {
        await produce(log, topic, 0, numbered(3))
        const latest = await openGroup({ group: `${group}-latest`, from: 'latest' })
        await produce(log, topic, 0, numbered(2, 3))
        expect(values(await readCount(await openGroup(), 5))).toEqual(['0', '1', '2', '3', '4'])
        expect(values(await readCount(latest, 2))).toEqual(['3', '4'])
      })

      test('refuses a topic that does not exist', async () => {
        await expect(openGroup({ topics: [`${topic}-missing`] })).rejects.toThrow(DependencyError)
      })

      test('gets again what was not committed, and not what was', async () => {
        await produce(log, topic, 0, numbered(3))
        const first = await openGroup()
        const session = await log.openWork(first, { delivery: 'at_least_once' })
        await readCount(first, 3)
        await commitOne(session, at(0), 2n)
        await first.close()
        const second = await openGroup()
        expect(values(await readCount(second, 1))).toEqual(['2'])
        await second.close()
        expect(await log.admin.committedOffsets(group, topic)).toEqual([{ partition: 0, offset: 2n }])
      })

      test('tells its position, the end of the partition and what the group has committed', async () => {
        await produce(log, topic, 0, numbered(5))
        const reader = await openGroup()
        const session = await log.openWork(reader, { delivery: 'at_least_once' })
        expect(await reader.committed(at(0))).toBeUndefined()
        await readCount(reader, 5)
        expect(reader.position(at(0))).toBe(5n)
        expect(reader.endOffset(at(0))).toBe(5n)
        await commitOne(session, at(0), 4n)
        expect(await reader.committed(at(0))).toBe(4n)
        expect(reader.position(at(9))).toBeUndefined()
        expect(reader.endOffset(at(9))).toBeUndefined()
      })

      test('reads again from where seek puts it, and ahead of it', async () => {
        await produce(log, topic, 0, numbered(6))
        const reader = await openGroup()
        await readCount(reader, 6)
        reader.seek(at(0), 4n)
        expect(reader.position(at(0))).toBe(4n)
        expect(values(await readCount(reader, 2))).toEqual(['4', '5'])
        reader.seek(at(0), 1n)
        expect(values(await readCount(reader, 5))).toEqual(['1', '2', '3', '4', '5'])
      })

      test('leaves a paused partition alone, keeps it, and goes on after resume', async () => {
        topic = await createTopic(2)
        const reader = await openGroup()
        reader.pause([at(0)])
        for (const partition of [0, 1]) await produce(log, topic, partition, numbered(2, partition * 10))
        expect(values(await readCount(reader, 2))).toEqual(['10', '11'])
        expect(await readFor(reader, SILENCE_MS)).toEqual([])
        expect(reader.assigned).toHaveLength(2)
        reader.resume([at(0)])
        expect(values(await readCount(reader, 2))).toEqual(['0', '1'])
      })

      test('wakes a waiting poll when a record arrives, and when the signal aborts', async () => {
        const reader = await openGroup()
        for (let round = 0; round < ROUNDS; round++) {
          const polled = reader.poll({ maxWaitMs: 60_000 })
          await produce(log, topic, 0, numbered(1, round))
          expect(values(recordsOf(await polled))).toEqual([String(round)])
        }
        const stop = new AbortController()
        const polled = reader.poll({ maxWaitMs: 60_000, signal: stop.signal })
        stop.abort()
        expect(await polled).toEqual([])
        expect(await reader.poll({ maxWaitMs: 60_000, signal: stop.signal }), 'aborted before').toEqual([])
      })

      test('ends a waiting poll when it is closed', async () => {
        const reader = await openGroup()
        const polled = reader.poll({ maxWaitMs: 60_000 })
        const outcome = Promise.allSettled([polled])
        await reader.close()
        await outcome
        await expect(reader.poll({ maxWaitMs: 0 })).rejects.toThrow(InvariantError)
      })

      test('delivers nothing twice while several slabs are in hand', async () => {
        const reader = await openGroup()
        const seen: string[] = []
        for (let i = 0; i < 10; i++) {
          await produce(log, topic, 0, numbered(1, i))
          for (const { value } of recordsOf(await reader.poll({ maxWaitMs: 0 }))) seen.push(value!)
        }
        if (seen.length < 10) seen.push(...values(await readCount(reader, 10 - seen.length)).map(String))
        expect(seen).toEqual(numbered(10).map(({ value }) => value))
      })
    })

    describe('members of a group', () => {
      /** Polls in the background, as a loop does, and hands out what it saw. */
      function keepPolling(reader: LogReader): { stop(): Promise<void>; readonly seen: string[] } {
        const stop = new AbortController()
        const seen: string[] = []
        const loop = (async () => {
          while (!stop.signal.aborted) {
            for (const slab of await reader.poll({ maxWaitMs: 100, signal: stop.signal })) {
              for (let i = 0; i < slab.count; i++) seen.push(`${slab.partition}:${slabOffset(slab, i)}`)
            }
          }
        })()
        return {
          seen,
          stop: async () => {
            stop.abort()
            await loop
          },
        }
      }

      test('share the partitions, with the same numbers of every topic, and take over when one leaves', async () => {
        topic = await createTopic(5)
        const other = await createTopic(5)
        const first = await openGroup({ topics: [topic, other] })
        expect(first.assigned).toHaveLength(10)
        const polling = keepPolling(first)
        const second = await openGroup({ topics: [topic, other] }, await openLog())
        await until('both to have partitions', () => first.assigned.length + second.assigned.length === 10)
        const numbers = (reader: LogReader, of: string) =>
          reader.assigned.filter((p) => p.topic === of).map(({ partition }) => partition)
        expect([numbers(first, topic).length, numbers(second, topic).length].sort()).toEqual([2, 3])
        expect([...numbers(first, topic), ...numbers(second, topic)].sort()).toEqual([0, 1, 2, 3, 4])
        expect(numbers(first, other)).toEqual(numbers(first, topic))
        expect(numbers(second, other)).toEqual(numbers(second, topic))
        await polling.stop()
        await first.close()
        await until('the other to take over', () => second.assigned.length === 10)
      })

      test('hand partitions over only after the work in hand is committed', async () => {
        topic = await createTopic(2)
        for (const partition of [0, 1]) await produce(log, topic, partition, numbered(3))
        const events: string[] = []
        const first = await openGroup({
          onAssigned: (partitions) => void events.push(`first got ${partitions.length}`),
          onRevoked: async (partitions) => {
            events.push(`first gives ${partitions.length}`)
            const work = session.begin()
            for (const { partition } of partitions) work.advance(at(partition), 3n)
            await work.commit()
            events.push('first committed')
          },
        })
        const session = await log.openWork(first, { delivery: 'at_least_once' })
        await readCount(first, 6)
        const second = await openGroup(
          { onAssigned: () => void events.push(`second sees ${events.includes('first committed')}`) },
          await openLog(),
        )
        await until('both to have a partition', () => first.assigned.length === 1 && second.assigned.length === 1)
        expect(events.slice(0, 3)).toEqual(['first got 2', 'first gives 2', 'first committed'])
        expect(events).toContain('second sees true')
        expect(await readFor(second, SILENCE_MS), 'everything was committed').toEqual([])
      })

      test('wait for a unit of work that is open', async () => {
        topic = await createTopic(2)
        for (const partition of [0, 1]) await produce(log, topic, partition, numbered(3))
        const first = await openGroup()
        const session = await log.openWork(first, { delivery: 'at_least_once' })
        await readCount(first, 6)
        const work = session.begin()
        for (const partition of [0, 1]) work.advance(at(partition), 3n)
        const opening = openGroup({}, await openLog())
        await readForRevocation()
        await work.commit()
        const second = await opening
        await until('both to have a partition', () => first.assigned.length === 1 && second.assigned.length === 1)
        expect(await readFor(second, SILENCE_MS), 'everything was committed').toEqual([])

        /** Gives the rebalance time to begin; the test holds whether or not it has. */
        async function readForRevocation(): Promise<void> {
          await new Promise((resolve) => setTimeout(resolve, rebalanceTimeoutMs / 4))
        }
      })

      test('lose nothing and handle each record once while members come and go', async () => {
        topic = await createTopic(4)
        const writer = await log.openWriter()
        for (const partition of [0, 1, 2, 3]) writer.append(topic, partition, batchOf(numbered(25)))
        await writer.flush()
        const handled: string[] = []
        const stop = new AbortController()
        const member = async (on: Log): Promise<void> => {
          const reader = await openGroup({}, on)
          const session = await on.openWork(reader, { delivery: 'at_least_once' })
          while (!stop.signal.aborted) {
            const slabs = await reader.poll({ maxWaitMs: 100, signal: stop.signal })
            if (slabs.length === 0) continue
            const work = session.begin()
            for (const slab of slabs) work.advance(slab, slab.nextOffset)
            try {
              await work.commit()
              for (const { partition, offset } of recordsOf(slabs)) handled.push(`${partition}:${offset}`)
            } catch (error) {
              if (!(error instanceof OwnershipLostError)) throw error
            }
          }
          await reader.close()
        }
        const members = [member(log)]
        members.push(member(await openLog()))
        await until('all to be handled', () => new Set(handled).size === 100)
        for (const partition of [0, 1, 2, 3]) await produce(log, topic, partition, numbered(25, 25))
        members.push(member(await openLog()))
        await until('all to be handled', () => new Set(handled).size === 200)
        stop.abort()
        await Promise.all(members)
        expect(handled.sort()).toEqual([...new Set(handled)].sort())
        expect((await log.admin.committedOffsets(group, topic)).map(({ offset }) => offset)).toEqual([
          50n,
          50n,
          50n,
          50n,
        ])
      })

      test('go on without one that does not give its partitions back, whose commit is then refused', async () => {
        await produce(log, topic, 0, numbered(3))
        let release: () => void = () => {}
        const stuck = new Promise<void>((resolve) => {
          release = resolve
        })
        let assignments = 0
        const zombie = await openGroup({ onRevoked: () => stuck, onAssigned: () => void assignments++ })
        const session = await log.openWork(zombie, { delivery: 'at_least_once' })
        await readCount(zombie, 3)
        const work = session.begin()
        appendTo(work, at(0), ['from the zombie'])
        work.advance(at(0), 3n)
        const heirLog = await openLog()
        const heir = await openGroup({}, heirLog)
        const heirReads = keepPolling(heir)
        const zombieReader: { reads?: ReturnType<typeof keepPolling> } = {}
        try {
          await until('the partition to be dealt out again', () => heirReads.seen.length >= 3 || assignments >= 2)
          const outcome = await work.commit().then(
            () => undefined,
            (error: unknown) => error,
          )
          expect(outcome).toBeInstanceOf(OwnershipLostError)
          expect((outcome as OwnershipLostError).partitions.map(partitionName)).toEqual([partitionName(at(0))])
          release()
          zombieReader.reads = keepPolling(zombie)
          await until(
            'the records to come to an owner',
            () => heirReads.seen.length + zombieReader.reads!.seen.length >= 3,
          )
          expect((await log.admin.offsets(topic))[0]!.latest, 'nothing was written').toBe(3n)
        } finally {
          release()
          await heirReads.stop()
          await zombieReader.reads?.stop()
        }
      })

      test('notice new partitions', async () => {
        const reader = await openGroup()
        const polling = keepPolling(reader)
        await log.admin.addPartitions(topic, 3)
        await until('the new partitions', () => reader.assigned.length === 3)
        await produce(log, topic, 2, numbered(1))
        await until('a record of a new partition', () => polling.seen.includes('2:0'))
        await polling.stop()
      })
    })

    describe.each(deliveries)('a unit of work, %s,', (delivery) => {
      let output = ''
      let reader: LogReader
      let session: WorkSession

      beforeEach(async () => {
        output = await createTopic(2)
        await produce(log, topic, 0, numbered(10))
        reader = await openGroup()
        session = await log.openWork(reader, { delivery })
        await readCount(reader, 10)
      })

      const outputs = async (on: Log = log): Promise<(string | null)[]> => {
        const ends = await on.admin.offsets(output)
        const tail = await on.openReader({
          partitions: ends.map(({ partition }) => ({ topic: output, partition, offset: 'earliest' as const })),
        })
        const records = await readFor(tail, SILENCE_MS)
        await tail.close()
        return values(records).sort()
      }

      test('makes outputs and offsets visible together', async () => {
        const work = session.begin()
        appendTo(work, { topic: output, partition: 0 }, ['a'])
        appendTo(work, { topic: output, partition: 1 }, ['b'])
        work.advance(at(0), 10n)
        await work.commit()
        expect(await outputs()).toEqual(['a', 'b'])
        expect(await reader.committed(at(0))).toBe(10n)
      })

      test('that is aborted leaves nothing, and its records may be handled again without another poll', async () => {
        const given = session.begin()
        appendTo(given, { topic: output, partition: 0 }, ['given up'])
        given.advance(at(0), 10n)
        await given.abort()
        expect(await outputs()).toEqual([])
        expect(await reader.committed(at(0))).toBeUndefined()
        const again = session.begin()
        appendTo(again, { topic: output, partition: 0 }, ['done'])
        again.advance(at(0), 10n)
        await again.commit()
        expect(await outputs()).toEqual(['done'])
        expect(await reader.committed(at(0))).toBe(10n)
      })

      test('whose output fails leaves the offset where it was', async () => {
        const failing = session.begin()
        appendTo(failing, { topic: `${output}-missing`, partition: 0 }, ['lost'])
        failing.advance(at(0), 10n)
        await expect(failing.commit()).rejects.toThrow(DependencyError)
        await failing.abort()
        expect(await reader.committed(at(0))).toBeUndefined()
        reader.seek(at(0), 0n)
        expect(values(await readCount(reader, 10)), 'the batch can be repeated').toHaveLength(10)
        await commitOne(session, at(0), 10n)
        expect(await reader.committed(at(0))).toBe(10n)
      })

      test('never commits past a record that an earlier unit still has', async () => {
        const early = session.begin()
        early.advance(at(0), 4n)
        const late = session.begin()
        late.advance(at(0), 10n)
        await late.commit()
        expect(await reader.committed(at(0))).toBeUndefined()
        await early.commit()
        expect(await reader.committed(at(0))).toBe(10n)
      })

      test('refuses to go back and to go past what was polled', async () => {
        const work = session.begin()
        work.advance(at(0), 5n)
        expect(() => work.advance(at(0), 4n)).toThrow(InvariantError)
        expect(() => work.advance(at(0), 11n)).toThrow(InvariantError)
        work.advance(at(0), 10n)
        await work.commit()
        expect(await reader.committed(at(0))).toBe(10n)
        await expect(work.commit()).rejects.toThrow(InvariantError)
      })
    })

    test('a delivery that the driver cannot keep is refused, and work without a group too', async () => {
      const reader = await openGroup()
      for (const delivery of ['at_least_once', 'exactly_once'] as const) {
        const opening = log.openWork(reader, { delivery })
        if (deliveries.includes(delivery)) await (await opening).close()
        else await expect(opening).rejects.toThrow(ConfigError)
      }
      const tail = await log.openReader({ partitions: [{ ...at(0), offset: 'earliest' }] })
      await expect(log.openWork(tail, { delivery: 'at_least_once' })).rejects.toThrow(ConfigError)
    })

    describe('a reader of named partitions', () => {
      test('sees what is there and what comes, of the partitions it names alone', async () => {
        topic = await createTopic(3)
        for (const partition of [0, 1, 2]) await produce(log, topic, partition, numbered(4, partition * 10))
        const reader = await log.openReader({
          partitions: [
            { ...at(0), offset: 'earliest' },
            { ...at(1), offset: 'latest' },
            { ...at(2), offset: 2n },
          ],
        })
        expect(reader.assigned.map(partitionName)).toEqual([0, 1, 2].map((partition) => partitionName(at(partition))))
        expect(values(await readCount(reader, 6)).sort()).toEqual(['0', '1', '2', '22', '23', '3'])
        for (const partition of [0, 1, 2]) await produce(log, topic, partition, numbered(1, 100 + partition))
        expect(values(await readCount(reader, 3)).sort()).toEqual(['100', '101', '102'])
        expect(reader.position(at(0))).toBe(5n)
        reader.seek(at(0), 4n)
        expect(values(await readCount(reader, 1))).toEqual(['100'])
      })

      test('shares partitions with any number of others, and commits nothing', async () => {
        await produce(log, topic, 0, numbered(2))
        const readers = await Promise.all(
          [1, 2].map(() => log.openReader({ partitions: [{ ...at(0), offset: 'earliest' }] })),
        )
        for (const reader of readers) expect(values(await readCount(reader, 2))).toEqual(['0', '1'])
        expect(await readers[0]!.committed(at(0))).toBeUndefined()
      })

      test('refuses a partition that does not exist', async () => {
        await expect(log.openReader({ partitions: [{ ...at(5), offset: 'earliest' }] })).rejects.toThrow(
          DependencyError,
        )
        const missing = { topic: `${topic}-missing`, partition: 0, offset: 'earliest' } as const
        await expect(log.openReader({ partitions: [missing] })).rejects.toThrow(DependencyError)
      })
    })

    describe('the administration', () => {
      test('creates topics, leaves existing ones alone, and describes those that exist', async () => {
        const created = `contract-${run}-${count++}`
        const spec = { name: created, partitions: 3, replication: 1, config: { 'cleanup.policy': 'compact' } }
        await log.admin.createTopics([spec])
        await log.admin.createTopics([{ ...spec, partitions: 5 }])
        const [described, ...more] = await log.admin.describeTopics([`${created}-missing`, created])
        expect(more).toEqual([])
        expect(described).toMatchObject({ name: created, partitions: 3, replication: 1 })
        expect(described!.config['cleanup.policy']).toBe('compact')
        const all = await log.admin.describeTopics()
        expect(all.map((each) => each.name)).toEqual(expect.arrayContaining([created, topic]))
      })

      test('raises partition counts and refuses to lower them', async () => {
        await log.admin.addPartitions(topic, 4)
        expect((await log.admin.describeTopics([topic]))[0]!.partitions).toBe(4)
        await log.admin.addPartitions(topic, 4)
        await expect(log.admin.addPartitions(topic, 2)).rejects.toThrow(DependencyError)
        await expect(log.admin.addPartitions(`${topic}-missing`, 2)).rejects.toThrow(DependencyError)
      })

      test('changes the settings it is given and leaves the others', async () => {
        await log.admin.alterTopicConfig(topic, { 'retention.ms': '3600000' })
        await log.admin.alterTopicConfig(topic, { 'max.message.bytes': '2000000' })
        const [described] = await log.admin.describeTopics([topic])
        expect(described!.config).toMatchObject({ 'retention.ms': '3600000', 'max.message.bytes': '2000000' })
        await expect(log.admin.alterTopicConfig(`${topic}-missing`, {})).rejects.toThrow(DependencyError)
      })

      test('finds the first and the last offset, and the first record of a time', async () => {
        topic = await createTopic(2)
        const times = [1_000, 2_000, 2_000, 3_000].map((timestampMs) => ({ value: 'x', timestampMs }))
        await produce(log, topic, 1, times)
        expect(await log.admin.offsets(topic)).toEqual([
          { partition: 0, earliest: 0n, latest: 0n },
          { partition: 1, earliest: 0n, latest: 4n },
        ])
        const found = async (timestampMs: number) =>
          (await log.admin.offsetsForTime(topic, timestampMs)).map(({ offset }) => offset)
        expect(await found(0)).toEqual([undefined, 0n])
        expect(await found(1_001)).toEqual([undefined, 1n])
        expect(await found(3_000)).toEqual([undefined, 3n])
        expect(await found(3_001)).toEqual([undefined, undefined])
        await expect(log.admin.offsets(`${topic}-missing`)).rejects.toThrow(DependencyError)
        expect(await log.admin.committedOffsets(`${group}-missing`, topic)).toEqual([
          { partition: 0, offset: undefined },
          { partition: 1, offset: undefined },
        ])
      })
    })
  })
}
