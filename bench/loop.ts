import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { endpointTopics } from '@sluice/contracts'
import { startLocalStack } from '@sluice/local-stack'
import { platformSchema, readSchemaFile } from '@sluice/registry'
import { loadPlatformConfig, systemClock } from '@sluice/runtime'
import { type Log, valueSubject } from '@sluice/stream'
import type { CliIo } from '../packages/cli/src/cli-io.ts'
import { runCli } from '../packages/cli/src/run-cli.ts'
import { awaitReadiness } from '../packages/cli/src/up/await-readiness.ts'
import { DemoCustomers } from '../packages/cli/src/up/demo-customers.ts'
import { PredictionTail } from '../packages/cli/src/up/prediction-tail.ts'
import { processPlatform } from '../packages/cli/src/up/process-platform.ts'
import { machineLine } from './machine.ts'
import { cpuSeconds, rssBytes } from './process-usage.ts'

const ROOT = resolve(import.meta.dirname, '..')
const PARTITIONS = 6
const SEND_BATCH = 5_000
const LATENCY_SECONDS = { smoke: 2, full: 15 }
const EVENTS = { smoke: 20_000, full: 400_000 }
const POLL_MS = 50
const WAIT_MS_MAX = 300_000

/** Throughput with a full topic, then latency at half that rate; one router, one scorer, real customers, Avro. */
async function runLoopBench(smoke: boolean): Promise<void> {
  const events = smoke ? EVENTS.smoke : EVENTS.full
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const stack = await startLocalStack({ report: (line) => console.error(line) })
  if (stack.kind === 'embedded')
    throw new Error(`the loop is measured on a real broker, and there is none: ${stack.reason}`)
  const configFile = join(dir, 'sluice.yaml')
  writeFileSync(configFile, benchConfig())
  const loaded = loadPlatformConfig({ file: configFile, env: {} })
  const platform = processPlatform({
    stack,
    config: loaded.config,
    configFile,
    logDir: join(dir, 'logs'),
    note: console.error,
  })
  const topics = endpointTopics('churn')
  const log = await platform.openLog('bench')
  try {
    const io = benchIo(
      platform.env,
      () => platform.openLog('cli'),
      async () => platform.openRegistry(),
    )
    for (const command of [
      ['topics', 'apply'],
      ['schemas', 'apply'],
    ])
      await mustRun([...command, '--config', configFile], io)
    const registered = await platform.openRegistry().latest(valueSubject(topics.events))
    const writer = await log.openWriter()
    const schemaFile = join(ROOT, 'examples/churn/customer-event.avsc')
    const customers = new DemoCustomers({
      file: join(ROOT, 'examples/churn/customers.heldout.jsonl'),
      schema: readSchemaFile(schemaFile),
      schemaId: registered!.id,
      topics,
      partitions: PARTITIONS,
      writer,
    })
    for (let sent = 0; sent < events; sent += SEND_BATCH)
      await customers.send(Math.min(SEND_BATCH, events - sent), Date.now())

    const services = await platform.startServices()
    const pids = Object.fromEntries(services.map(({ name, pid }) => [name, pid]))
    await awaitReadiness(log, topics, [8], systemClock, new AbortController().signal)
    const before = usage(pids)
    await mustRun(['plan', 'apply', '--config', configFile], io)
    const firstMs = await waitFor(() => countOf(log, topics.predictions), 1)
    const lastMs = await waitFor(() => countOf(log, topics.predictions), events)
    const after = usage(pids)
    const seconds = (lastMs - firstMs) / 1000
    const rate = events / seconds
    console.log(machineLine())
    console.log(
      `events ${events} · ${Math.round(rate)} events/s end to end (router → version topic → scorer → predictions), Avro, at least once, ${PARTITIONS} partitions`,
    )
    for (const name of Object.keys(pids)) {
      const cpu = after[name]!.cpu - before[name]!.cpu
      console.log(
        `${name.padEnd(16)} ${((cpu / events) * 1e6).toFixed(2)} µs CPU per event · ${(after[name]!.rss / 2 ** 20).toFixed(0)} MiB resident`,
      )
    }
    await printLatency(log, customers, rate / 2, smoke ? LATENCY_SECONDS.smoke : LATENCY_SECONDS.full)
    await writer.close()
  } finally {
    await log.close()
    await platform.stop()
    await stack.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

function benchConfig(): string {
  return [
    `models: { dir: ${join(ROOT, 'examples/churn/models')} }`,
    'endpoints:',
    '  churn:',
    '    key: customerId',
    `    schema: ${join(ROOT, 'examples/churn/customer-event.avsc')}`,
    `    partitions: ${PARTITIONS}`,
    '    variants: [{ name: champion, model: churn, version: 8, weight: 100 }]',
  ].join('\n')
}

function usage(
  pids: Readonly<Record<string, number>>,
): Readonly<Record<string, { readonly cpu: number; readonly rss: number }>> {
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [name, { cpu: cpuSeconds(pid), rss: rssBytes(pid) }]),
  )
}

