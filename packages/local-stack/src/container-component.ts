import { setTimeout as sleep } from 'node:timers/promises'
import { DependencyError } from '@sluice/contracts'
import type { ComponentHandle, ComponentName } from './component.ts'
import { callDocker, type DockerAnswer } from './docker-api.ts'
import type { DaemonAddress } from './supervisor-protocol.ts'

/** The daemon itself waits up to 10 s for a container that does not end by itself. */
const CALL_SILENCE_MS_MAX = 30_000
const READY_MS_MAX = 120_000
const POLL_MS = 200
/** What the daemon answers when there is nothing to do: it is that way already. */
const STATUS_UNCHANGED = 304
const STATUS_CONFLICT = 409

export interface ContainerSpec {
  readonly name: ComponentName
  readonly product: string
  readonly image: string
  readonly address: string
  readonly port: { readonly container: number; readonly host: number }
  readonly environment: Readonly<Record<string, string>>
  /** Resolves when the component answers as it should, with its version where it tells one. */
  readonly probe: () => Promise<string | undefined>
}

/** A component that runs in a container. */
export class ContainerComponent implements ComponentHandle {
  readonly provider = 'docker' as const
  /** The process belongs to the daemon, which may be on another machine. */
  readonly pid = undefined
  readonly name: ComponentName
  readonly product: string
  readonly version: string
  readonly address: string
  readonly #spec: ContainerSpec
  readonly #id: string
  readonly #daemon: DaemonAddress
  #startMs: number

  constructor(
    spec: ContainerSpec,
    started: {
      readonly id: string
      readonly daemon: DaemonAddress
      readonly version: string
      readonly startMs: number
    },
  ) {
    this.name = spec.name
    this.product = spec.product
    this.version = started.version
    this.address = spec.address
    this.#spec = spec
    this.#id = started.id
    this.#daemon = started.daemon
    this.#startMs = started.startMs
  }

  get startMs(): number {
    return this.#startMs
  }

  async rssBytes(): Promise<number | undefined> {
    const answer = await this.#call('GET', 'stats?stream=false&one-shot=true')
    const stats = JSON.parse(answer.body) as { memory_stats?: { usage?: number; stats?: { inactive_file?: number } } }
    const { usage, stats: parts } = stats.memory_stats ?? {}
    return usage === undefined ? undefined : usage - (parts?.inactive_file ?? 0)
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    // A frozen container takes no signal, and a stopped one needs none.
    await this.#call('POST', 'unpause', [STATUS_CONFLICT, 500])
    if (signal === 'SIGKILL') await this.#call('POST', 'kill?signal=SIGKILL', [STATUS_CONFLICT])
    else await this.#call('POST', 'stop?t=10', [STATUS_UNCHANGED])
    await this.#call('POST', 'wait?condition=not-running')
  }

  async pause(): Promise<void> {
    await this.#call('POST', 'pause')
  }

  async resume(): Promise<void> {
    await this.#call('POST', 'unpause')
  }

  async restart(): Promise<void> {
    await this.kill('SIGTERM')
    const startedMs = performance.now()
    await this.#call('POST', 'start')
    for (let lastError: unknown; ; await sleep(POLL_MS)) {
      try {
        await this.#spec.probe()
        break
      } catch (error) {
        lastError = error
      }
      const late = performance.now() - startedMs > READY_MS_MAX
      if (late || !(await this.#isRunning())) {
        const what = late ? `did not answer within ${READY_MS_MAX / 1000} s of its restart` : 'ended while it restarted'
        throw new DependencyError(this.product, what, {
          next: `Read its log: docker logs ${this.#id.slice(0, 12)}`,
          cause: lastError,
        })
      }
    }
    this.#startMs = performance.now() - startedMs
  }

  async stop(): Promise<void> {
    await callDocker(this.#daemon, {
      method: 'DELETE',
      path: `/containers/${this.#id}?force=1&v=1`,
      silenceMsMax: CALL_SILENCE_MS_MAX,
    })
  }

  async #isRunning(): Promise<boolean> {
    const { body } = await this.#call('GET', 'json')
    return (JSON.parse(body) as { State: { Running: boolean } }).State.Running
  }

  async #call(method: 'GET' | 'POST', what: string, alsoFine: readonly number[] = []): Promise<DockerAnswer> {
    const path = `/containers/${this.#id}/${what}`
    const answer = await callDocker(this.#daemon, { method, path, silenceMsMax: CALL_SILENCE_MS_MAX })
    if (answer.status >= 300 && !alsoFine.includes(answer.status)) {
      throw new Error(`${this.product} container, ${what}: the daemon answered ${answer.status} ${answer.body.trim()}`)
    }
    return answer
  }
}
