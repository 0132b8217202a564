import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli()
})
afterEach(() => cli.close())

const SMALL = ['simulate', '--runs', '3', '--customers', '500', '--traffic', '400', '--days', '4', '--looks', '1']

test('prints one row per scenario and method, progress on stderr', async () => {
  const { exitCode, stdout, stderr } = await cli.run([...SMALL, '--scenario', 'aa,broken'])
  expect(exitCode).toBe(0)
  const rows = stdout.trimEnd().split('\n')
  expect(rows[0]).toMatch(/^scenario +method +false alarms +power .*days p50 .*exposed +lost$/)
  expect(rows.slice(1).map((row) => row.split(/ {2,}/).slice(0, 2))).toEqual(
    ['A/A, no effect', 'broken, -50 %'].flatMap((s) => ['fixed', 'sequential', 'hybrid'].map((m) => [s, m])),
  )
  expect(stderr).toContain('aa: 3 of 3 experiments')
  expect(new Set(rows.map((row) => row.length)).size).toBe(1)
})

test('--json gives the world, the seed and every share with its interval; the same seed gives the same text', async () => {
  const args = [...SMALL, '--scenario', 'worse', '--seed', '9', '--json']
  const [first, second] = [await cli.run(args), await cli.run(args)]
  expect(second.stdout).toBe(first.stdout)
  const { seed, world, summaries } = JSON.parse(first.stdout)
  expect([seed, world.eventsPerDay, summaries.length]).toEqual([9, 400, 3])
  for (const { power, rolledBack, falseAlarms, runs } of summaries) {
    expect([runs, falseAlarms]).toEqual([3, null])
    expect(power).toEqual(rolledBack)
    expect(power.low).toBeLessThanOrEqual(power.share)
    expect(power.share).toBeLessThanOrEqual(power.high)
  }
  expect((await cli.run([...args, '--seed', '10'])).stdout).not.toBe(first.stdout)
})

test.each<[string, readonly string[], RegExp]>([
  ['an unknown scenario', ['--scenario', 'good'], /`good` is none of aa, better, worse, broken, srm/],
  ['no run', ['--runs', '0'], /whole number from 1 to 1000000/],
  ['half a look', ['--looks', '1.5'], /whole number from 1 to 1440/],
  ['a rate above 1', ['--base', '0.6', '--active', '0.6'], /gives a rate of 1\.100, above 1/],
  ['a novelty below nothing', ['--novelty', '-0.6'], /makes the rate of a worse version negative/],
  ['a half-life of nothing', ['--novelty-half-life', '5'], /no effect without --novelty/],
])('refuses %s', async (_what, args, message) => {
  const { exitCode, stdout, stderr } = await cli.run(['simulate', ...args])
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
})

test('what is done when it is interrupted is printed', async () => {
  const interrupt = new AbortController()
  let asked = 0
  const monotonicMs = (): number => {
    // Asked once at the start and once after every experiment.
    if (++asked === 4) interrupt.abort()
    return 0
  }
  const { exitCode, stdout } = await cli.run([...SMALL.with(2, '100000'), '--scenario', 'aa'], {
    signal: interrupt.signal,
    clock: { nowMs: () => 0, sleep: async () => {}, monotonicMs },
  })
  expect(exitCode).toBe(130)
  expect(stdout.trimEnd().split('\n')).toHaveLength(4)
})
