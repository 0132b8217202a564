import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

/** Seed of the layer that splits keys over variants. */
const ARM_SEED = 2

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli()
})
afterEach(() => cli.close())

test('one key, with salt and weights', async () => {
  const { stdout, exitCode } = await cli.run([
    'assign',
    '--salt',
    'churn',
    '--weights',
    'a=50,b=50',
    '--key',
    'k1',
    '--json',
  ])
  expect(exitCode).toBe(0)
  const line = JSON.parse(stdout) as { key: string; bucket: number; variant: string }
  expect(line).toMatchObject({ key: 'k1', variant: line.bucket < 5_000 ? 'a' : 'b' })
})

test('many keys from standard input, with the split of a configuration', async () => {
  const keys = ['C1', 'C2', 'ü', '', 'C1']
  const { stdout } = await cli.run(['assign', '--config', cli.configFile, '--json'], { stdin: keys.join('\n') })
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l) as { key: string; bucket: number })
  expect(lines.map((l) => l.key)).toEqual(keys)
  expect(lines[4]).toEqual(lines[0])
})

test('the buckets are those of the shared vectors', async () => {
  const file = new URL('../../../../schemas/vectors/assignment.json', import.meta.url)
  const text = readFileSync(file, 'utf8')
  const vectors = JSON.parse(text) as { cases: { salt: string; seed: number; key: string; bucket: number }[] }
  const some = vectors.cases.filter((v) => v.seed === ARM_SEED).slice(0, 20)
  expect(some.length, 'the vectors have buckets').toBeGreaterThan(0)
  for (const { salt, key, bucket } of some) {
    const { stdout } = await cli.run(['assign', '--salt', salt, '--weights', 'a=100', '--key', key, '--json'])
    expect(JSON.parse(stdout), key).toMatchObject({ key, bucket })
  }
})

test.each<[string, readonly string[], RegExp]>([
  ['neither salt nor configuration', ['--key', 'k'], /give --salt and --weights, or --config/],
  ['weights that do not sum up', ['--salt', 's', '--weights', 'a=50', '--key', 'k'], /sum/],
  ['a weight that is no number', ['--salt', 's', '--weights', 'a=x', '--key', 'k'], /not name=percent/],
  ['both', ['--salt', 's', '--config', 'x.yaml'], /leave out --salt/],
  ['an endpoint without a configuration', ['--salt', 's', '--weights', 'a=100', '-e', 'churn'], /give --config too/],
])('%s is a usage error', async (_what, args, message) => {
  const { exitCode, stderr } = await cli.run(['assign', ...args])
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(message)
})
