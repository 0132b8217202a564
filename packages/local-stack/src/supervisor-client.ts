import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ContainerRef, SupervisorAnswer, SupervisorOrder } from './supervisor-protocol.ts'

/** How long the supervisor may take to clean up before it is killed. */
const CLOSE_MS_MAX = 15_000

export interface ProcessSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly logFile: string
}

export interface ProcessExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface SupervisedProcess {
  readonly pid: number
  /** Resolves when the process is gone for the system too, its port and files free again. */
  readonly exited: Promise<ProcessExit>
}

/**
 * This side of the supervisor process. What it started, and the folders and containers it was given, are gone when
 * `close` resolves, and also when this process ends in any other way, SIGKILL included.
 */
export class Supervisor {
  readonly #process: ChildProcess
  readonly #starting = new Map<number, PromiseWithResolvers<SupervisedProcess>>()
  readonly #running = new Map<number, { pid: number; exit: PromiseWithResolvers<ProcessExit> }>()
  #nextId = 1
  #pending = 0

  private constructor(child: ChildProcess) {
    this.#process = child
    child.on('message', (message) => this.#onAnswer(message as SupervisorAnswer))
    child.on('exit', () => this.#onSupervisorGone())
    // An idle stack must not keep its program alive; while an answer is awaited the channel does.
    child.unref()
    child.channel?.unref()
  }

  static async open(): Promise<Supervisor> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts')], {
      detached: true,
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const failed = once(child, 'exit').then(() => {
      throw new Error('the supervisor of the local stack ended before it was ready')
    })
    await Promise.race([once(child, 'message'), failed])
    return new Supervisor(child)
  }

  get pid(): number {
    return this.#process.pid!
  }

  start(spec: ProcessSpec): Promise<SupervisedProcess> {
    const id = this.#nextId++
    const started = Promise.withResolvers<SupervisedProcess>()
    this.#starting.set(id, started)
    this.#send({ kind: 'start', id, ...spec })
    return this.#whileReferenced(started.promise)
  }

  /** The folder is removed when the supervisor ends. */
  ownFolder(folder: string): void {
    this.#send({ kind: 'own-folder', folder })
  }

  /** The container is removed when the supervisor ends. */
  ownContainer(container: ContainerRef): void {
    this.#send({ kind: 'own-container', container })
  }

  /** Kills what still runs, removes folders and containers. May be called twice. */
  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.ref()
    const gone = once(this.#process, 'exit')
    if (this.#process.connected) this.#process.disconnect()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_MS_MAX)
    await gone
    clearTimeout(timer)
  }

  async #whileReferenced<T>(work: Promise<T>): Promise<T> {
    if (this.#pending++ === 0) this.#process.channel?.ref()
    try {
      return await work
    } finally {
      if (--this.#pending === 0) this.#process.channel?.unref()
    }
  }

  #send(order: SupervisorOrder): void {
    if (!this.#process.connected) throw new Error('the supervisor of the local stack is gone')
    this.#process.send(order)
  }

  #onAnswer(answer: SupervisorAnswer): void {
    if (answer.kind === 'ready') return
    const starting = this.#starting.get(answer.id)
    this.#starting.delete(answer.id)
    if (answer.kind === 'started') {
      const exit = Promise.withResolvers<ProcessExit>()
      this.#running.set(answer.id, { pid: answer.pid, exit })
      starting?.resolve({ pid: answer.pid, exited: exit.promise })
    } else if (answer.kind === 'failed') {
      starting?.reject(new Error(answer.message))
    } else {
      this.#running.get(answer.id)?.exit.resolve({ code: answer.code, signal: answer.signal })
      this.#running.delete(answer.id)
    }
  }

  /** The supervisor itself was killed: nobody else is left to end its children. */
  #onSupervisorGone(): void {
    for (const { reject } of this.#starting.values()) reject(new Error('the supervisor of the local stack ended'))
    for (const { pid, exit } of this.#running.values()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
      exit.resolve({ code: null, signal: 'SIGKILL' })
    }
    this.#starting.clear()
    this.#running.clear()
  }
}
