import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endpointTopics } from '@sluice/contracts'
import { type StackChoice, startLocalStack } from '@sluice/local-stack'
import { type LoadedConfig, Scope } from '@sluice/runtime'
import type { CliIo } from '../cli-io.ts'
import { loadConfig } from '../config-option.ts'
import { ReportedFailure } from '../exit-codes.ts'
import { awaitReadiness } from './await-readiness.ts'
import { embeddedPlatform } from './embedded-platform.ts'
import type { Platform } from './platform.ts'
import { processPlatform } from './process-platform.ts'
import { runDemo } from './run-demo.ts'

/** Runs one command line of the CLI; `up` is made of the same commands that a person would type. */
export type RunCommand = (args: readonly string[], io: CliIo) => Promise<number>

export interface UpOptions {
  readonly config: string
  readonly demo: boolean
  readonly exit: boolean
  readonly json: boolean
  readonly rate: number
  readonly stack?: StackChoice
}

/** Brings the whole platform up, runs the demo or waits for Ctrl-C, and takes everything down again. */
export async function runUp(io: CliIo, run: RunCommand, options: UpOptions): Promise<void> {
  const startedMs = io.clock.monotonicMs()
  const scope = new Scope((name, error) => io.note(`stopping ${name}: ${String(error)}`))
  try {
    const workDir = mkdtempSync(join(tmpdir(), 'sluice-up-'))
    scope.defer('work folder', () => rmSync(workDir, { recursive: true, force: true }))
    const platform = await startPlatform(io, options, scope, workDir)
    if (io.signal.aborted) return
    const loaded = loadConfig({ ...io, env: { ...io.env, ...platform.env } }, options)
    const inner = innerIo(io, platform)
    const command = async (...args: string[]): Promise<void> => {
      const exitCode = await run([...args, '--config', options.config], inner)
      if (exitCode !== 0) throw new ReportedFailure(`sluice ${args.join(' ')} failed`)
    }
    await command('topics', 'apply')
    await command('schemas', 'apply')
    const services = await platform.startServices()
    scope.defer('services', () => platform.stop())
    for (const { name, http, ops, pid } of services)
      io.note(`${name.padEnd(18)} ${http}  metrics ${ops}/metrics  pid ${pid}`)
    await awaitScorers(platform, loaded, io)
    for (const endpoint of Object.keys(loaded.config.endpoints)) {
      await command('plan', 'apply', '--endpoint', endpoint)
    }
    io.note(`Up after ${((io.clock.monotonicMs() - startedMs) / 1000).toFixed(1)} s.`)
    if (!options.exit) noteAddresses(io, platform)
    if (options.demo) await runDemo({ io, platform, loaded, ...options })
    else await untilAborted(io.signal)
  } finally {
    await scope.stop()
  }
}

async function startPlatform(io: CliIo, options: UpOptions, scope: Scope, workDir: string): Promise<Platform> {
  const stack = await startLocalStack({
    report: io.note,
    signal: io.signal,
    env: { ...io.env },
    ...(options.stack === undefined ? {} : { provider: options.stack }),
  })
  const { config } = loadConfig(io, options)
  if (stack.kind === 'embedded') {
    io.note(`Running on the embedded log inside this process: ${stack.reason}`)
    io.note('What is different: nothing survives the end of this process, and all services share it.')
    return embeddedPlatform({ clock: io.clock, config: loadConfig(io, options), note: io.note })
  }
  scope.defer('local stack', () => stack.stop())
  return processPlatform({ stack, config, configFile: options.config, logDir: join(workDir, 'logs'), note: io.note })
}

/** The commands that are part of `up` run against the platform just started, and what they say is not data. */
function innerIo(io: CliIo, platform: Platform): CliIo {
  return {
    ...io,
    env: { ...io.env, ...platform.env },
    out: async () => {},
    openLog: () => platform.openLog('cli'),
    openRegistry: async () => platform.openRegistry(),
  }
}

async function awaitScorers(platform: Platform, { config }: LoadedConfig, io: CliIo): Promise<void> {
  const log = await platform.openLog('readiness')
  try {
    for (const [name, { variants, shadows }] of Object.entries(config.endpoints)) {
      const versions = [...variants, ...shadows].map((role) => role.version)
      await awaitReadiness(log, endpointTopics(name, config.topics.prefix), versions, io.clock, io.signal)
    }
  } finally {
    await log.close()
  }
}

/** How to point other commands at what was just started; the embedded log is out of their reach. */
function noteAddresses(io: CliIo, platform: Platform): void {
  const addresses = Object.entries(platform.env).filter(([name]) => !name.startsWith('SLUICE_HTTP__'))
  if (addresses.length === 0) return
  io.note('For other commands, in another terminal:')
  io.note(`export ${addresses.map(([name, value]) => `${name}=${value}`).join(' ')}`)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
