import { HEADERS } from '@sluice/contracts'
import { CompiledPlan, type RoutePlan } from '@sluice/routing'
import { type Fault, type FaultPlan, ProcessCrashedError } from '@sluice/stream'
import { rng } from '@sluice/testing'
import { describe, expect, it } from 'vitest'
import { type NewRecord, RouterWorld, type SeenRecord } from './router-world.ts'

function plan(generation: number, weightsBp: readonly number[], shadows: readonly number[] = []): RoutePlan {
  return {
    generation,
    endpoint: 'churn',
    salt: 'churn',
    variants: weightsBp.map((weightBp, i) => ({ name: `v${7 + i}`, model: 'churn', version: 7 + i, weightBp })),
    shadows: shadows.map((percentBp, i) => ({ name: `s${20 + i}`, model: 'churn', version: 20 + i, percentBp })),
  }
}

/** Events with keys of their own in every partition, numbered so that a value names its event. */
function events(count: number, partitions: number, keyPrefix = 'customer-'): NewRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    partition: i % partitions,
    key: `${keyPrefix}${i % Math.ceil(count / 2)}`,
    value: `{"n":${i}}`,
    headers: [['ce_id', `id-${i}`]],
  }))
}

const header = (record: SeenRecord, name: string): string | null | undefined =>
  record.headers.findLast(([of]) => of === name)?.[1]
const originOf = (record: SeenRecord): string => header(record, HEADERS.origin) ?? ''
const positionOf = (record: SeenRecord): string => `${record.partition}:${record.offset}`

function expectedVariant(of: RoutePlan, key: string | null): number {
  const bytes = new TextEncoder().encode(key ?? '')
  return of.variants[new CompiledPlan(of).variantIndex(bytes, 0, key === null ? -1 : bytes.length)]!.version
}

async function readVersions(
  world: RouterWorld,
  versions: readonly number[],
): Promise<Map<number, readonly SeenRecord[]>> {
  const out = new Map<number, readonly SeenRecord[]>()
  for (const version of versions) out.set(version, await world.read(world.topics.version(version)))
  return out
}

