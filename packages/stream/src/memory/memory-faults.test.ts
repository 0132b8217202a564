import { DependencyError } from '@sluice/contracts'
import { beforeEach, describe, expect, test } from 'vitest'
import { appendTo, numbered, produce, recordsOf, values } from '../contract/log-records.ts'
import { type Delivery, type LogReader, OwnershipLostError, type WorkSession } from '../log.ts'
import type { Fault, FaultPlan, FaultPoint } from './fault-plan.ts'
import { ProcessCrashedError } from './fault-plan.ts'
import { type MemoryBroker, type MemoryLog, memoryBroker } from './memory-log.ts'
import { VirtualClock } from './virtual-clock.ts'

const SESSION_MS = 10_000
const DELIVERIES = ['at_least_once', 'exactly_once'] as const
const input = { topic: 'in', partition: 0 }
const output = { topic: 'out', partition: 0 }

let clock: VirtualClock
let broker: MemoryBroker
let observer: MemoryLog

beforeEach(async () => {
  clock = new VirtualClock()
  broker = memoryBroker({ clock, sessionTimeoutMs: SESSION_MS })
  observer = broker.connect('observer')
  await observer.admin.createTopics(['in', 'out'].map((name) => ({ name, partitions: 1, replication: 1, config: {} })))
  await produce(observer, 'in', 0, numbered(3))
})

/** Strikes once, the first time the named point is reached. */
function faultAt(operation: FaultPoint['operation'], phase: FaultPoint['phase'], fault: Fault): FaultPlan {
  let struck = false
  return {
    at: (point) => {
      if (struck || point.operation !== operation || point.phase !== phase) return undefined
      struck = true
      return fault
    },
  }
}

interface Worker {
  readonly log: MemoryLog
  readonly reader: LogReader
  readonly session: WorkSession
}

async function startWorker(client: string, delivery: Delivery, faults?: FaultPlan): Promise<Worker> {
  const log = broker.connect(client, faults === undefined ? {} : { faults })
  const reader = await log.openReader({ group: 'g', topics: ['in'], from: 'earliest' })
  return { log, reader, session: await log.openWork(reader, { delivery }) }
}

/** One turn of a loop: copies what is there to the output. */
async function turn({ reader, session }: Worker): Promise<(string | null)[]> {
  const slabs = await reader.poll({ maxWaitMs: 0 })
  const seen = values(recordsOf(slabs))
  const work = session.begin()
  appendTo(
    work,
    output,
    seen.map((value) => `${value}!`),
  )
  for (const slab of slabs) work.advance(slab, slab.nextOffset)
  await work.commit()
  return seen
}

