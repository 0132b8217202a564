import { DEAD_LETTER_HEADERS, desiredTopics, HEADERS, readAuditRecord } from '@sluice/contracts'
import { systemClock } from '@sluice/runtime'
import type { FaultPlan } from '@sluice/stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readRanges, wholeTopic } from '../log/read-range.ts'
import { headerText, type LogRecord, slabRecord } from '../log/slab-record.ts'
import { type MemoryCli, memoryCli, type WrittenRecord } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(async () => {
  cli = memoryCli()
  await cli.log.admin.createTopics(desiredTopics(cli.config))
})
afterEach(() => cli.close())

const replay = (...args: string[]) => cli.run(['replay', '--config', cli.configFile, '--json', ...args])
const summary = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await replay(...args)
  expect(exitCode, stderr).toBe(0)
  return JSON.parse(stdout) as { selected: object[]; alreadyReplayed: number; stuck: object; replayed: number }
}
const records = async (topic: string): Promise<LogRecord[]> => {
  const found: LogRecord[] = []
  await readRanges({
    log: cli.log,
    ranges: await wholeTopic(cli.log, topic),
    signal: new AbortController().signal,
    visit: (slab, count) => {
      for (let i = 0; i < count; i++) found.push(slabRecord(slab, i))
      return true
    },
  })
  return found
}

const HOUR_MS = 3_600_000
function letter(
  offset: number,
  over: { topic?: string; code?: string; stage?: string; agoMs?: number } = {},
): WrittenRecord {
  const { topic = 'churn.v7', code = 'E_SCHEMA_UNKNOWN', stage = 'scorer', agoMs = 0 } = over
  return {
    key: `C${offset}`,
    value: `event ${offset}`,
    timestampMs: Date.now() - agoMs,
    headers: [
      ['ce_id', `ce-${offset}`],
      [HEADERS.origin, `1:${offset}`],
      [DEAD_LETTER_HEADERS.topic, topic],
      [DEAD_LETTER_HEADERS.partition, '1'],
      [DEAD_LETTER_HEADERS.offset, String(offset)],
      [DEAD_LETTER_HEADERS.timestamp, String(1_700_000_000_000 + offset)],
      [DEAD_LETTER_HEADERS.stage, stage],
      [DEAD_LETTER_HEADERS.code, code],
    ],
  }
}

test('without --apply it counts, and changes nothing', async () => {
  await cli.write('churn.dlq', 1, [letter(1), letter(2), letter(3, { topic: 'churn.events', stage: 'router' })])
  expect(await summary()).toMatchObject({
    applied: false,
    selected: [
      { topic: 'churn.v7', stage: 'scorer', code: 'E_SCHEMA_UNKNOWN', count: 2 },
      { topic: 'churn.events', stage: 'router', code: 'E_SCHEMA_UNKNOWN', count: 1 },
    ],
    replayed: 0,
  })
  expect(await records('churn.v7')).toEqual([])
  expect(await records('churn.audit')).toEqual([])
})

test('a record goes back to its topic, partition and time, without the headers of a dead letter and marked', async () => {
  await cli.write('churn.dlq', 1, [letter(40)])
  expect(await summary('--apply', '--reason', 'schema is there now')).toMatchObject({ replayed: 1 })
  const [back, ...more] = await records('churn.v7')
  expect(more).toEqual([])
  expect(back).toMatchObject({ partition: 1, timestampMs: 1_700_000_000_040 })
  expect(Buffer.from(back!.key!).toString()).toBe('C40')
  expect(Buffer.from(back!.value!).toString()).toBe('event 40')
  expect(back!.headers.map((h) => [h.name, Buffer.from(h.value!).toString()])).toEqual([
    ['ce_id', 'ce-40'],
    [HEADERS.origin, '1:40'],
    [HEADERS.replay, '1:0'],
  ])
  const [audit] = await records('churn.audit')
  expect(readAuditRecord(audit!.value)).toMatchObject({
    actor: 'ada',
    action: 'replay.apply',
    endpoint: 'churn',
    reason: 'schema is there now',
    after: { topic: 'churn.dlq', partition: 1, offsets: [['0', '0']] },
  })
})

test('a null key and a null value go back as null', async () => {
  await cli.write('churn.dlq', 1, [{ ...letter(1), key: null, value: null }])
  await summary('--apply')
  expect(await records('churn.v7')).toMatchObject([{ key: null, value: null }])
})

