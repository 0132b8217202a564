import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { CONFIG, type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli(`redis: { url: "redis://me:secret@db:6379" }\n${CONFIG}`)
})
afterEach(() => cli.close())

test('show prints what is in force: file, environment and defaults, without credentials', async () => {
  const env = { SLUICE_KAFKA__BROKERS: 'a:1,b:2', SLUICE_REGISTRY__URL: 'https://u:p%40ss@registry.example/x' }
  const { stdout } = await cli.run(['config', 'show', '--config', cli.configFile], { env })
  expect(stdout).not.toMatch(/secret|p%40ss/)
  expect(parse(stdout)).toMatchObject({
    kafka: { brokers: ['a:1', 'b:2'], clientId: 'sluice' },
    registry: { url: 'https://***@registry.example/x' },
    redis: { url: 'redis://***@db:6379' },
    endpoints: { churn: { partitions: 3, replication: 1 } },
  })
  const json = await cli.run(['config', 'show', '--json', '--config', cli.configFile], { env })
  expect(JSON.parse(json.stdout)).toEqual(parse(stdout))
})

test('validate names the endpoints', async () => {
  const { exitCode, stdout } = await cli.run(['config', 'validate', '--json', '--config', cli.configFile])
  expect([exitCode, JSON.parse(stdout)]).toEqual([0, { valid: true, endpoints: ['churn'] }])
})

test('schema is a JSON Schema that asks for endpoints and gives no default for them', async () => {
  const { stdout } = await cli.run(['config', 'schema'])
  expect(JSON.parse(stdout)).toMatchObject({ type: 'object', additionalProperties: false, required: ['endpoints'] })
})
