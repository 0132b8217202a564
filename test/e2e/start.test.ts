import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { endpointTopics } from '@sluice/contracts'
import { kafkaLog } from '@sluice/kafka'
import { CompiledPlan, planFromConfig } from '@sluice/routing'
import { loadPlatformConfig, systemClock } from '@sluice/runtime'
import { readTopic, until } from '@sluice/testing'
import { describe, expect, inject, onTestFinished, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const RATE = '2000'
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const isEmbedded = inject('stackKind') === 'embedded'

const customers = readFileSync(join(ROOT, 'examples/churn/customers.heldout.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => (JSON.parse(line) as { customerId: string }).customerId)

interface Summary {
  readonly events: number
  readonly variants: readonly {
    readonly variant: string
    readonly version: number
    readonly mode: string
    readonly predictions: number
    readonly decisions: Readonly<Record<string, number>>
  }[]
}

interface Run {
  /** Folder for temporary files of the run, and of nobody else. */
  readonly tmp: string
  readonly child: ChildProcess
  readonly stderr: () => string
  readonly ended: Promise<{ readonly exitCode: number | null; readonly stdout: string }>
}

/** `sluice up` as a person types it, on the stack that all tests share and on topics of its own. */
function up(prefix: string, ...args: string[]): Run {
  const tmp = mkdtempSync(join(tmpdir(), 'sluice-e2e-'))
  onTestFinished(() => rmSync(tmp, { recursive: true, force: true }))
  const child = spawn(process.execPath, ['packages/cli/src/main.ts', 'up', ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      ...(isEmbedded
        ? {}
        : {
            SLUICE_KAFKA__BROKERS: inject('kafkaBrokers').join(','),
            SLUICE_REGISTRY__URL: inject('registryUrl'),
            SLUICE_REDIS__URL: inject('redisUrl'),
          }),
      SLUICE_TOPICS__PREFIX: prefix,
      TMPDIR: tmp,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode: exitCode as number | null, stdout }))
  return { tmp, child, stderr: () => stderr, ended }
}

const newPrefix = (name: string): string => `${name}-${randomBytes(4).toString('hex')}`

/** How many held-out customers the split gives each version of the demo. */
function expectedSplit(): ReadonlyMap<number, readonly string[]> {
  const { config } = loadPlatformConfig({ file: join(ROOT, 'sluice.yaml'), env: {} })
  const plan = new CompiledPlan(planFromConfig('churn', config.endpoints['churn']!, 1))
  const split = new Map<number, string[]>()
  for (const customer of customers) {
    const key = new TextEncoder().encode(customer)
    const { version } = plan.variants[plan.variantIndex(key, 0, key.length)]!
    split.set(version, [...(split.get(version) ?? []), customer])
  }
  return split
}

/** The summary is right: every customer once, split as every router splits, every prediction decided. */
function checkSummary(summary: Summary): void {
  const split = expectedSplit()
  expect(summary.events).toBe(customers.length)
  expect(summary.variants.map((v) => [v.version, v.variant, v.mode, v.predictions])).toEqual([
    [7, 'champion', 'live', split.get(7)!.length],
    [8, 'challenger', 'live', split.get(8)!.length],
  ])
  for (const { decisions, predictions } of summary.variants) {
    expect(Object.keys(decisions).sort()).toEqual(['churns', 'stays'])
    expect(Object.values(decisions).reduce((sum, n) => sum + n, 0)).toBe(predictions)
  }
}

/** Processes on this machine whose environment has this text; those that have ended but were not reaped have none. */
function processesWith(text: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text)
      } catch {
        return false // It ended between the listing and the look, or belongs to another user.
      }
    })
}

test('the held-out customers are 2,149, and the split of the demo is near 80 to 20', () => {
  expect(new Set(customers).size).toBe(2_149)
  const share = expectedSplit().get(7)!.length / customers.length
  // Five standard deviations of a share of 0.8 among so many keys.
  expect(Math.abs(share - 0.8)).toBeLessThan(5 * Math.sqrt((0.8 * 0.2) / customers.length))
})

test.skipIf(isEmbedded)('on a real broker every customer is predicted once, by the version of its key', async () => {
  const prefix = newPrefix('start')
  const run = up(prefix, '--demo', '--exit', '--json', '--rate', RATE)
  const { exitCode, stdout } = await run.ended
  expect(exitCode, run.stderr()).toBe(0)
  checkSummary(JSON.parse(stdout) as Summary)
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  if (process.platform === 'linux') expect(processesWith(prefix)).toEqual([])
  expect(readdirSync(run.tmp)).toEqual([])

  const log = kafkaLog({ brokers: inject('kafkaBrokers'), clientId: prefix, clock: systemClock, logger: QUIET })
  onTestFinished(() => log.close())
  const predictions = await readTopic(log, endpointTopics('churn', prefix).predictions)
  const byVersion = new Map<number, string[]>()
  for (const { key, value } of predictions) {
    const version = Number(/churn\.(\d+)\.\d+\.\d+/.exec(Buffer.from(value!).toString('latin1'))![1])
    byVersion.set(version, [...(byVersion.get(version) ?? []), Buffer.from(key!).toString()])
  }
  for (const [version, expected] of expectedSplit()) expect(byVersion.get(version)!.sort()).toEqual(expected.toSorted())
})

test('on the embedded log the same customers get the same versions, without a process beside it', async () => {
  const prefix = newPrefix('embedded')
  const run = up(prefix, '--demo', '--exit', '--json', '--rate', RATE, '--stack', 'embedded')
  const { exitCode, stdout } = await run.ended
  expect(exitCode, run.stderr()).toBe(0)
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  checkSummary(JSON.parse(stdout) as Summary)
})

/** A demo without end, as soon as its predictions come out of the services that it names. */
async function runningDemo(prefix: string): Promise<Run> {
  const run = up(prefix, '--demo')
  await until('predictions on the screen', () => (/[1-9]\d* predictions out/.test(run.stderr()) ? true : undefined), {
    still: run.stderr,
  })
  const pids = [...run.stderr().matchAll(/^\S+ +http:\S+ {2}metrics \S+ {2}pid (\d+)$/gm)].map((match) => match[1]!)
  expect(pids).toHaveLength(3)
  expect(processesWith(prefix)).toEqual(expect.arrayContaining([...pids, String(run.child.pid)]))
  return run
}

describe.skipIf(isEmbedded || process.platform !== 'linux')('in the middle of the demo', () => {
  test('Ctrl-C ends everything that was started', async () => {
    const prefix = newPrefix('interrupt')
    const run = await runningDemo(prefix)
    run.child.kill('SIGINT')
    const { exitCode, stdout } = await run.ended
    expect({ exitCode, stdout }, run.stderr()).toEqual({ exitCode: 130, stdout: '' })
    expect(processesWith(prefix)).toEqual([])
    expect(readdirSync(run.tmp)).toEqual([])
  })

  test('kill -9 of the command leaves no service behind', async () => {
    const prefix = newPrefix('killed')
    const run = await runningDemo(prefix)
    run.child.kill('SIGKILL')
    await run.ended
    await until('the end of the services', () => (processesWith(prefix).length === 0 ? true : undefined), {
      still: () => processesWith(prefix).join(', '),
    })
  })
})
