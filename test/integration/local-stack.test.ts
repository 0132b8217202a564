import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { readFile, readlink } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKafka, startLocalStack, startRegistry } from '@sluice/local-stack'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { expect, inject, onTestFinished, test } from 'vitest'

const POLL_MS = 50
const GONE_MS_MAX = 20_000
const SILENT_MS = 1_000
const REGISTRY_JSON = { 'content-type': 'application/vnd.schemaregistry.v1+json' }

test('processes: a record, a schema and a key come back, and stop leaves no process, port or file', async (context) => {
  const stack = await startLocalStack({ provider: 'processes' }).catch((error: Error) => context.skip(error.message))
  if (stack.kind !== 'running') return context.skip(stack.reason)
  onTestFinished(() => stack.stop())
  expect(stack.provider).toBe('processes')
  expect(stack.components.map((component) => component.name)).toEqual(['kafka', 'registry', 'redis'])
  for (const component of stack.components) expect(component.startMs, component.name).toBeGreaterThan(0)

  await produce(stack.kafka.brokers, 'greetings', ['hello'])
  expect(await consume(stack.kafka.brokers, 'greetings', 1)).toEqual(['hello'])

  const id = await register(stack.registry.url, 'greetings-value', avro('string'))
  expect(await schemaText(stack.registry.url, id)).toBe(avro('string'))
  const incompatible = await postSchema(stack.registry.url, 'greetings-value', avro('int'))
  expect(incompatible.status).toBe(409)

  const redis = new Redis(stack.redis.url)
  expect(await redis.ping()).toBe('PONG')
  redis.disconnect()

  const pids = [...stack.pids]
  const ports = stack.components.map((component) => Number(/:(\d+)/.exec(component.address.replace('//', ''))?.[1]))
  expect(pids).toHaveLength(3)
  const folders = await foldersOf(pids)
  await stack.stop()
  for (const pid of pids) expect(alive(pid), `process ${pid}`).toBe(false)
  for (const port of ports) expect(await answers(port), `port ${port}`).toBe(false)
  for (const folder of folders) expect(existsSync(folder), folder).toBe(false)
})

test('a broker that is killed keeps what it acknowledged and comes back on its port', async (context) => {
  // The controller takes a broker back only after the session of the killed one has ended; 9 s is the default.
  const properties = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' }
  const broker = await startKafka({ properties }).catch((error: Error) => context.skip(error.message))
  onTestFinished(() => broker.stop())
  await produce([broker.address], 'kept', ['one', 'two'])
  const before = broker.pid
  await broker.kill('SIGKILL')
  expect(broker.pid).toBeUndefined()
  expect(await answers(portOf(broker.address))).toBe(false)
  await broker.restart()
  expect(broker.pid).not.toBe(before)
  expect(await consume([broker.address], 'kept', 2)).toEqual(['one', 'two'])
})

test('a frozen registry answers nothing until it is resumed, and a killed one still knows its ids', async (context) => {
  const registry = await startRegistry().catch((error: Error) => context.skip(error.message))
  onTestFinished(() => registry.stop())
  const id = await register(registry.address, 'kept-value', avro('string'))
  await registry.pause()
  const silent = fetch(`${registry.address}/subjects`, { signal: AbortSignal.timeout(SILENT_MS) })
  await expect(silent).rejects.toThrow(/timeout|aborted/i)
  await registry.resume()
  expect(await schemaText(registry.address, id)).toBe(avro('string'))
  await registry.kill('SIGKILL')
  await registry.restart()
  expect(await schemaText(registry.address, id)).toBe(avro('string'))
})

test.for(['SIGKILL', 'SIGTERM', 'SIGINT', 'exit'] as const)(
  'when the process that wanted the stack ends by %s, nothing of it remains',
  async (way, context) => {
    if (process.platform === 'win32') return context.skip('signals of this kind do not exist on Windows')
    const holder = hold('processes', way)
    const ended = once(holder, 'exit')
    const { pids } = await heldBy(holder)
    const folders = await foldersOf(pids)
    const supervisor = await parentOf(pids[0]!)
    if (way !== 'exit') holder.kill(way)
    await ended
    await until('the processes are gone', () => [...pids, supervisor].every((pid) => !alive(pid)))
    expect(folders.length).toBeGreaterThan(0)
    for (const folder of folders) expect(existsSync(folder), folder).toBe(false)
  },
)

