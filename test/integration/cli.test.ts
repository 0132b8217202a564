import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEAD_LETTER_HEADERS, endpointTopics, HEADERS } from '@sluice/contracts'
import { kafkaLog } from '@sluice/kafka'
import { formatControlRecord, partitionOfKey } from '@sluice/routing'
import { systemClock } from '@sluice/runtime'
import { HeaderBlockBuilder, type Log, RecordBatchBuilder } from '@sluice/stream'
import avro from 'avsc'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const BIN = fileURLToPath(new URL('../../packages/cli/bin/sluice.mjs', import.meta.url))
const MODELS = fileURLToPath(new URL('../../examples/churn/models', import.meta.url))
const EVENT_SCHEMA = fileURLToPath(new URL('../../examples/churn/customer-event.avsc', import.meta.url))
const EVENT = {
  type: 'record',
  name: 'Event',
  namespace: 'it',
  fields: [{ name: 'customerId', type: 'string' }],
} as const
const prefix = `it${process.pid}x${Date.now()}`
const topics = endpointTopics('churn', prefix)
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let dir = ''
let log: Log
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
  writeFileSync(
    join(dir, 'sluice.yaml'),
    JSON.stringify({
      kafka: { brokers: inject('kafkaBrokers') },
      registry: { url: inject('registryUrl') },
      redis: { url: inject('redisUrl') },
      topics: { prefix },
      models: { dir: MODELS },
      endpoints: {
        churn: {
          key: 'customerId',
          schema: EVENT_SCHEMA,
          partitions: 3,
          variants: [
            { name: 'champion', model: 'churn', version: 7, weight: 90 },
            { name: 'challenger', model: 'churn', version: 8, weight: 10 },
          ],
        },
      },
    }),
  )
  log = kafkaLog({ brokers: inject('kafkaBrokers'), clientId: 'it', clock: systemClock, logger })
})
afterAll(async () => {
  await log.close()
  rmSync(dir, { recursive: true, force: true })
})

interface Result {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The command as a person runs it: its own process, from its bin file. */
function sluice(...args: string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: dir,
      env: { ...process.env, NO_COLOR: '1', SLUICE_ACTOR: 'ada' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }))
  })
}
const json = async <T>(...args: string[]): Promise<T> => {
  const { exitCode, stdout, stderr } = await sluice(...args, '--json')
  expect(exitCode, stderr).toBe(0)
  return JSON.parse(stdout) as T
}

interface Written {
  readonly key: string
  readonly value: Uint8Array
  readonly headers?: readonly (readonly [string, string])[]
}
async function write(topic: string, partition: number, records: readonly Written[]): Promise<void> {
  const batch = new RecordBatchBuilder()
  for (const { key, value, headers = [] } of records) {
    const keyBytes = new TextEncoder().encode(key)
    const block = new HeaderBlockBuilder()
    for (const [name, text] of headers) block.text(name, text)
    batch.key(keyBytes, 0, keyBytes.length)
    batch.value(value, 0, value.length)
    batch.extraHeaders(block)
    batch.add(Date.now())
  }
  const writer = await log.openWriter()
  writer.append(topic, partition, batch)
  await writer.flush()
  await writer.close()
}