describe('runRouteLoop', () => {
  it('copies every event to the topic of its variant, byte for byte, in its partition and in order', async () => {
    const world = new RouterWorld(3)
    await world.createTopics([7, 8, 9])
    const split = plan(4, [5000, 3000, 2000])
    await world.publish(split)
    const binary = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
    await world.produce(world.topics.events, [
      { partition: 1, key: binary, value: binary, headers: [] },
      {
        partition: 2,
        key: 'with headers',
        value: '',
        headers: [
          ['traceparent', '00-1-1-00'],
          ['dup', 'a'],
          ['dup', null],
          ['empty', ''],
          [HEADERS.origin, 'forged'],
          ['big', 'x'.repeat(300)],
        ],
      },
      ...events(600, 3),
    ])
    const router = world.startRouter('router-1')
    expect(await world.routeEverything()).toBe(true)
    await router.stop()

    const sources = await world.read(world.topics.events)
    const outputs = await readVersions(world, [7, 8, 9])
    const byOrigin = new Map<string, { version: number; record: SeenRecord }>()
    for (const [version, records] of outputs) {
      for (const record of records) {
        expect(byOrigin.has(originOf(record)), 'an event is copied once').toBe(false)
        byOrigin.set(originOf(record), { version, record })
      }
      for (let partition = 0; partition < 3; partition++) {
        const offsets = records.filter((r) => r.partition === partition).map((r) => Number(originOf(r).split(':')[1]))
        expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
      }
    }
    expect(byOrigin.size).toBe(sources.length)
    for (const source of sources) {
      const { version, record } = byOrigin.get(positionOf(source))!
      if (source.key !== binary) expect(version).toBe(expectedVariant(split, source.key))
      expect(record.partition).toBe(source.partition)
      expect(record.timestamp).toBe(source.timestamp)
      expect(record.key).toBe(source.key)
      expect(record.value).toBe(source.value)
      expect(record.headerBytes.subarray(0, source.headerBytes.length)).toEqual(source.headerBytes)
      expect(record.headers.slice(source.headers.length)).toEqual([
        [HEADERS.origin, positionOf(source)],
        [HEADERS.plan, '4'],
        [HEADERS.mode, 'live'],
      ])
    }
    for (const [version, records] of outputs) {
      const labels = {
        endpoint: 'churn',
        variant: `v${version}`,
        model: 'churn',
        model_version: `${version}`,
        mode: 'live',
      }
      expect(world.telemetry.value('sluice_events_routed_total', labels)).toBe(records.length)
    }
    expect(world.telemetry.value('sluice_plan_generation', { endpoint: 'churn' })).toBe(4)
  })

  it('gives a variant of weight zero nothing', async () => {
    const world = new RouterWorld(2)
    await world.createTopics([7, 8])
    await world.publish(plan(1, [10_000, 0]))
    await world.produce(world.topics.events, events(200, 2))
    const router = world.startRouter('router-1')
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    const outputs = await readVersions(world, [7, 8])
    expect(outputs.get(7)).toHaveLength(200)
    expect(outputs.get(8)).toHaveLength(0)
  })

  it('copies to several shadows by the share of keys, the smaller sample within the larger', async () => {
    const world = new RouterWorld(2)
    await world.createTopics([7, 20, 21, 22])
    await world.publish(plan(1, [10_000], [10_000, 2500, 0]))
    await world.produce(world.topics.events, events(2000, 2))
    const router = world.startRouter('router-1')
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    const outputs = await readVersions(world, [7, 20, 21, 22])
    expect(outputs.get(20)!.map(originOf)).toEqual(outputs.get(7)!.map(originOf))
    expect(outputs.get(22)).toHaveLength(0)
    const sampledKeys = new Set(outputs.get(21)!.map((r) => r.key))
    // 1,000 keys at 25 %: a binomial with standard deviation 13.7; four of them on either side.
    expect(sampledKeys.size).toBeGreaterThan(195)
    expect(sampledKeys.size).toBeLessThan(305)
    const sampledEvents = outputs.get(7)!.filter((r) => sampledKeys.has(r.key))
    expect(outputs.get(21)!.map(originOf)).toEqual(sampledEvents.map(originOf))
    for (const record of outputs.get(21)!) expect(header(record, HEADERS.mode)).toBe('shadow')
    const labels = { endpoint: 'churn', variant: 's21', model: 'churn', model_version: '21', mode: 'shadow' }
    expect(world.telemetry.value('sluice_events_routed_total', labels)).toBe(outputs.get(21)!.length)
  })

  it('sends events without a key to the champion and to shadows of all keys, and counts them', async () => {
    const world = new RouterWorld(1)
    await world.createTopics([7, 8, 20, 21])
    await world.publish(plan(1, [0, 10_000], [10_000, 9999]))
    await world.produce(world.topics.events, [
      { partition: 0, key: null, value: 'a' },
      { partition: 0, key: '', value: 'b' },
    ])
    const router = world.startRouter('router-1')
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    const outputs = await readVersions(world, [7, 8, 20, 21])
    expect(outputs.get(7)!.map((r) => [r.key, r.value])).toEqual([[null, 'a']])
    expect(outputs.get(8)!.map((r) => [r.key, r.value])).toEqual([['', 'b']])
    expect(outputs.get(20)!.map((r) => r.value)).toEqual(['a', 'b'])
    expect(outputs.get(21)!.map((r) => r.value)).toEqual(['b'])
    expect(world.telemetry.value('sluice_events_unassigned_total', { endpoint: 'churn' })).toBe(1)
  })

  it('counts tombstones as skipped and buries what is too large, with the original bytes', async () => {
    const world = new RouterWorld(1, 8 * 1024 * 1024)
    await world.createTopics([7])
    await world.publish(plan(1, [10_000]))
    const large = 'x'.repeat(1_048_500)
    await world.produce(world.topics.events, [
      { partition: 0, key: 'k0', value: null },
      { partition: 0, key: 'k1', value: 'y'.repeat(1_048_577) },
      // Below the limit on values, but with its headers above what a version topic takes.
      { partition: 0, key: 'k2', value: large, headers: [['h', 'v']] },
      { partition: 0, key: 'k3', value: 'fine' },
    ])
    const router = world.startRouter('router-1')
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    expect((await world.read(world.topics.version(7))).map((r) => r.key)).toEqual(['k3'])
    const dead = await world.read(world.topics.deadLetters)
    expect(dead.map((r) => [r.key, header(r, 'sluice-dlq-code'), header(r, 'sluice-dlq-offset')])).toEqual([
      ['k1', 'E_VALUE_TOO_LARGE', '1'],
      ['k2', 'E_OUTPUT_TOO_LARGE', '2'],
    ])
    expect(dead[1]!.value).toBe(large)
    expect(dead[1]!.headers[0]).toEqual(['h', 'v'])
    expect(dead[1]!.headers.map(([name]) => name)).toContain('sluice-dlq-stage')
    const stage = { endpoint: 'churn', stage: 'router' }
    expect(world.telemetry.value('sluice_records_skipped_total', { ...stage, reason: 'tombstone' })).toBe(1)
    expect(world.telemetry.value('sluice_dead_letters_total', { ...stage, code: 'E_VALUE_TOO_LARGE' })).toBe(1)
    expect(world.telemetry.value('sluice_dead_letters_total', { ...stage, code: 'E_OUTPUT_TOO_LARGE' })).toBe(1)
  })

  it('routes a value of exactly the limit', async () => {
    const world = new RouterWorld(1)
    await world.createTopics([7])
    await world.publish(plan(1, [10_000]))
    await world.produce(world.topics.events, [
      { partition: 0, key: 'a', value: 'x'.repeat(100) },
      { partition: 0, key: 'b', value: 'x'.repeat(101) },
    ])
    const router = world.startRouter('router-1', { maxValueBytes: 100 })
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    expect((await world.read(world.topics.version(7))).map((r) => r.key)).toEqual(['a'])
    expect((await world.read(world.topics.deadLetters)).map((r) => r.key)).toEqual(['b'])
  })

  it('routes nothing before there is a plan, says so, and follows the first one', async () => {
    const world = new RouterWorld(2)
    await world.createTopics([7])
    await world.produce(world.topics.events, events(10, 2))
    const router = world.startRouter('router-1')
    await world.clock.advance(30_000)
    expect(router.health()).toBe('no route plan yet in churn.control')
    expect(await world.read(world.topics.version(7))).toHaveLength(0)
    await world.publish(plan(1, [10_000]))
    expect(await world.routeEverything()).toBe(true)
    expect(router.health()).toBeUndefined()
    await router.stop()
    expect(await world.read(world.topics.version(7))).toHaveLength(10)
  })

  it('waits for topics that are not there yet', async () => {
    const world = new RouterWorld(2)
    const router = world.startRouter('router-1')
    await world.clock.advance(30_000)
    await world.createTopics([7])
    await world.publish(plan(1, [10_000]))
    await world.produce(world.topics.events, events(10, 2))
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    expect(await world.read(world.topics.version(7))).toHaveLength(10)
  })

  it('switches to a newer plan in mid-stream and never back, moving only the difference', async () => {
    const world = new RouterWorld(2)
    await world.createTopics([7, 8])
    const plans = [plan(1, [9000, 1000]), plan(2, [5000, 5000])]
    await world.publish(plans[0]!)
    const router = world.startRouter('router-1')
    await world.produce(world.topics.events, events(400, 2))
    expect(await world.routeEverything()).toBe(true)
    await world.publish(plans[1]!, 1)
    await world.clock.advance(2_000)
    await world.publish(plans[0]!)
    await world.clock.advance(2_000)
    await world.produce(world.topics.events, events(400, 2))
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    const outputs = await readVersions(world, [7, 8])
    let moved = 0
    for (const [version, records] of outputs) {
      for (const record of records) {
        const generation = Number(originOf(record).split(':')[1]) < 200 ? 1 : 2
        expect(header(record, HEADERS.plan)).toBe(String(generation))
        expect(version).toBe(expectedVariant(plans[generation - 1]!, record.key))
        if (generation === 2 && expectedVariant(plans[0]!, record.key) !== version) {
          expect(version).toBe(8)
          moved++
        }
      }
    }
    expect(moved).toBeGreaterThan(0)
  })

  it('assigns an event that came over REST by the plan it was answered by', async () => {
    const world = new RouterWorld(1)
    await world.createTopics([7, 8])
    await world.publish(plan(1, [0, 10_000]))
    await world.publish(plan(2, [10_000, 0]))
    const pinned = (value: string): NewRecord => ({
      partition: 0,
      key: 'k',
      value: '{}',
      headers: [[HEADERS.pinnedPlan, value]],
    })
    await world.produce(world.topics.events, [
      pinned('1'),
      pinned('2'),
      // Not remembered, or no generation at all: the plan in force decides.
      pinned('77'),
      pinned('1x'),
      pinned(''),
      pinned('9'.repeat(16)),
    ])
    const router = world.startRouter('router-1')
    expect(await world.routeEverything()).toBe(true)
    await router.stop()
    const outputs = await readVersions(world, [7, 8])
    expect(outputs.get(8)!.map((r) => [originOf(r), header(r, HEADERS.plan)])).toEqual([['0:0', '1']])
    expect(outputs.get(7)!.map(originOf)).toEqual(['0:1', '0:2', '0:3', '0:4', '0:5'])
    for (const record of outputs.get(7)!) expect(header(record, HEADERS.plan)).toBe('2')
  })

  it('ignores what it cannot read in control and the plans of another endpoint', async () => {
    const world = new RouterWorld(1)
    await world.createTopics([7])
    await world.produce(world.topics.control, [
      { partition: 0, key: 'churn', value: '{"kind":"plan"' },
      { partition: 0, key: 'churn', value: '{"kind":"plan","generation":9}' },
      { partition: 0, key: 'other', value: JSON.stringify({ kind: 'plan', ...plan(8, [10_000]), endpoint: 'other' }) },
    ])
    await world.publish(plan(1, [10_000]))
    await world.produce(world.topics.events, events(3, 1))
    const router = world.startRouter('router-1')
    expect(await world.routeEverything()).toBe(true)
    expect(router.control.current?.generation).toBe(1)
    await router.stop()
  })

  it('repeats a failed batch by the plan of its first attempt, so no event is scored live by two variants', async () => {
    const world = new RouterWorld(1)
    await world.createTopics([7, 8])
    await world.publish(plan(1, [0, 10_000]))
    let failures = 0
    const faults: FaultPlan = {
      // The outputs get into the log, the answer is lost, and a newer plan comes while the router waits.
      at: ({ operation, phase }) =>
        operation === 'produce' && phase === 'after' && failures++ < 6 ? { kind: 'fail' } : undefined,
    }
    const router = world.startRouter('router-1', { faults })
    await world.produce(world.topics.events, events(10, 1))
    expect(await world.clock.runUntil(() => failures >= 3, 60_000)).toBe(true)
    await world.publish(plan(2, [10_000, 0]))
    await world.produce(world.topics.events, events(10, 1))
    expect(await world.routeEverything()).toBe(true)
    expect(router.control.current?.generation).toBe(2)
    await router.stop()
    const outputs = await readVersions(world, [7, 8])
    const inVersion = (version: number): Set<number> =>
      new Set(outputs.get(version)!.map((record) => Number(originOf(record).split(':')[1])))
    expect([...inVersion(8)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([...inVersion(7)].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    expect(world.telemetry.value('sluice_dependency_errors_total', { dependency: 'log' })).toBe(6)
  })

  it('waits in place while the log is away, and says so', async () => {
    const world = new RouterWorld(1)
    await world.createTopics([7])
    await world.publish(plan(1, [10_000]))
    let isAway = true
    const faults: FaultPlan = {
      at: ({ operation }) => (operation === 'produce' && isAway ? { kind: 'fail' } : undefined),
    }
    const router = world.startRouter('router-1', { faults })
    await world.produce(world.topics.events, events(10, 1))
    await world.clock.advance(60_000)
    expect(router.health()).toContain('planned failure')
    expect(await world.read(world.topics.version(7))).toHaveLength(0)
    isAway = false
    expect(await world.routeEverything()).toBe(true)
    expect(router.health()).toBeUndefined()
    await router.stop()
    expect((await world.read(world.topics.version(7))).map(originOf)).toEqual(events(10, 1).map((_, i) => `0:${i}`))
  })

  it.each([1, 2, 3, 4, 5, 6])(
    'loses nothing and keeps order under faults, crashes and rebalances (seed %i)',
    async (seed) => {
      const random = rng(seed, 'route-loop')
      const world = new RouterWorld(4, 2_000)
      await world.createTopics([7, 8, 20])
      const split = plan(1, [6000, 4000], [5000])
      await world.publish(split)
      const kinds: readonly Fault[] = [
        { kind: 'fail' },
        { kind: 'fail' },
        { kind: 'delay', ms: 700 },
        { kind: 'duplicate' },
        { kind: 'freeze', ms: 15_000 },
        { kind: 'crash' },
      ]
      let faultsLeft = 40
      const faults: FaultPlan = {
        at: () => (faultsLeft > 0 && random.chance(0.1) && faultsLeft-- > 0 ? random.pick(kinds) : undefined),
      }
      // Two places, each with a router that is started again when it crashes.
      let isOver = false
      let starts = 0
      const unexpected: unknown[] = []
      const running = new Set<{ stop(): Promise<void> }>()
      const keepRunning = (): void => {
        if (isOver) return
        const router = world.startRouter(`router-${++starts}`, { faults })
        running.add(router)
        router.finished.catch((error: unknown) => {
          if (!(error instanceof ProcessCrashedError)) unexpected.push(error)
          running.delete(router)
          keepRunning()
        })
      }
      keepRunning()
      keepRunning()
      for (let round = 0; round < 8; round++) {
        await world.produce(world.topics.events, events(100, 4, `round-${round}-`))
        await world.clock.advance(random.int(0, 3_000))
      }
      expect(await world.routeEverything(3_600_000)).toBe(true)
      isOver = true
      for (const router of running) {
        // One that crashed a moment ago may not have come to its end yet.
        await router.stop().catch((error: unknown) => expect(error).toBeInstanceOf(ProcessCrashedError))
      }

      expect(unexpected).toEqual([])
      const sources = await world.read(world.topics.events)
      expect(sources).toHaveLength(800)
      const outputs = await readVersions(world, [7, 8, 20])
      const compiled = new CompiledPlan(split)
      for (const version of [7, 8, 20]) {
        const expected = sources.filter((source) => {
          const key = new TextEncoder().encode(source.key!)
          return version === 20
            ? compiled.shadowBucket(key, 0, key.length) < 5000
            : expectedVariant(split, source.key) === version
        })
        // Duplicates are allowed and recognisable; the first copies are complete and in order.
        const first = new Map<string, SeenRecord>()
        for (const record of outputs.get(version)!) {
          if (!first.has(originOf(record))) first.set(originOf(record), record)
        }
        const inOrder = [...first.values()].map((r) => `${r.partition} ${originOf(r)} ${r.key} ${r.value}`)
        expect(inOrder).toEqual(expected.map((r) => `${r.partition} ${positionOf(r)} ${r.key} ${r.value}`))
      }
      expect(await world.read(world.topics.deadLetters)).toHaveLength(0)
    },
  )

  it('shares the partitions of an endpoint among routers', async () => {
    const world = new RouterWorld(4)
    await world.createTopics([7])
    await world.publish(plan(1, [10_000]))
    const routers = [world.startRouter('router-1'), world.startRouter('router-2')]
    await world.clock.advance(30_000)
    await world.produce(world.topics.events, events(80, 4))
    expect(await world.routeEverything()).toBe(true)
    for (const router of routers) await router.stop()
    expect(new Set((await world.read(world.topics.version(7))).map(originOf)).size).toBe(80)
  })
})
