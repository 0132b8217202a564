import { desiredTopics } from '@sluice/contracts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHURN, framed, framedEvent } from '../testing/churn-data.ts'
import { EVENT_SCHEMA, type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(async () => {
  cli = memoryCli()
  await cli.log.admin.createTopics(desiredTopics(cli.config))
})
afterEach(() => cli.close())

const tail = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await cli.run(['tail', ...args, '--json', '--config', cli.configFile])
  expect(exitCode, stderr).toBe(0)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { partition: number; offset: number; value: unknown })
}

test('values are decoded through the registry, and headers shown', async () => {
  const value = await framedEvent(cli, 'C1', 5)
  await cli.write(CHURN.events, 1, [
    {
      key: 'C1',
      value,
      timestampMs: 1_700_000_000_000,
      headers: [
        ['a', '1'],
        ['b', 'x'],
        ['a', '2'],
      ],
    },
  ])
  expect(await tail(CHURN.events)).toEqual([
    {
      topic: 'churn.events',
      partition: 1,
      offset: 0,
      timestamp: '2023-11-14T22:13:20.000Z',
      key: 'C1',
      headers: { a: ['1', '2'], b: 'x' },
      format: 'avro',
      schemaId: 1,
      value: { customerId: 'C1', tenure: 5 },
    },
  ])
})

test('what cannot be decoded stays visible as bytes, with the reason', async () => {
  const cut = (await framedEvent(cli, 'C1', 5)).subarray(0, 7)
  const unknown = framed(99, EVENT_SCHEMA, { customerId: 'C1', tenure: 5 })
  await cli.write(CHURN.events, 0, [
    { value: cut },
    { value: unknown },
    { value: Uint8Array.of(0xff, 0xfe) },
    { value: 'plain' },
    { value: '{"a":1}' },
    { value: null },
  ])
  expect(
    (await tail(CHURN.events)).map(({ value, ...rest }) => [value, (rest as { problem?: string }).problem]),
  ).toEqual([
    ['base64:AAAAAAEEQw==', expect.stringMatching(/not a value of schema 1: byte 5/)],
    [`base64:${Buffer.from(unknown).toString('base64')}`, 'the registry has no schema with id 99'],
    ['base64://4=', undefined],
    ['plain', undefined],
    [{ a: 1 }, undefined],
    [null, undefined],
  ])
})

test('the last ones of each partition by default, or so many from a start', async () => {
  for (const partition of [0, 1]) {
    await cli.write(
      CHURN.audit,
      partition,
      Array.from({ length: 15 }, (_, i) => ({ value: `${i}`, timestampMs: 1_000 * i })),
    )
  }
  const offsets = async (...args: string[]) => (await tail(CHURN.audit, ...args)).map((r) => [r.partition, r.offset])
  expect(await offsets()).toHaveLength(20)
  expect(await offsets('-n', '1')).toEqual([
    [0, 14],
    [1, 14],
  ])
  expect(await offsets('--partition', '1', '--from', '13')).toEqual([
    [1, 13],
    [1, 14],
  ])
  expect(await offsets('--partition', '0', '--from', 'earliest', '-n', '2')).toEqual([
    [0, 0],
    [0, 1],
  ])
  expect(await offsets('--partition', '0', '--from', '1970-01-01T00:00:12Z')).toEqual([
    [0, 12],
    [0, 13],
    [0, 14],
  ])
  expect(await offsets('--from', 'latest')).toEqual([])
  expect(await offsets('--from', '1h'), 'all are older').toEqual([])
})

test('--follow goes on with what arrives until so many have come', async () => {
  await cli.write(CHURN.audit, 0, [{ value: 'old' }])
  let done = false
  const following = tail(CHURN.audit, '--follow', '-n', '2')
  const written = (async () => {
    // Following starts at the end, which the command has read at some moment after its start.
    for (let i = 0; i < 200; i++) {
      await cli.write(CHURN.audit, 0, [{ value: `new ${i}` }])
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (done) return
    }
  })()
  const seen = await following
  done = true
  await written
  expect(seen).toHaveLength(2)
  for (const { value } of seen) expect(value).toMatch(/^new /)
})

test('Ctrl-C ends --follow with 130', async () => {
  const abort = new AbortController()
  const running = cli.run(['tail', CHURN.audit, '--follow', '--config', cli.configFile], { signal: abort.signal })
  setTimeout(() => abort.abort(), 50)
  expect((await running).exitCode).toBe(130)
})

test('the prefix may be left out', async () => {
  const other = memoryCli(`topics: { prefix: acme }\n${(await import('../testing/memory-cli.ts')).CONFIG}`)
  await other.log.admin.createTopics(desiredTopics(other.config))
  await other.write('acme.churn.audit', 0, [{ value: 'x' }])
  const { stdout } = await other.run(['tail', 'churn.audit', '--config', other.configFile]).finally(() => other.close())
  expect(stdout).toContain('acme.churn.audit 0@0')
})

test('a topic or partition that is not there says what there is', async () => {
  const missing = await cli.run(['tail', 'churn.nope', '--config', cli.configFile])
  expect([missing.exitCode, missing.stderr]).toEqual([1, expect.stringContaining('Name one such as churn.predictions')])
  const partition = await cli.run(['tail', CHURN.audit, '--partition', '3', '--config', cli.configFile])
  expect([partition.exitCode, partition.stderr]).toEqual([1, expect.stringContaining('Name one of 0 to 2')])
})