async function visible(
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<(string | null)[]> {
  const reader = await observer.openReader({ partitions: [{ ...output, offset: 'earliest' }], isolation })
  return values(recordsOf(await reader.poll({ maxWaitMs: 0 })))
}

async function committed(): Promise<bigint | undefined> {
  return (await observer.admin.committedOffsets('g', 'in'))[0]!.offset
}

/** A crashed worker's partition moves after the session time-out; the heir does what is left to do. */
async function inherit(delivery: Delivery): Promise<void> {
  const starting = startWorker('heir', delivery)
  await clock.advance(SESSION_MS - 1)
  let early = true
  void starting.then(() => {
    early = clock.nowMs() < SESSION_MS
  })
  await clock.advance(1)
  const heir = await starting
  expect(early, 'the partition moved before the session time-out').toBe(false)
  if ((await committed()) === undefined) expect(await turn(heir)).toEqual(['0', '1', '2'])
  expect(await committed()).toBe(3n)
  expect(await heir.reader.poll({ maxWaitMs: 0 })).toEqual([])
}

describe('a crash', () => {
  const once = ['0!', '1!', '2!']
  const twice = [...once, ...once]
  test.each([
    { delivery: 'at_least_once', operation: 'produce', phase: 'before', written: once },
    { delivery: 'at_least_once', operation: 'produce', phase: 'after', written: twice },
    { delivery: 'at_least_once', operation: 'commit', phase: 'before', written: twice },
    { delivery: 'at_least_once', operation: 'commit', phase: 'after', written: once },
    { delivery: 'exactly_once', operation: 'produce', phase: 'before', written: once },
    { delivery: 'exactly_once', operation: 'produce', phase: 'after', written: once },
    { delivery: 'exactly_once', operation: 'commit', phase: 'before', written: once },
    { delivery: 'exactly_once', operation: 'commit', phase: 'after', written: once },
  ] as const)('$phase $operation, $delivery: nothing is lost', async ({ delivery, operation, phase, written }) => {
    const worker = await startWorker('victim', delivery, faultAt(operation, phase, { kind: 'crash' }))
    await expect(turn(worker)).rejects.toThrow(ProcessCrashedError)
    await expect(worker.reader.poll({ maxWaitMs: 0 })).rejects.toThrow(ProcessCrashedError)
    await inherit(delivery)
    expect(await visible()).toEqual(written)
  })

  test('during poll ends the poll', async () => {
    const worker = await startWorker('victim', 'at_least_once')
    await turn(worker)
    const polled = expect(worker.reader.poll({ maxWaitMs: 60_000 })).rejects.toThrow(ProcessCrashedError)
    worker.log.crash()
    await polled
  })
})

describe('a transaction', () => {
  test('that a crash left open hides what comes after it until it is given up', async () => {
    const worker = await startWorker('victim', 'exactly_once', faultAt('commit', 'before', { kind: 'crash' }))
    await expect(turn(worker)).rejects.toThrow(ProcessCrashedError)
    await produce(observer, 'out', 0, [{ value: 'behind it' }])
    expect(await visible()).toEqual([])
    expect(await visible('read_uncommitted')).toEqual(['0!', '1!', '2!', 'behind it'])
    await clock.advance(SESSION_MS)
    expect(await visible()).toEqual(['behind it'])
  })

  test('whose marker is the newest record is passed over by readers and commits', async () => {
    const first = await startWorker('first', 'exactly_once')
    await turn(first)
    const tail = await observer.openReader({ group: 'tail', topics: ['out'], from: 'earliest' })
    const session = await observer.openWork(tail, { delivery: 'at_least_once' })
    const slabs = await tail.poll({ maxWaitMs: 0 })
    expect(await tail.poll({ maxWaitMs: 0 })).toEqual([])
    const work = session.begin()
    for (const slab of slabs) work.advance(slab, slab.nextOffset)
    await work.commit()
    expect(await tail.committed(output), 'three records and a marker').toBe(4n)
  })
})

describe('a failure', () => {
  test.each(DELIVERIES)('with an unknown outcome, %s: repeated, nothing is lost', async (delivery) => {
    const worker = await startWorker('w', delivery, faultAt('produce', 'after', { kind: 'fail' }))
    await expect(turn(worker)).rejects.toThrow(DependencyError)
    expect(await committed()).toBeUndefined()
    worker.reader.seek(input, 0n)
    expect(await turn(worker)).toEqual(['0', '1', '2'])
    const repeats = delivery === 'exactly_once' ? 1 : 2
    expect(await visible()).toHaveLength(3 * repeats)
  })

  test('of a poll loses nothing', async () => {
    const worker = await startWorker('w', 'at_least_once', faultAt('poll', 'before', { kind: 'fail' }))
    await expect(turn(worker)).rejects.toThrow(DependencyError)
    expect(await turn(worker)).toEqual(['0', '1', '2'])
  })
})

test.each(DELIVERIES)('a process that stood still too long cannot commit, %s, and comes back', async (delivery) => {
  const zombie = await startWorker(
    'zombie',
    delivery,
    faultAt('commit', 'before', { kind: 'freeze', ms: 3 * SESSION_MS }),
  )
  const outcome = turn(zombie).then(
    () => undefined,
    (error: unknown) => error,
  )
  await clock.advance(0)
  await inherit(delivery)
  await clock.advance(3 * SESSION_MS)
  expect(await outcome).toBeInstanceOf(OwnershipLostError)
  expect(await visible()).toEqual(
    delivery === 'exactly_once' ? ['0!', '1!', '2!'] : ['0!', '1!', '2!', '0!', '1!', '2!'],
  )
  expect(await committed()).toBe(3n)
})

test('a short freeze costs nothing but time', async () => {
  const worker = await startWorker(
    'w',
    'at_least_once',
    faultAt('commit', 'before', { kind: 'freeze', ms: SESSION_MS }),
  )
  const turned = turn(worker)
  await clock.advance(SESSION_MS)
  expect(await turned).toEqual(['0', '1', '2'])
  expect(await committed()).toBe(3n)
})

test('a delay takes virtual time', async () => {
  const worker = await startWorker('w', 'at_least_once', faultAt('poll', 'after', { kind: 'delay', ms: 1_500 }))
  const turned = turn(worker)
  await clock.advance(1_499)
  expect(await committed()).toBeUndefined()
  await clock.advance(1)
  expect(await turned).toEqual(['0', '1', '2'])
})

test('duplicates are written by the broker, or delivered again', async () => {
  const writer = await startWorker('w', 'at_least_once', faultAt('produce', 'before', { kind: 'duplicate' }))
  await turn(writer)
  expect(await visible()).toEqual(['0!', '1!', '2!', '0!', '1!', '2!'])
  await writer.reader.close()
  await produce(observer, 'in', 0, numbered(2, 3))
  const reader = await startWorker('r', 'at_least_once', faultAt('poll', 'after', { kind: 'duplicate' }))
  expect(await turn(reader)).toEqual(['3', '4'])
  expect(await turn(reader)).toEqual(['3', '4'])
  expect(await reader.reader.poll({ maxWaitMs: 0 })).toEqual([])
  expect(await committed()).toBe(5n)
})