describe('nothing is put back twice', () => {
  test('by a second replay', async () => {
    await cli.write('churn.dlq', 1, [letter(1), letter(2)])
    await cli.write('churn.dlq', 2, [letter(3)])
    expect(await summary('--apply')).toMatchObject({ replayed: 3 })
    expect(await summary('--apply')).toMatchObject({ replayed: 0, alreadyReplayed: 3, selected: [] })
    await cli.write('churn.dlq', 1, [letter(4)])
    expect(await summary('--apply')).toMatchObject({ replayed: 1, alreadyReplayed: 3 })
    expect(await records('churn.v7')).toHaveLength(4)
  })

  test('after a filter that left some behind, which a later replay still finds', async () => {
    const codes = ['E_SCHEMA_UNKNOWN', 'E_FEATURE_TYPE', 'E_SCHEMA_UNKNOWN', 'E_FEATURE_TYPE']
    await cli.write(
      'churn.dlq',
      1,
      codes.map((code, i) => letter(i, { code })),
    )
    expect(await summary('--apply', '--code', 'E_FEATURE_TYPE')).toMatchObject({ replayed: 2 })
    expect(await summary('--apply')).toMatchObject({ replayed: 2, alreadyReplayed: 2 })
    const offsets = (await records('churn.v7')).map((r) => headerText(r, HEADERS.replay)).sort()
    expect(offsets).toEqual(['1:0', '1:1', '1:2', '1:3'])
  })

  test.each(['produce', 'commit'] as const)('when the log fails before a %s', async (operation) => {
    await cli.write('churn.dlq', 1, [letter(1), letter(2), letter(3)])
    let left = 2
    const faults: FaultPlan = {
      at: (point) =>
        point.operation === operation && point.phase === 'before' && left-- === 1 ? { kind: 'fail' } : undefined,
    }
    const broken = await cli.run(['replay', '--apply', '--rate', '1', '--config', cli.configFile], {
      openLog: async () => cli.broker.connect('failing', { faults }),
      clock: { ...systemClock, sleep: async () => {} },
    })
    expect(broken.exitCode).toBe(1)
    expect(broken.stderr).toContain('planned failure')
    expect(await records('churn.v7'), 'one went back before the failure').toHaveLength(1)
    expect(await summary('--apply')).toMatchObject({ replayed: 2, alreadyReplayed: 1 })
    const marks = (await records('churn.v7')).map((r) => headerText(r, HEADERS.replay))
    expect(marks.sort()).toEqual(['1:0', '1:1', '1:2'])
  })
})

test('it goes back in steps of the rate, and waits between them', async () => {
  await cli.write(
    'churn.dlq',
    1,
    Array.from({ length: 10 }, (_, i) => letter(i)),
  )
  const slept: number[] = []
  const clock = {
    nowMs: () => 1_800_000_000_000,
    monotonicMs: () => 0,
    sleep: async (ms: number) => void slept.push(ms),
  }
  const { exitCode } = await cli.run(['replay', '--apply', '--rate', '4', '--config', cli.configFile], { clock })
  expect(exitCode).toBe(0)
  expect(slept).toEqual([1_000, 1_000, 500])
  expect(await records('churn.v7')).toHaveLength(10)
  expect(await records('churn.audit')).toHaveLength(3)
})

test('filters by stage and time', async () => {
  await cli.write('churn.dlq', 1, [
    letter(1, { agoMs: 3 * HOUR_MS }),
    letter(2, { agoMs: HOUR_MS, stage: 'router' }),
    letter(3, { agoMs: HOUR_MS }),
    letter(4),
  ])
  const counted = async (...args: string[]) => (await summary(...args)).selected
  expect(await counted('--since', '2h', '--until', '30m', '--stage', 'scorer')).toMatchObject([{ count: 1 }])
  expect(await counted('--since', '2h')).toMatchObject([{ count: 1 }, { count: 2 }])
  expect(await counted('--until', '2020-01-01T00:00:00Z')).toEqual([])
})

test('what cannot go back stays, with the reason', async () => {
  const lost = { ...letter(1), headers: letter(1).headers!.filter(([name]) => name !== DEAD_LETTER_HEADERS.partition) }
  const big = { ...letter(3), value: 'x'.repeat(1_200_000) }
  await cli.write('churn.dlq', 1, [lost, letter(2, { topic: 'churn.v6' })])
  await cli.log.admin.alterTopicConfig('churn.v7', { 'max.message.bytes': '1000000' })
  await cli.write('churn.dlq', 1, [big], 4_000_000)
  expect(await summary('--apply')).toMatchObject({
    replayed: 0,
    stuck: {
      'its headers do not say where it came from': 1,
      'churn.v6 is not a topic of the configured versions': 1,
      'it is larger than max.message.bytes of churn.v7': 1,
    },
  })
  expect(await records('churn.audit')).toEqual([])
})

test('two replays of one endpoint do not run at the same time', async () => {
  await cli.write('churn.dlq', 0, [letter(1)])
  const other = await cli.log.openReader({ group: 'sluice-replay.churn.dlq', topics: ['churn.dlq'], from: 'earliest' })
  const stop = new AbortController()
  // The other one keeps its share by asking for records, as a running replay does.
  const holding = (async () => {
    while (!stop.signal.aborted) await other.poll({ maxWaitMs: 20, signal: stop.signal })
  })()
  let waitedMs = 0
  const clock = { nowMs: () => Date.now(), monotonicMs: () => (waitedMs += 10_000), sleep: async () => {} }
  const result = await cli.run(['replay', '--apply', '--config', cli.configFile], { clock })
  stop.abort()
  await holding
  await other.close()
  expect(result.exitCode).toBe(1)
  expect(result.stderr).toContain('Another replay of this endpoint is running')
  expect(await records('churn.v7')).toEqual([])
})

test.each<[string, readonly string[], RegExp]>([
  ['an unknown code', ['--code', 'E_NOPE'], /must be one of E_VALUE_NULL/],
  ['a rate of 0', ['--rate', '0'], /whole number from 1 to 1000000/],
  ['a stage that is none', ['--stage', 'kitchen'], /router, scorer or feedback/],
  ['a time that is none', ['--since', 'yesterday'], /write a time/],
])('%s is a usage error', async (_what, args, message) => {
  const { exitCode, stderr } = await replay(...args)
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(message)
})
