import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONFIG, type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli()
})
afterEach(() => cli.close())
const run = (...args: string[]) => cli.run([...args, '--config', cli.configFile])

test('plan shows what apply then does, and applying twice changes nothing', async () => {
  const plan = await run('topics', 'plan')
  expect(plan.exitCode).toBe(0)
  expect(plan.stdout).toContain('+ churn.v8  create with 3 partitions, replication 1')
  expect(await cli.log.admin.describeTopics(), 'a plan changes nothing').toEqual([])
  const applied = await run('topics', 'apply')
  expect([applied.exitCode, applied.stdout]).toEqual([0, plan.stdout])
  expect((await cli.log.admin.describeTopics()).map((t) => [t.name, t.partitions])).toContainEqual(['churn.dlq', 3])
  for (const command of ['apply', 'plan']) {
    expect((await run('topics', command)).stdout).toBe('All topics are as configured.\n')
  }
})

test('plan --json is one document', async () => {
  const { stdout } = await run('topics', 'plan', '--json')
  const plan = JSON.parse(stdout) as { create: { name: string }[]; refusals: unknown[] }
  expect(plan.create).toHaveLength(13)
  expect(plan.refusals).toEqual([])
})

test('a shrink is refused with the fix, and then nothing at all is changed', async () => {
  await cli.log.admin.createTopics([{ name: 'churn.predictions', partitions: 5, replication: 1, config: {} }])
  const result = await run('topics', 'apply')
  expect(result.exitCode).toBe(3)
  expect(result.stderr).toContain('Set endpoints.churn.partitions to 5')
  expect(await cli.log.admin.describeTopics()).toHaveLength(1)
  expect((await run('topics', 'plan')).exitCode).toBe(3)
})

test('growing needs --grow', async () => {
  await run('topics', 'apply')
  const grown = memoryCliConfig(4)
  await cli.log.admin.addPartitions('churn.events', 4)
  const refused = await cli.run(['topics', 'apply', '--config', grown])
  expect(refused.exitCode).toBe(3)
  expect(refused.stderr).toContain('keys move')
  expect((await cli.run(['topics', 'apply', '--grow', '--config', grown])).exitCode).toBe(0)
  const topics = await cli.log.admin.describeTopics()
  expect(new Set(topics.map((t) => t.partitions))).toEqual(new Set([4]))

  function memoryCliConfig(partitions: number): string {
    const file = `${cli.dir}/grown.yaml`
    writeFileSync(file, CONFIG.replace('partitions: 3', `partitions: ${partitions}`))
    return file
  }
})

test('settings that differ are corrected', async () => {
  await run('topics', 'apply')
  await cli.log.admin.alterTopicConfig('churn.control', { 'cleanup.policy': 'delete' })
  const { stdout } = await run('topics', 'apply')
  expect(stdout).toBe('~ churn.control  cleanup.policy delete -> compact\n')
  const [topic] = await cli.log.admin.describeTopics(['churn.control'])
  expect(topic!.config['cleanup.policy']).toBe('compact')
})
