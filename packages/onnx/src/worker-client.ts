import { isMainThread, Worker } from 'node:worker_threads'
import type { OnnxWorkerData, OnnxWorkerMessage, ScoreRequest } from './onnx-messages.ts'

/** Both buffers of a batch, back from the worker. */
export interface Returned {
  readonly features: ArrayBuffer
  readonly scores: ArrayBuffer
}

/** The model itself cannot be used; another try would end the same. */
export class RefusedByRuntime extends Error {
  override readonly name = 'RefusedByRuntime'
}

/** The runtime failed on a batch, and gave the memory back. */
export class BatchFailed extends Error {
  override readonly name = 'BatchFailed'
  readonly returned: Returned
  constructor(reason: string, returned: Returned) {
    super(reason)
    this.returned = returned
  }
}

interface Waiting {
  readonly resolve: (message: OnnxWorkerMessage) => void
  readonly reject: (error: Error) => void
}

/**
 * One worker thread and the one request that it is busy with. When the thread ends, by itself or because it took too long,
 * the request is rejected and the client is `dead`.
 */
export class WorkerClient {
  readonly #worker: Worker
  #waiting: Waiting | undefined
  #causeOfDeath: Error | undefined

  private constructor(data: OnnxWorkerData) {
    this.#worker = new Worker(new URL('./onnx-worker.ts', import.meta.url), {
      name: 'onnx',
      workerData: data,
      // Flags of the main thread (a debugger, a loader) are not meant for it.
      execArgv: [],
    })
    this.#worker.on('message', (message: OnnxWorkerMessage) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting?.resolve(message)
    })
    this.#worker.on('error', (error: Error) => this.#die(error))
    this.#worker.on('messageerror', (error: Error) => this.#die(error))
    this.#worker.on('exit', (code) => this.#die(new Error(`the worker thread ended with code ${code}`)))
    // A thread without work must not keep a process alive that has ended all else.
    this.#worker.unref()
  }

  /** Starts a thread and loads the model in it. Rejects with `RefusedByRuntime` when the runtime does not take it. */
  static async start(data: OnnxWorkerData, timeoutMs: number): Promise<WorkerClient> {
    const client = new WorkerClient(data)
    const message = await client.#ask(undefined, timeoutMs)
    if (message.kind === 'loaded') return client
    await client.stop()
    throw new RefusedByRuntime(message.kind === 'refused' ? message.reason : `unexpected answer ${message.kind}`)
  }

  get dead(): boolean {
    return this.#causeOfDeath !== undefined
  }

  /** Moves a batch to the thread and back. Rejects with `BatchFailed`, or with the cause when the thread ended. */
  async score(request: ScoreRequest, timeoutMs: number): Promise<Returned> {
    const message = await this.#ask(request, timeoutMs)
    if (message.kind === 'scored') return message
    if (message.kind === 'failed') throw new BatchFailed(message.reason, message)
    throw new Error(`unexpected answer ${message.kind}`)
  }

  /** Ends the thread and frees the model. */
  async stop(): Promise<void> {
    this.#die(new Error('the model was unloaded'))
    await this.#worker.terminate()
  }

  async #ask(request: ScoreRequest | undefined, timeoutMs: number): Promise<OnnxWorkerMessage> {
    if (this.#causeOfDeath !== undefined) throw this.#causeOfDeath
    const { promise, resolve, reject } = Promise.withResolvers<OnnxWorkerMessage>()
    this.#waiting = { resolve, reject }
    if (request !== undefined) this.#worker.postMessage(request, [request.features, request.scores])
    this.#worker.ref()
    const timer = setTimeout(() => {
      this.#die(new Error(`no answer within ${timeoutMs} ms`))
      // A thread inside native code ends when it comes out; nobody waits for that.
      killAtExitUnlessEnded(this.#worker)
      void this.#worker.terminate()
    }, timeoutMs)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#worker.unref()
    }
  }

  #die(cause: Error): void {
    this.#causeOfDeath ??= cause
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(cause)
  }
}

/** The end of a process waits for its threads, also for one that never comes out of native code. That one is not waited for. */
function killAtExitUnlessEnded(worker: Worker): void {
  if (!isMainThread) return // The end of a thread is not the end of the process.
  const kill = () => process.kill(process.pid, 'SIGKILL')
  process.once('exit', kill)
  worker.once('exit', () => process.off('exit', kill))
}
