import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { DependencyError } from '@sluice/contracts'
import type { ComponentHandle, ComponentName } from './component.ts'
import type { ProcessSpec, SupervisedProcess, Supervisor } from './supervisor-client.ts'

/** From start to answering, on a slow and busy machine. */
const READY_MS_MAX = 120_000
/** From SIGTERM to SIGKILL. A broker closes its log in about 2 s; writing a class-data archive takes some more. */
const STOP_MS_MAX = 15_000
const POLL_MS = 100
const LOG_TAIL_LINES = 15
const BYTES_PER_KIB = 1024

export interface ComponentSpec {
  readonly name: ComponentName
  readonly product: string
  readonly address: string
  readonly process: ProcessSpec
  /** Resolves with the component's version when it answers as it should; throws as long as it does not. */
  readonly probe: () => Promise<string>
  /** Runs when the process has ended by itself after SIGTERM, not when it had to be killed. */
  readonly afterCleanStop?: () => Promise<void>
  readonly signal?: AbortSignal | undefined
}

/** A component that runs as a process under the supervisor. */
export class SupervisedComponent implements ComponentHandle {
  readonly provider = 'processes' as const
  readonly name: ComponentName
  readonly product: string
  readonly address: string
  readonly #spec: ComponentSpec
  readonly #supervisor: Supervisor
  #process: SupervisedProcess | undefined
  #startMs = 0
  #version = ''
  #onStopped: () => Promise<void> = async () => {}

  private constructor(spec: ComponentSpec, supervisor: Supervisor) {
    this.name = spec.name
    this.product = spec.product
    this.address = spec.address
    this.#spec = spec
    this.#supervisor = supervisor
  }

  /** Errors: `DependencyError` with the end of the component's log when it dies or does not answer in time. */
  static async start(spec: ComponentSpec, supervisor: Supervisor): Promise<SupervisedComponent> {
    const component = new SupervisedComponent(spec, supervisor)
    await component.#start(spec.signal)
    return component
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get startMs(): number {
    return this.#startMs
  }

  get version(): string {
    return this.#version
  }

  /** Given by whoever started it alone: closes what only this component used. */
  whenStopped(action: () => Promise<void>): void {
    this.#onStopped = action
  }

  async rssBytes(): Promise<number | undefined> {
    return this.pid === undefined ? undefined : residentBytes(this.pid)
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const running = this.#process
    if (running === undefined) return
    send(running.pid, signal)
    // A frozen process sees SIGTERM only when it runs again.
    if (signal === 'SIGTERM') send(running.pid, 'SIGCONT')
    await within(running.exited, STOP_MS_MAX, async () => {
      send(running.pid, 'SIGKILL')
      await running.exited
    })
  }

  async pause(): Promise<void> {
    send(this.#runningPid(), 'SIGSTOP')
  }

  async resume(): Promise<void> {
    send(this.#runningPid(), 'SIGCONT')
  }

  async restart(): Promise<void> {
    await this.kill('SIGTERM')
    await this.#start(undefined)
  }

  async stop(): Promise<void> {
    const running = this.#process
    await this.kill('SIGTERM')
    if (running !== undefined && (await running.exited).signal !== 'SIGKILL') await this.#spec.afterCleanStop?.()
    await this.#onStopped()
  }

  #runningPid(): number {
    if (this.pid === undefined) throw new Error(`${this.product} at ${this.address} is not running`)
    return this.pid
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const startedMs = performance.now()
    const started = await this.#supervisor.start(this.#spec.process)
    this.#process = started
    let ended = false
    void started.exited.then(() => {
      ended = true
      if (this.#process === started) this.#process = undefined
    })
    for (let lastError: unknown; ; ) {
      try {
        this.#version = await this.#spec.probe()
        break
      } catch (error) {
        lastError = error
      }
      const late = performance.now() - startedMs > READY_MS_MAX
      if (ended || late || signal?.aborted === true) {
        if (!ended) send(started.pid, 'SIGKILL')
        signal?.throwIfAborted()
        const what = ended ? 'ended while it started' : `did not answer within ${READY_MS_MAX / 1000} s`
        throw new DependencyError(this.product, `${what}. ${await logTail(this.#spec.process.logFile)}`, {
          next: 'Read the log lines above; if they do not tell, set SLUICE_STACK=embedded to go on without it.',
          cause: lastError,
        })
      }
      await sleep(POLL_MS)
    }
    this.#startMs = performance.now() - startedMs
  }
}

/** A process that has just ended by itself needs no signal any more. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function within(done: Promise<unknown>, ms: number, otherwise: () => Promise<void>): Promise<void> {
  const timeout = new AbortController()
  const late = sleep(ms, 'late', { signal: timeout.signal }).catch(() => 'done')
  const first = await Promise.race([done.then(() => 'done'), late])
  timeout.abort()
  if (first === 'late') await otherwise()
}

async function logTail(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const lines = text.trimEnd().split('\n').slice(-LOG_TAIL_LINES)
  return text.trim() === '' ? 'Its log is empty.' : `The end of its log:\n${lines.join('\n')}`
}

/** Resident memory of a process in bytes; `undefined` when the system does not tell or the process is gone. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)
  const kib = status === undefined ? await psResidentKib(pid) : /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
  return kib === undefined ? undefined : Number(kib) * BYTES_PER_KIB
}

function psResidentKib(pid: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      resolve(error === null ? stdout.trim() : undefined)
    })
  })
}
