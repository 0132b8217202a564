import { DEAD_LETTER_HEADERS, desiredTopics, HEADERS } from '@sluice/contracts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { announceReady, CHURN, framedEvent, framedPrediction } from '../testing/churn-data.ts'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(async () => {
  cli = memoryCli()
  await cli.log.admin.createTopics(desiredTopics(cli.config))
})
afterEach(() => cli.close())
const inspect = (id: string, ...args: string[]) => cli.run(['inspect', id, ...args, '--config', cli.configFile])

interface Found {
  readonly eventId: string
  readonly event: { value: unknown } | null
  readonly assignment: { variant: string; version: number; generation: number } | null
  readonly predictions: { value: { predictionId: string } }[]
  readonly deadLetters: { headers: Record<string, string> }[]
}

test('an event with its variant, its predictions and shadows', async () => {
  const value = await framedEvent(cli, 'C1', 5)
  await cli.write(CHURN.events, 1, [
    { key: 'C0', value },
    { key: 'C1', value, timestampMs: 1_700_000_000_000 },
  ])
  await announceReady(cli, 7, 8)
  await cli.run(['plan', 'apply', '--config', cli.configFile])
  const at = { partition: 1, offset: 1n }
  await cli.write(CHURN.predictions, 1, [
    { value: await framedPrediction(cli, { version: 7, partition: 1, offset: 0n }) },
    { value: await framedPrediction(cli, { version: 7, ...at }) },
    // The same text within another id: churn.7.1.11 contains .1.1.
    { value: await framedPrediction(cli, { version: 7, partition: 1, offset: 11n }) },
  ])
  await cli.write(CHURN.shadows, 1, [
    { value: await framedPrediction(cli, { version: 9, ...at, variant: 'candidate' }) },
  ])

  for (const id of ['churn.1.1', 'churn.7.1.1']) {
    const { exitCode, stdout, stderr } = await inspect(id, '--json')
    expect(exitCode, stderr).toBe(0)
    const found = JSON.parse(stdout) as Found
    expect(found.eventId).toBe('churn.1.1')
    expect(found.event?.value).toEqual({ customerId: 'C1', tenure: 5 })
    expect(found.predictions.map((p) => p.value.predictionId)).toEqual(['churn.7.1.1', 'churn.9.1.1'])
    expect(found.deadLetters).toEqual([])
    // The same answer as the router's, which `assign` gives.
    const assigned = await cli.run(['assign', '--config', cli.configFile, '--key', 'C1', '--json'])
    expect(found.assignment).toMatchObject({
      generation: 1,
      variant: (JSON.parse(assigned.stdout) as { variant: string }).variant,
    })
  }
})

test('a dead letter of the event, and one of its copy in a version topic', async () => {
  await cli.write(CHURN.events, 2, [{ key: 'C1', value: 'x' }])
  const letter = (headers: readonly (readonly [string, string])[]) => ({ key: 'C1', value: 'x', headers })
  const from = (topic: string, offset: string): (readonly [string, string])[] => [
    [DEAD_LETTER_HEADERS.topic, topic],
    [DEAD_LETTER_HEADERS.partition, '2'],
    [DEAD_LETTER_HEADERS.offset, offset],
    [DEAD_LETTER_HEADERS.code, 'E_FRAME_MAGIC'],
    [DEAD_LETTER_HEADERS.message, 'not a frame'],
  ]
  await cli.write(CHURN.deadLetters, 2, [
    letter(from(CHURN.events, '0')),
    letter([[HEADERS.origin, '2:0'], ...from(CHURN.version(7), '17')]),
    letter([[HEADERS.origin, '2:9'], ...from(CHURN.version(7), '0')]),
    letter(from(CHURN.events, '1')),
  ])
  const found = JSON.parse((await inspect('churn.2.0', '--json')).stdout) as Found
  expect(found.deadLetters.map((l) => l.headers[DEAD_LETTER_HEADERS.topic])).toEqual(['churn.events', 'churn.v7'])
  expect((await inspect('churn.2.0')).stdout).toContain('E_FRAME_MAGIC: not a frame')
})

test('an id that leads nowhere is a failure that says so', async () => {
  await cli.write(CHURN.events, 0, [{ key: 'C1', value: 'x' }])
  const gone = await inspect('churn.0.5', '--json')
  expect(gone.exitCode).toBe(1)
  expect(JSON.parse(gone.stdout)).toMatchObject({ event: null, predictions: [] })
  expect(gone.stderr).toContain('older than the topic')
  const unscored = await inspect('churn.7.0.0')
  expect([unscored.exitCode, unscored.stdout.includes('event churn.0.0')]).toEqual([1, true])
  const elsewhere = await inspect('churn.7.0')
  expect([elsewhere.exitCode, elsewhere.stderr]).toEqual([1, expect.stringContaining('has no partition 7')])
})

test.each<[string, number, RegExp]>([
  ['nonsense', 2, /neither an eventId/],
  ['fraud.1.1', 78, /`fraud` is not configured/],
])('%s is refused', async (id, exitCode, message) => {
  const result = await inspect(id)
  expect(result.exitCode).toBe(exitCode)
  expect(result.stderr).toMatch(message)
})
