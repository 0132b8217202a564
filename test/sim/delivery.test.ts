import { describe, expect, test } from 'vitest'
import { testModel } from './test-model.ts'
import { World } from './world.ts'

/** Seeds per run; `SIM_SEEDS=5000` for a long night, `SIM_SEED=17` for one seed again. */
const SEEDS = Number(process.env['SIM_SEEDS'] ?? 200)
const ONE = process.env['SIM_SEED']
const seeds = ONE === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(ONE)]

const EVENTS = 300
const ODDS = { crash: 0.004, fail: 0.01, delay: 0.02, freeze: 0.003, duplicate: 0.02 }

async function run(seed: number) {
  const world = new World({
    seed,
    events: EVENTS,
    odds: ODDS,
    registryOdds: { fail: 0.2, slow: 0.2 },
    model: testModel,
  })
  await world.start()
  await world.produce()
  await world.rest()
  const report = await world.check()
  await world.stop()
  return { world, report }
}

describe('whatever goes wrong, every event ends in exactly one way', () => {
  const happened = new Map<string, number>()
  let crashes = 0
  test.each(seeds)('seed %i (replay one with SIM_SEED=<seed> npx vitest run --project sim)', async (seed) => {
    const { world, report } = await run(seed)
    expect(report.violations).toEqual([])
    expect(report.events).toBe(EVENTS)
    expect(report.predicted + report.deadLettered + report.skipped).toBe(EVENTS)
    crashes += world.crashes
    for (const [name, n] of world.faults.happened) happened.set(name, (happened.get(name) ?? 0) + n)
  })

  test.skipIf(ONE !== undefined || SEEDS < 200)(
    'over all seeds every kind of fault has happened at every point',
    () => {
      const points = ['before poll', 'after poll', 'before produce', 'after produce', 'before commit', 'after commit']
      for (const kind of ['crash', 'fail', 'delay', 'freeze']) {
        for (const point of points) expect(happened.get(`${kind} ${point}`), `${kind} ${point}`).toBeGreaterThan(0)
      }
      expect(happened.get('duplicate before produce')).toBeGreaterThan(0)
      expect(happened.get('duplicate after poll')).toBeGreaterThan(0)
      expect(crashes).toBeGreaterThan(0)
    },
  )
})

test('the same seed is the same run', async () => {
  const [first, second] = [await run(4), await run(4)]
  expect(second.report).toEqual(first.report)
  expect([...second.world.faults.happened]).toEqual([...first.world.faults.happened])
  expect(second.world.clock.nowMs()).toBe(first.world.clock.nowMs())
})

test('without faults nothing is repeated', async () => {
  const world = new World({ seed: 1, events: 500, model: testModel })
  await world.start()
  await world.produce()
  await world.rest()
  const report = await world.check()
  await world.stop()
  expect(report).toMatchObject({ violations: [], events: 500, duplicates: 0 })
  expect(report.deadLettered).toBeGreaterThan(0)
  expect(report.skipped).toBeGreaterThan(0)
})