test('docker: the same stack in containers', async (context) => {
  const stack = await startLocalStack({ provider: 'docker' }).catch((error: Error) => context.skip(error.message))
  if (stack.kind !== 'running') return context.skip(stack.reason)
  onTestFinished(() => stack.stop())
  expect(stack.provider).toBe('docker')
  await produce(stack.kafka.brokers, 'contained', ['one'])
  const id = await register(stack.registry.url, 'contained-value', avro('string'))
  await stack.handles.kafka.kill('SIGKILL')
  await stack.handles.kafka.restart()
  await produce(stack.kafka.brokers, 'contained', ['two'])
  expect((await consume(stack.kafka.brokers, 'contained', 2)).sort()).toEqual(['one', 'two'])
  expect(await schemaText(stack.registry.url, id)).toBe(avro('string'))
  await stack.stop()
  expect(await answers(portOf(stack.kafka.brokers[0]!))).toBe(false)
})

test('docker: containers go with the process that wanted them', async (context) => {
  const daemon = await startLocalStack({ provider: 'docker', needs: ['redis'] }).catch((error: Error) =>
    context.skip(error.message),
  )
  if (daemon.kind !== 'running') return context.skip(daemon.reason)
  await daemon.stop()
  const holder = hold('docker', 'SIGKILL')
  const { addresses } = await heldBy(holder)
  for (const address of addresses) expect(await answers(portOf(address)), address).toBe(true)
  holder.kill('SIGKILL')
  await until('the containers are gone', async () => {
    const answering = await Promise.all(addresses.map((address) => answers(portOf(address))))
    return !answering.includes(true)
  })
})

test('the stack of this run is shared: the environment provider takes it as it is', async (context) => {
  if (inject('stackKind') === 'embedded') return context.skip(inject('stackReason'))
  const stack = await startLocalStack({
    env: {
      SLUICE_KAFKA__BROKERS: inject('kafkaBrokers').join(','),
      SLUICE_REGISTRY__URL: inject('registryUrl'),
      SLUICE_REDIS__URL: inject('redisUrl'),
    },
  })
  if (stack.kind !== 'running') throw new Error(stack.reason)
  expect(stack.provider).toBe('env')
  expect(stack.pids).toEqual([])
  await stack.stop()
  expect(await answers(portOf(inject('kafkaBrokers')[0]!))).toBe(true)
})

function client(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
}

async function produce(brokers: readonly string[], topic: string, values: readonly string[]): Promise<void> {
  const kafka = client(brokers)
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
  await admin.disconnect()
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) })
  await producer.disconnect()
}

async function consume(brokers: readonly string[], topic: string, count: number): Promise<string[]> {
  const consumer = client(brokers).consumer({ groupId: `${topic}-readers`, maxWaitTimeInMs: 200 })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const enough = Promise.withResolvers<void>()
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value))
      if (values.length >= count) enough.resolve()
    },
  })
  await enough.promise
  await consumer.disconnect()
  return values
}

/** A record schema with one field. Two of them with other field types cannot read each other's data. */
function avro(type: string): string {
  return JSON.stringify({ type: 'record', name: 'Greeting', fields: [{ name: 'text', type }] })
}

function postSchema(url: string, subject: string, schema: string): Promise<Response> {
  return fetch(`${url}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: REGISTRY_JSON,
    body: JSON.stringify({ schema }),
  })
}

async function register(url: string, subject: string, schema: string): Promise<number> {
  const answer = await postSchema(url, subject, schema)
  return ((await answer.json()) as { id: number }).id
}

async function schemaText(url: string, id: number): Promise<string> {
  const answer = await fetch(`${url}/schemas/ids/${id}`)
  return ((await answer.json()) as { schema: string }).schema
}

function hold(provider: 'processes' | 'docker', way: string): ChildProcess {
  const program = join(import.meta.dirname, 'local-stack-holder.ts')
  const holder = spawn(process.execPath, [program, provider, way], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void holder.kill('SIGKILL'))
  return holder
}

interface Held {
  readonly pids: readonly number[]
  readonly addresses: readonly string[]
}

async function heldBy(holder: ChildProcess): Promise<Held> {
  for await (const line of createInterface({ input: holder.stdout! })) return JSON.parse(line) as Held
  throw new Error('the holder ended before its stack answered')
}

/** Working folders of the processes; they lie in the folder of the run. Empty where the system has no /proc. */
async function foldersOf(pids: readonly number[]): Promise<string[]> {
  if (!existsSync('/proc')) return []
  return Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`)))
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])
}

/** A zombie counts as gone: it holds nothing any more and only waits for its parent to look. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
  return !/^\d+ \(.*\) Z/s.test(stat)
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await condition()); waitedMs += POLL_MS) {
    if (waitedMs > GONE_MS_MAX) throw new Error(`not within ${GONE_MS_MAX / 1000} s: ${what}`)
    await sleep(POLL_MS)
  }
}
