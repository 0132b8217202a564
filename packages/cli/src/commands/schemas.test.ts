import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLATFORM_SCHEMAS } from '@sluice/registry'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EVENT_SCHEMA, type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli()
})
afterEach(() => cli.close())
const run = (...args: string[]) => cli.run([...args, '--config', cli.configFile])
const setEventSchema = (fields: readonly object[]): void =>
  writeFileSync(join(cli.dir, 'customer-event.avsc'), JSON.stringify({ ...EVENT_SCHEMA, fields }))

test('apply registers the events and everything Sluice writes, once', async () => {
  const check = await run('schemas', 'check')
  expect(check.exitCode).toBe(0)
  expect(check.stdout).toContain('churn.events-value\tnew subject\n')
  expect(await cli.registry.latest('churn.events-value'), 'a check registers nothing').toBeUndefined()
  const applied = await run('schemas', 'apply', '--json')
  const { subjects } = JSON.parse(applied.stdout) as { subjects: { subject: string; state: string }[] }
  // Predictions and shadows share a schema, the events have the endpoint's own.
  expect(subjects).toHaveLength(PLATFORM_SCHEMAS.length + 2)
  expect(new Set(subjects.map((s) => s.state))).toEqual(new Set(['registered']))
  expect((await cli.registry.latest('churn.events-value'))?.schema).toEqual(EVENT_SCHEMA)
  await run('schemas', 'apply')
  expect((await cli.registry.latest('churn.events-value'))?.version).toBe(1)
})

test('a field with a default makes a new version', async () => {
  await run('schemas', 'apply')
  setEventSchema([...EVENT_SCHEMA.fields, { name: 'city', type: ['null', 'string'], default: null }])
  expect((await run('schemas', 'check')).stdout).toContain('churn.events-value\tnew version\tversion 1, id ')
  expect((await run('schemas', 'apply')).exitCode).toBe(0)
  expect((await cli.registry.latest('churn.events-value'))?.version).toBe(2)
})

test('an incompatible schema is refused with field and rule, and nothing else is registered either', async () => {
  await cli.registry.register('churn.events-value', EVENT_SCHEMA)
  setEventSchema([
    { name: 'customerId', type: 'string' },
    { name: 'tenure', type: 'string' },
    { name: 'plan', type: 'int' },
  ])
  for (const command of ['check', 'apply']) {
    const result = await run('schemas', command)
    expect(result.exitCode, command).toBe(3)
    expect(result.stderr).toContain('tenure (against version 1): TYPE_MISMATCH')
    expect(result.stderr).toContain('plan (against version 1): READER_FIELD_MISSING_DEFAULT_VALUE')
  }
  expect(await cli.registry.latest('churn.predictions-value')).toBeUndefined()
})

test('a schema file that is not there is a configuration error', async () => {
  writeFileSync(join(cli.dir, 'customer-event.avsc'), 'no json')
  const result = await run('schemas', 'check')
  expect(result.exitCode).toBe(78)
  expect(result.stderr).toContain('customer-event.avsc: is not JSON')
})
