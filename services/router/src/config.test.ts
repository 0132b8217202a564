import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, platformConfig } from '@sluice/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseRouterArguments, routedEndpoints } from './config.ts'

let baseDir = ''
beforeAll(() => {
  baseDir = mkdtempSync(join(tmpdir(), 'router-config-'))
  writeFileSync(join(baseDir, 'event.avsc'), '{"type":"record","name":"E","fields":[]}')
  writeFileSync(join(baseDir, 'broken.avsc'), '{')
})
afterAll(() => rmSync(baseDir, { recursive: true }))

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => p.path)
    throw error
  }
  return []
}

function config(schemas: Readonly<Record<string, string>>) {
  const variants = [{ name: 'champion', model: 'm', version: 1, weight: 100 }]
  const endpoints = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, { key: 'id', schema, variants, partitions: 6 }]),
  )
  return { baseDir, config: platformConfig.parse({ topics: { prefix: 'prod' }, endpoints }) }
}

test('the command line names the configuration', () => {
  expect(parseRouterArguments(['--config', 'sluice.yaml'])).toEqual({ config: 'sluice.yaml' })
  expect(problemsOf(() => parseRouterArguments([]))).toEqual(['--config'])
  expect(problemsOf(() => parseRouterArguments(['--config', 'a', '--bogus']))).toEqual(['command line'])
})

test('an endpoint comes with its topics and its schema', () => {
  const [churn] = routedEndpoints(config({ churn: 'event.avsc' }))
  expect(churn).toMatchObject({
    name: 'churn',
    partitions: 6,
    keyField: 'id',
    maxValueBytes: 1_048_576,
    schema: { type: 'record' },
  })
  expect(churn!.topics.events).toBe('prod.churn.events')
})

test('every schema that cannot be read is named', () => {
  const bad = config({ churn: 'none.avsc', fine: 'event.avsc', fraud: 'broken.avsc' })
  expect(problemsOf(() => routedEndpoints(bad))).toEqual(['endpoints.churn.schema', 'endpoints.fraud.schema'])
})
