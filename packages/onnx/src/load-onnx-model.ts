import { DependencyError, invariant } from '@sluice/contracts'
import { type FeatureBatch, RowMajorBatch } from '@sluice/features'
import {
  type EngineLoader,
  type Model,
  type ModelFile,
  type ModelPackage,
  ModelRefused,
  outputsOf,
} from '@sluice/scoring'
import { admitOnnx } from './admit-onnx.ts'
import type { OnnxWorkerData } from './onnx-messages.ts'
import { BatchFailed, RefusedByRuntime, WorkerClient } from './worker-client.ts'

/** Longest time that loading and that one batch may take before the thread is given up, in milliseconds. */
export const ONNX_LOAD_TIMEOUT_MS = 60_000
export const ONNX_SCORE_TIMEOUT_MS = 30_000

export interface OnnxOptions {
  readonly loadTimeoutMs?: number
  readonly scoreTimeoutMs?: number
}

/**
 * Loads an ONNX model into a worker thread of its own.
 *
 * Batches   row-major; their memory moves to the thread and back without a copy.
 * Errors    `ModelRefused` with the reason when the file must not or cannot be used. A thread that dies rejects the batch it
 *           had with a `DependencyError` and is replaced at the next call.
 */
export async function loadOnnxModel(source: ModelPackage, file: ModelFile, options: OnnxOptions = {}): Promise<Model> {
  invariant(file.engine === 'onnx', `a file for ${file.engine} was given to the onnx engine`)
  const { name, version } = source.manifest
  const data: OnnxWorkerData = {
    bytes: file.bytes,
    task: source.manifest.task,
    width: source.manifest.features.length,
    outputs: outputsOf(source.manifest),
    input: file.input,
    output: file.output,
  }
  const refuse = (reasons: readonly string[], cause?: unknown) =>
    new ModelRefused(
      `${name}-${version}`,
      reasons.map((reason) => `${file.path}: ${reason}`),
      { cause },
    )
  return startModel({ name, version, sha256: file.sha256 }, data, options, refuse)
}

/** As `loadOnnxModel`, of a file without a package: the caller says what it takes and gives. */
export async function loadBareOnnx(name: string, data: OnnxWorkerData, options: OnnxOptions = {}): Promise<Model> {
  const refuse = (reasons: readonly string[], cause?: unknown) => new ModelRefused(name, reasons, { cause })
  try {
    return await startModel({ name, version: 0, sha256: '' }, data, options, refuse)
  } catch (error) {
    // Nobody tries again with a file from the command line, so what keeps it from loading refuses it.
    throw error instanceof ModelRefused ? error : refuse([(error as Error).message], error)
  }
}

async function startModel(
  identity: Pick<Model, 'name' | 'version' | 'sha256'>,
  data: OnnxWorkerData,
  options: OnnxOptions,
  refuse: (reasons: readonly string[], cause?: unknown) => ModelRefused,
): Promise<Model> {
  const reasons = admitOnnx(data.bytes)
  if (reasons.length > 0) throw refuse(reasons)
  const model = new OnnxModel(identity, data, options)
  try {
    await model.start()
  } catch (error) {
    if (error instanceof RefusedByRuntime) throw refuse([error.message], error)
    throw error
  }
  return model
}

/** The loader that a service gives to `loadModel`. */
export const onnxEngine: EngineLoader = (source, file) => loadOnnxModel(source, file)

class OnnxBatch extends RowMajorBatch {
  readonly owner: OnnxModel
  readonly #scoreBytes: number
  scores: ArrayBuffer
  /** Its memory is in the worker. */
  away = false

  constructor(owner: OnnxModel, rowsMax: number) {
    super(rowsMax, owner.width)
    this.owner = owner
    this.#scoreBytes = rowsMax * owner.outputs * Float32Array.BYTES_PER_ELEMENT
    this.scores = new ArrayBuffer(this.#scoreBytes)
  }

  /** New memory in place of what a dead thread took with it. */
  replaceMemory(): void {
    this.values = new Float32Array(this.rowsMax * this.width).fill(Number.NaN)
    this.scores = new ArrayBuffer(this.#scoreBytes)
  }
}

class OnnxModel implements Model {
  readonly name: string
  readonly version: number
  readonly engine = 'onnx'
  readonly sha256: string
  readonly width: number
  readonly outputs: number
  readonly #data: OnnxWorkerData
  readonly #loadTimeoutMs: number
  readonly #scoreTimeoutMs: number
  #client: WorkerClient | undefined
  /** Calls wait for the one before: the thread has one request at a time. */
  #turn: Promise<void> = Promise.resolve()
  #closed = false

  constructor(identity: Pick<Model, 'name' | 'version' | 'sha256'>, data: OnnxWorkerData, options: OnnxOptions) {
    this.name = identity.name
    this.version = identity.version
    this.sha256 = identity.sha256
    this.width = data.width
    this.outputs = data.outputs
    this.#data = data
    this.#loadTimeoutMs = options.loadTimeoutMs ?? ONNX_LOAD_TIMEOUT_MS
    this.#scoreTimeoutMs = options.scoreTimeoutMs ?? ONNX_SCORE_TIMEOUT_MS
  }

  async start(): Promise<WorkerClient> {
    if (this.#client === undefined || this.#client.dead)
      this.#client = await WorkerClient.start(this.#data, this.#loadTimeoutMs)
    return this.#client
  }

  allocate(rowsMax: number): FeatureBatch {
    return new OnnxBatch(this, rowsMax)
  }

  score(batch: FeatureBatch, rows: number, out: Float32Array): Promise<void> {
    invariant(batch instanceof OnnxBatch && batch.owner === this, 'the batch was allocated by another model')
    invariant(rows >= 0 && rows <= batch.rowsMax, `${rows} rows in a batch of ${batch.rowsMax}`)
    invariant(out.length >= rows * this.outputs, `no room for ${rows} rows of ${this.outputs} scores`)
    invariant(!batch.away, 'the batch is being scored')
    invariant(!this.#closed, 'the model was unloaded')
    if (rows === 0) return Promise.resolve()
    batch.away = true
    const scored = this.#turn.then(() => this.#score(batch, rows, out))
    this.#turn = scored.catch(() => {}) // The caller has the error; the next call has its own turn.
    return scored
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    await this.#client?.stop()
    this.#client = undefined
  }

  async #score(batch: OnnxBatch, rows: number, out: Float32Array): Promise<void> {
    let memoryLost = false
    try {
      const client = await this.start()
      memoryLost = true
      const returned = await client.score(
        { rows, features: batch.values.buffer, scores: batch.scores },
        this.#scoreTimeoutMs,
      )
      memoryLost = false
      batch.values = new Float32Array(returned.features)
      batch.scores = returned.scores
      out.set(new Float32Array(returned.scores, 0, rows * this.outputs))
    } catch (error) {
      if (error instanceof BatchFailed) {
        memoryLost = false
        batch.values = new Float32Array(error.returned.features)
        batch.scores = error.returned.scores
      }
      if (memoryLost) batch.replaceMemory()
      throw new DependencyError('onnx', `model ${this.name}-${this.version}: ${(error as Error).message}`, {
        next: 'The thread of the model is started anew at the next batch; if it fails again, roll back to another version.',
        cause: error,
      })
    } finally {
      batch.away = false
    }
  }
}
