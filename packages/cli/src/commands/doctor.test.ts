import { DependencyError } from '@sluice/contracts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CliIo } from '../cli-io.ts'
import type { Check } from '../doctor/check.ts'
import { announceReady, CHURN } from '../testing/churn-data.ts'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli()
})
afterEach(() => cli.close())

const doctor = async (over: Partial<CliIo> = {}) => {
  const { exitCode, stdout } = await cli.run(['doctor', '--json', '--config', cli.configFile], over)
  const { healthy, checks } = JSON.parse(stdout) as { healthy: boolean; checks: Check[] }
  expect(exitCode).toBe(healthy ? 0 : 1)
  return { healthy, checks }
}
const run = (...args: string[]) => cli.run([...args, '--config', cli.configFile])

/** The platform as it should be, models excepted: they have tests of their own. */
async function setUp(): Promise<void> {
  await run('topics', 'apply')
  await run('schemas', 'apply')
  await announceReady(cli, 7, 8)
  await run('plan', 'apply')
}
const withoutModels = (checks: readonly Check[]): readonly Check[] => checks.filter((c) => !c.name.startsWith('model'))

test('an empty platform: each thing that is missing comes with the command that makes it', async () => {
  const { healthy, checks } = await doctor()
  expect(healthy).toBe(false)
  expect(withoutModels(checks).filter((c) => c.state === 'fail')).toMatchObject([
    { name: 'topics', fix: 'Run `sluice topics apply`.' },
    { name: 'schemas', fix: 'Run `sluice schemas apply`.' },
  ])
  await run('topics', 'apply')
  expect((await doctor()).checks).toContainEqual(
    expect.objectContaining({ name: 'plan of churn', state: 'fail', fix: 'Run `sluice plan apply`.' }),
  )
})

test('a platform as it should be', async () => {
  await setUp()
  const { checks } = await doctor()
  expect(withoutModels(checks).map((c) => [c.name, c.state])).toEqual([
    ['configuration', 'ok'],
    ['broker', 'ok'],
    ['topics', 'ok'],
    ['plan of churn', 'ok'],
    ['keys of churn.events', 'ok'],
    ['churn.dlq', 'ok'],
    ['schemas', 'ok'],
    ['redis', 'ok'],
  ])
  expect(
    checks.every((c) => (c.state === 'ok') === (c.fix === undefined)),
    'what is not ok has a fix',
  ).toBe(true)
})

test('one key in two partitions and dead letters are warnings', async () => {
  await setUp()
  await cli.write(CHURN.events, 0, [
    { key: 'C1', value: 'x' },
    { key: 'C2', value: 'x' },
  ])
  await cli.write(CHURN.events, 1, [{ key: 'C1', value: 'x' }, { value: 'no key' }])
  await cli.write(CHURN.events, 2, [{ value: 'no key' }])
  await cli.write(CHURN.deadLetters, 0, [{ value: 'x' }])
  const { checks } = await doctor()
  expect(checks).toContainEqual(
    expect.objectContaining({
      name: 'keys of churn.events',
      state: 'warn',
      detail: expect.stringMatching(/^1 of 2 sampled/),
    }),
  )
  expect(checks).toContainEqual(
    expect.objectContaining({ name: 'churn.dlq', state: 'warn', detail: 'about 1 dead letters' }),
  )
})

test('a topic with too many partitions fails with its fix', async () => {
  await cli.log.admin.createTopics([{ name: 'churn.quality', partitions: 9, replication: 1, config: {} }])
  const { checks } = await doctor()
  expect(checks).toContainEqual(
    expect.objectContaining({
      name: 'topics',
      state: 'fail',
      fix: expect.stringContaining('Set endpoints.churn.partitions to 9'),
    }),
  )
})

test('a dependency that is away fails by its name, and the others are still looked at', async () => {
  await setUp()
  const away = (name: string) => async () => {
    throw new DependencyError(name, 'no answer', { next: `Start ${name}.` })
  }
  const { checks } = await doctor({
    openLog: away('kafka'),
    openRegistry: away('schema registry'),
    openRedis: away('redis'),
  })
  expect(
    withoutModels(checks)
      .filter((c) => c.state === 'fail')
      .map((c) => [c.name, c.fix]),
  ).toEqual([
    ['broker', 'Start kafka.'],
    ['schema registry', 'Start schema registry.'],
    ['redis', 'Start redis.'],
  ])
})

test('a Redis that may forget is a failure', async () => {
  await setUp()
  const { checks } = await doctor({
    openRedis: async () => ({
      ping: async () => 1,
      info: async () => ({ version: '7', usedBytes: 1, limitBytes: 100, evictionPolicy: 'allkeys-lru' }),
      close: async () => {},
    }),
  })
  expect(checks).toContainEqual(
    expect.objectContaining({ name: 'redis', state: 'fail', fix: 'Set maxmemory-policy to noeviction.' }),
  )
})
