import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'

/** What a service tells the process that started it, over the channel `fork` opens. */
export interface ServiceListening {
  readonly kind: 'listening'
  /** Base address for requests. */
  readonly http: string
  /** Base address of `/metrics` and `/health`. */
  readonly ops: string
}

export interface ServiceProcessOptions {
  readonly name: string
  /** TypeScript entry file of the service. */
  readonly entry: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where its log lines go. */
  readonly logFile: string
  /** Hears of an end that nobody asked for; the process is started again. */
  readonly onCrash: (name: string, reason: string, restartInMs: number) => void
}

/** How often one service is started again before the platform gives up, and the pause before each time in milliseconds. */
export const RESTARTS_MAX = 5
const RESTART_PAUSE_MS = 500
/** How long a service may take to end after SIGTERM before it is killed, in milliseconds. */
const STOP_MS = 17_000

/** One service as a process of its own: started, started again when it crashes, stopped with us. */
export class ServiceProcess {
  readonly name: string
  readonly #options: ServiceProcessOptions
  readonly #log: WriteStream
  #child: ChildProcess | undefined
  #address: ServiceListening | undefined
  #listening: Promise<ServiceListening> | undefined
  #stopping = false
  #restarts = 0

  constructor(options: ServiceProcessOptions) {
    this.name = options.name
    this.#options = options
    this.#log = createWriteStream(options.logFile, { flags: 'a' })
  }

  /** Where it listens now: after a restart the system has chosen other ports. */
  get address(): ServiceListening | undefined {
    return this.#address
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts the process and resolves with its addresses once it listens; rejects when it ends before that. */
  start(): Promise<ServiceListening> {
    const { entry, args, env } = this.#options
    const child = fork(entry, args, {
      env: { ...process.env, ...env },
      execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A Ctrl-C reaches the whole foreground group; the services are stopped in order by us instead.
      detached: true,
    })
    this.#child = child
    child.stdout!.pipe(this.#log, { end: false })
    child.stderr!.pipe(this.#log, { end: false })
    let lastErrors = ''
    child.stderr!.on('data', (chunk: Buffer) => {
      lastErrors = (lastErrors + chunk.toString()).slice(-2_000)
    })
    this.#listening = new Promise((resolve, reject) => {
      child.on('message', (message) => {
        if (!isListening(message)) return
        this.#address = message
        resolve(message)
      })
      child.once('exit', (code, signal) => {
        const reason = signal ?? `exit code ${code}`
        reject(new Error(`${this.name} ended before it was listening (${reason}):\n${lastErrors}`))
        if (!this.#stopping) this.#onCrash(reason)
      })
    })
    this.#listening.catch(() => {}) // Also reported by whoever awaits it; a crash later must not look unhandled.
    return this.#listening
  }

  #onCrash(reason: string): void {
    if (this.#restarts >= RESTARTS_MAX) {
      this.#options.onCrash(this.name, `${reason}; given up after ${RESTARTS_MAX} restarts`, Number.POSITIVE_INFINITY)
      return
    }
    const waitMs = RESTART_PAUSE_MS * 2 ** this.#restarts++
    this.#options.onCrash(this.name, reason, waitMs)
    setTimeout(() => {
      if (!this.#stopping) void this.start().catch(() => {})
    }, waitMs).unref()
  }

  /** Asks the process to finish what it has in hand and waits; kills it when it does not. */
  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
    }
    this.#log.end()
  }
}

function isListening(message: unknown): message is ServiceListening {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'listening'
}