async function countOf(log: Log, topic: string): Promise<number> {
  return (await log.admin.offsets(topic)).reduce((sum, { earliest, latest }) => sum + Number(latest - earliest), 0)
}

/** Time at which the count reached the target, in milliseconds. */
async function waitFor(count: () => Promise<number>, target: number): Promise<number> {
  const startedMs = Date.now()
  while ((await count()) < target) {
    if (Date.now() - startedMs > WAIT_MS_MAX)
      throw new Error(`${await count()} of ${target} after ${WAIT_MS_MAX / 1000} s`)
    await systemClock.sleep(POLL_MS)
  }
  return Date.now()
}

async function printLatency(log: Log, customers: DemoCustomers, rate: number, seconds: number): Promise<void> {
  const latencies: number[] = []
  // What a consumer sees: from the event's record time to the prediction in its hands.
  const tail = await PredictionTail.open(log, endpointTopics('churn'), PARTITIONS, platformSchema('prediction'), (p) =>
    latencies.push(Date.now() - p.eventTimeMs),
  )
  const stop = new AbortController()
  const reading = tail.run(stop.signal)
  const startedMs = performance.now()
  let sent = 0
  while (performance.now() - startedMs < seconds * 1000) {
    const due = Math.floor(((performance.now() - startedMs) * rate) / 1000) - sent
    if (due > 0) {
      await customers.send(due, Date.now())
      sent += due
    }
    await systemClock.sleep(1)
  }
  const deadlineMs = Date.now() + WAIT_MS_MAX
  while (latencies.length < sent && Date.now() < deadlineMs) await systemClock.sleep(POLL_MS)
  stop.abort()
  await reading
  await tail.close()
  const sorted = Float64Array.from(latencies).sort()
  const at = (q: number): string => String(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))])
  console.log(
    `at ${Math.round(rate)} events/s (half load): event to prediction p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms, ${latencies.length} of ${sent} seen`,
  )
}

async function mustRun(args: readonly string[], io: CliIo): Promise<void> {
  const exitCode = await runCli(args, io)
  if (exitCode !== 0) throw new Error(`sluice ${args.join(' ')} ended with ${exitCode}`)
}

function benchIo(
  env: Readonly<Record<string, string>>,
  openLog: CliIo['openLog'],
  openRegistry: CliIo['openRegistry'],
): CliIo {
  return {
    out: async () => {},
    note: (line) => console.error(line),
    color: false,
    input: () => (async function* () {})(),
    env,
    actor: 'bench',
    signal: new AbortController().signal,
    clock: systemClock,
    openLog,
    openRegistry,
    openRedis: () => Promise.reject(new Error('the loop needs no Redis')),
  }
}

await runLoopBench(process.argv.includes('--smoke'))
