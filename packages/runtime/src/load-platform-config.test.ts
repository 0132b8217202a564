import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@sluice/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CONFIG_BYTES_MAX, loadPlatformConfig } from './load-platform-config.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-config-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

const GOOD = `
endpoints:
  churn:
    key: customerId
    schema: customer-event.avsc
    variants:
      - { name: champion, model: churn, version: 7, weight: 90 }
      - { name: challenger, model: churn, version: 8, weight: 10 }
`

function load(yaml: string, env: Record<string, string> = {}, flags: Record<string, unknown> = {}) {
  const file = join(dir, 'sluice.yaml')
  writeFileSync(file, yaml)
  return loadPlatformConfig({ file, env, flags })
}

function problemsOf(yaml: string, env: Record<string, string> = {}) {
  try {
    load(yaml, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('defaults fill what the file leaves out, and the result cannot be changed', () => {
  const { config, baseDir } = load(GOOD)
  expect(baseDir).toBe(dir)
  expect(config.endpoints['churn']?.batch).toEqual({ maxBatchSize: 1024, maxBatchDelayMs: 5 })
  expect(config.kafka.brokers).toEqual(['localhost:9092'])
  expect(Object.isFrozen(config.endpoints['churn']?.variants)).toBe(true)
})

test('flags win over the environment, the environment over the file', () => {
  const yaml = `${GOOD}\nhttp: { routerPort: 1000, scorerPort: 1001 }\n`
  const env = { SLUICE_HTTP__ROUTER_PORT: '2000', SLUICE_HTTP__SCORER_PORT: '2001', SLUICE_KAFKA__BROKERS: 'a:1, b:2' }
  const { config } = load(yaml, env, { 'http.routerPort': 3000 })
  expect(config.http.routerPort).toBe(3000)
  expect(config.http.scorerPort).toBe(2001)
  expect(config.kafka.brokers).toEqual(['a:1', 'b:2'])
  expect(
    load(GOOD, { SLUICE_ENDPOINTS__CHURN__BATCH__MAX_BATCH_SIZE: '64' }).config.endpoints['churn']?.batch.maxBatchSize,
  ).toBe(64)
})

test('every problem is reported at once, unknown keys with a suggestion', () => {
  const problems = problemsOf(`
kafka: { broker: [x:1], brokers: [nonsense] }
endpoints:
  churn:
    key: customerId
    schema: s.avsc
    variants: [{ name: Champion, model: churn, version: 7, weight: 90 }]
`)
  const text = problems.map((p) => `${p.path} ${p.problem} ${p.fix}`).join('\n')
  expect(text).toContain('kafka.broker unknown key')
  expect(text).toContain('`brokers`')
  expect(text).toContain('kafka.brokers[0]')
  expect(text).toContain('endpoints.churn.variants[0].name')
})

test.each([
  [90, 10, 0],
  [33.33, 66.67, 0],
  [90, 9.99, 1],
  [90, 10.01, 1],
])('weights %d and %d give %d problems', (a, b, count) => {
  expect(problemsOf(GOOD.replace('90', String(a)).replace('weight: 10', `weight: ${b}`))).toHaveLength(count)
})

test('a variable that names no setting is refused, because it would have no effect', () => {
  expect(problemsOf(GOOD, { SLUICE_KAFKA__BORKERS: 'a:1' })[0]?.path).toBe('SLUICE_KAFKA__BORKERS')
})

test('two roles for one version, and two roles with one name, are named', () => {
  const problems = problemsOf(GOOD.replace('version: 8', 'version: 7').replace('challenger', 'champion'))
  expect(problems.map((p) => p.path)).toEqual([
    'endpoints.churn.variants[1].name',
    'endpoints.churn.variants[1].version',
  ])
})

test('a file that is missing, too large, not YAML or not a mapping says so', () => {
  expect(() => loadPlatformConfig({ file: join(dir, 'none.yaml'), env: {} })).toThrow(/ENOENT/)
  expect(problemsOf(`# ${'x'.repeat(CONFIG_BYTES_MAX)}\n`)[0]?.problem).toContain('larger than')
  expect(problemsOf('a: [1\n')[0]?.path).toMatch(/sluice\.yaml:\d+/)
  expect(problemsOf('[1]')[0]?.problem).toBe('is not a mapping')
  expect(problemsOf('kafka: {}\nkafka: {}\n')[0]?.problem).toContain('unique')
})