describe.skipIf(inject('stackKind') === 'embedded')(`on a real broker and registry (${inject('stackReason')})`, () => {
  test('doctor says what is missing on an empty platform', async () => {
    const { exitCode, stdout } = await sluice('doctor', '--json')
    expect(exitCode).toBe(1)
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; fix?: string }[] }
    expect(checks.filter((c) => c.state === 'fail').map((c) => c.fix)).toEqual([
      'Run `sluice topics apply`.',
      'Run `sluice schemas apply`.',
    ])
    expect(checks.filter((c) => /^(broker|model|redis)/.test(c.name)).map((c) => [c.name, c.state])).toEqual([
      ['broker', 'ok'],
      ['model churn-7', 'ok'],
      ['model churn-8', 'ok'],
      ['redis', 'ok'],
    ])
  })

  test('topics and schemas are applied once, and a second time changes nothing', async () => {
    const plan = await json<{ create: object[] }>('topics', 'plan')
    expect(plan.create).toHaveLength(13)
    await json('topics', 'apply')
    expect((await sluice('topics', 'apply')).stdout).toBe('All topics are as configured.\n')
    await json('schemas', 'apply')
    const { subjects } = await json<{ subjects: { state: string; version: number }[] }>('schemas', 'apply')
    expect(new Set(subjects.map((s) => `${s.state} ${s.version}`))).toEqual(new Set(['registered 1']))
  })

  test('a plan waits for its scorers', async () => {
    const refused = await sluice('plan', 'apply')
    expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringContaining('no scorer is ready for version 7')])
    for (const version of [7, 8]) {
      const ready = { version, instance: `s${version}`, ready: true, url: 'http://127.0.0.1:1', since: 1 }
      const { key, value } = formatControlRecord({ kind: 'scorer-ready', ...ready })
      await write(topics.control, partitionOfKey(key, 3), [{ key: Buffer.from(key).toString(), value }])
    }
    expect(await json('plan', 'apply', '--reason', 'start')).toMatchObject({ applied: true, plan: { generation: 1 } })
    expect(await json('plan', 'apply')).toMatchObject({ applied: false })
    expect(await json('plan', 'show')).toMatchObject({ plan: { generation: 1 }, changed: false })
    expect(await json<{ healthy: boolean }>('doctor')).toMatchObject({ healthy: true })
  })

  test('events are decoded through the registry and found by their id', async () => {
    const response = await fetch(`${inject('registryUrl')}/subjects/${prefix}-it-value/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(EVENT) }),
    })
    const { id } = (await response.json()) as { id: number }
    const frame = Buffer.alloc(5)
    frame.writeInt32BE(id, 1)
    const event = (customerId: string): Buffer =>
      Buffer.concat([frame, avro.Type.forSchema(EVENT as unknown as avro.Schema).toBuffer({ customerId })])
    await write(topics.events, 1, [
      { key: 'C1', value: event('C1') },
      { key: 'C2', value: event('C2'), headers: [['ce_id', 'x']] },
    ])
    const { stdout } = await sluice('tail', 'churn.events', '--json')
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((l) => JSON.parse(l) as object),
    ).toMatchObject([
      { partition: 1, offset: 0, key: 'C1', format: 'avro', schemaId: id, value: { customerId: 'C1' } },
      { partition: 1, offset: 1, key: 'C2', headers: { ce_id: 'x' }, value: { customerId: 'C2' } },
    ])
    expect(await json('inspect', 'churn.1.1')).toMatchObject({
      eventId: 'churn.1.1',
      event: { offset: 1, value: { customerId: 'C2' } },
      assignment: { generation: 1 },
    })
    expect((await sluice('inspect', 'churn.1.2')).exitCode).toBe(1)
  })

  test('a replay puts dead letters back once, and says so in the audit topic', async () => {
    const letter = (offset: number, code: string): Written => ({
      key: 'C1',
      value: new TextEncoder().encode(`event ${offset}`),
      headers: [
        [HEADERS.origin, `2:${offset}`],
        [DEAD_LETTER_HEADERS.topic, topics.version(7)],
        [DEAD_LETTER_HEADERS.partition, '2'],
        [DEAD_LETTER_HEADERS.offset, String(offset)],
        [DEAD_LETTER_HEADERS.timestamp, String(Date.now())],
        [DEAD_LETTER_HEADERS.stage, 'scorer'],
        [DEAD_LETTER_HEADERS.code, code],
      ],
    })
    await write(topics.deadLetters, 2, [
      letter(0, 'E_SCHEMA_UNKNOWN'),
      letter(1, 'E_FEATURE_TYPE'),
      letter(2, 'E_SCHEMA_UNKNOWN'),
    ])
    expect(await json('replay')).toMatchObject({ applied: false, replayed: 0, selected: [{ count: 2 }, { count: 1 }] })
    expect(await json('replay', '--code', 'E_SCHEMA_UNKNOWN', '--apply')).toMatchObject({ replayed: 2 })
    expect(await json('replay', '--apply')).toMatchObject({ replayed: 1, alreadyReplayed: 2 })
    expect(await json('replay', '--apply')).toMatchObject({ replayed: 0, alreadyReplayed: 3, selected: [] })
    const { stdout } = await sluice('tail', 'churn.v7', '--json')
    const back = stdout
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l) as { partition: number; value: string; headers: object })
    expect(back.map((r) => [r.partition, r.value, r.headers])).toEqual([
      [2, 'event 0', { [HEADERS.origin]: '2:0', [HEADERS.replay]: '2:0' }],
      [2, 'event 2', { [HEADERS.origin]: '2:2', [HEADERS.replay]: '2:2' }],
      [2, 'event 1', { [HEADERS.origin]: '2:1', [HEADERS.replay]: '2:1' }],
    ])
    const audit = await sluice('tail', 'churn.audit', '--json')
    expect(audit.stdout.match(/"action":"replay.apply"/g)).toHaveLength(2)
  })

  test('a broker and a registry that are away end in a message, not in a stack', async () => {
    writeFileSync(
      join(dir, 'away.yaml'),
      JSON.stringify({
        kafka: { brokers: ['127.0.0.1:1'] },
        registry: { url: 'http://127.0.0.1:1/apis/ccompat/v7' },
        redis: { url: 'redis://127.0.0.1:1' },
        endpoints: {
          churn: { key: 'k', schema: EVENT_SCHEMA, variants: [{ name: 'a', model: 'churn', version: 7, weight: 100 }] },
        },
      }),
    )
    for (const args of [['topics', 'plan'], ['schemas', 'check'], ['doctor']]) {
      const { exitCode, stdout, stderr } = await sluice(...args, '--config', 'away.yaml')
      expect(exitCode, args.join(' ')).toBe(1)
      expect(stdout + stderr).toMatch(/next: |Start |correct /)
      expect(stdout + stderr, args.join(' ')).not.toMatch(/\n {4}at /)
    }
  })
})

test('the bin runs by its first line, on whatever Node the machine has', async () => {
  const own = join('node_modules', '.bin')
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.endsWith(own))
  const child = spawn(BIN, ['assign', '--salt', 's', '--weights', 'a=100', '--key', 'k'], {
    env: { ...process.env, PATH: path.join(delimiter) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^k\t\d+\ta\n$/)])
})
