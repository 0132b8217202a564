import { writeFileSync } from 'node:fs'
import { desiredTopics, readAuditRecord } from '@sluice/contracts'
import { readControlRecord } from '@sluice/routing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRanges, wholeTopic } from '../log/read-range.ts'
import { type LogRecord, slabRecord } from '../log/slab-record.ts'
import { announceReady, CHURN } from '../testing/churn-data.ts'
import { CONFIG, type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(async () => {
  cli = memoryCli()
  await cli.log.admin.createTopics(desiredTopics(cli.config))
})
afterEach(() => cli.close())
const plan = (...args: string[]) => cli.run(['plan', ...args, '--config', cli.configFile])

async function records(topic: string): Promise<LogRecord[]> {
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

test('weight for a version that nobody can score is refused, and nothing is written', async () => {
  await announceReady(cli, 7)
  const { exitCode, stderr } = await plan('apply')
  expect(exitCode).toBe(3)
  expect(stderr).toContain('challenger gets 10 percent of the keys, but no scorer is ready for version 8')
  expect(await records(CHURN.control)).toHaveLength(1)
  expect(await records(CHURN.audit)).toEqual([])
})

test('apply publishes the next generation once, with who and why', async () => {
  await announceReady(cli, 7, 8)
  const first = await plan('apply', '--reason', 'start', '--json')
  expect(first.exitCode, first.stderr).toBe(0)
  expect(JSON.parse(first.stdout)).toMatchObject({ applied: true, plan: { generation: 1, salt: 'churn' } })
  const again = await plan('apply')
  expect([again.exitCode, again.stdout]).toEqual([0, ''])
  expect(again.stderr).toContain('Generation 1 already is what the configuration says')

  writeFileSync(cli.configFile, CONFIG.replace('weight: 90', 'weight: 80').replace('weight: 10', 'weight: 20'))
  expect((await plan('show')).stderr).toContain('differs from the plan in force')
  expect((await plan('apply', '--reason', 'ramp')).stdout).toContain('challenger  churn version 8  20 %')

  const plans = (await records(CHURN.control))
    .map((r) => readControlRecord(r.key, r.value))
    .flatMap((r) => (r.kind === 'plan' ? [r.plan.generation] : []))
  expect(plans).toEqual([1, 2])
  const audits = (await records(CHURN.audit)).map((r) => readAuditRecord(r.value))
  expect(audits).toMatchObject([
    { actor: 'ada', action: 'plan.apply', reason: 'start', before: null, after: { generation: 1 } },
    { actor: 'ada', action: 'plan.apply', reason: 'ramp', before: { generation: 1 }, after: { generation: 2 } },
  ])
})

test('show prints the plan in force and who is ready', async () => {
  expect((await plan('show')).stdout).toBe('churn has no plan yet.\n')
  await announceReady(cli, 7, 8)
  await plan('apply')
  const { stdout } = await plan('show', '--json')
  const shown = JSON.parse(stdout) as { plan: object; changed: boolean; scorers: { version: number }[] }
  expect(shown).toMatchObject({ endpoint: 'churn', plan: { generation: 1 }, changed: false })
  expect(shown.scorers.map((s) => s.version).sort()).toEqual([7, 8])
})

test('an endpoint that is not configured is a configuration error', async () => {
  const { exitCode, stderr } = await plan('show', '--endpoint', 'fraud')
  expect(exitCode).toBe(78)
  expect(stderr).toContain('Name one with --endpoint: churn.')
})
