import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { OnnxWorkerData } from './onnx-messages.ts'

/**
 * One thread, no spinning: lanes scale by threads of ours, and a runtime that keeps cores busy between calls takes them from
 * the other lanes.
 */
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // Only what ends the process: errors come back to the caller, who knows which model and batch they belong to.
  logSeverityLevel: 4,
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
}

/** Rows of the trial run. One alone would not show an output whose size does not follow the batch. */
const PROBE_ROWS = 3

/**
 * A model in the native runtime, in the thread that calls it.
 *
 * Input    one float32 tensor [rows, width].
 * Output   one float32 tensor: binary [rows, 2] (negative, positive), [rows, 1] or [rows]; multi-class [rows, classes];
 *          regression [rows, 1] or [rows].
 */
export class OnnxSession {
  readonly #session: InferenceSession
  readonly #input: string
  readonly #output: string
  readonly #width: number
  readonly #outputs: number
  /** Values per row in the model's own output, and which of them is the first wanted. */
  readonly #columns: number
  readonly #isVector: boolean
  /** Whether the runtime takes our memory for the output; it does not when the file declares another rank than it answers. */
  readonly #takesMemory: boolean
  /** Memory for outputs that have more columns than are wanted; grows to the largest batch. */
  #scratch = new Float32Array(0)

  /** Errors name what does not fit the package. */
  static async load(data: OnnxWorkerData): Promise<OnnxSession> {
    const session = await InferenceSession.create(data.bytes, OPTIONS)
    const input = inputOf(session, data)
    const output = outputOf(session, data)
    const rows = new Float32Array(PROBE_ROWS * data.width)
    const probe = await session.run({ [input]: new Tensor('float32', rows, [PROBE_ROWS, data.width]) }, [output])
    return new OnnxSession(session, data, input, output, probe[output]!.dims)
  }

  private constructor(
    session: InferenceSession,
    data: OnnxWorkerData,
    input: string,
    output: string,
    dims: readonly number[],
  ) {
    this.#session = session
    this.#input = input
    this.#output = output
    this.#width = data.width
    this.#outputs = data.outputs
    this.#isVector = dims.length === 1
    this.#columns = this.#isVector ? 1 : (dims[1] ?? 0)
    const wanted = data.task === 'binary' ? [1, 2] : [data.outputs]
    const declared = session.outputMetadata.find(({ name }) => name === output)
    const rank = declared?.isTensor === true ? declared.shape.length : 0
    this.#takesMemory = rank === 0 || rank === dims.length
    if (dims.length > 2 || dims[0] !== PROBE_ROWS || !wanted.includes(this.#columns)) {
      throw new Error(
        `output \`${output}\` has the shape [${dims.join(', ')}] for ${PROBE_ROWS} rows, the task ${data.task} needs [${PROBE_ROWS}, ${wanted.join(' or ')}]`,
      )
    }
  }

  /** Scores `[rows, width]` into `[rows, outputs]`; both arrays may be longer. */
  async score(features: Float32Array, rows: number, scores: Float32Array): Promise<void> {
    const input = new Tensor('float32', features.subarray(0, rows * this.#width), [rows, this.#width])
    const columns = this.#columns
    if (!this.#takesMemory) {
      const answer = await this.#session.run({ [this.#input]: input }, [this.#output])
      this.#pick(answer[this.#output]!.data as Float32Array, rows, scores)
      return
    }
    const direct = columns === this.#outputs
    const target = (direct ? scores : this.#room(rows * columns)).subarray(0, rows * columns)
    // The runtime writes into memory that is there already; without it each call would make its own.
    const output = new Tensor('float32', target, this.#isVector ? [rows] : [rows, columns])
    await this.#session.run({ [this.#input]: input }, { [this.#output]: output })
    if (!direct) this.#pick(target, rows, scores)
  }

  /** Copies what is wanted of `[rows, columns]`: all, or of two columns the second. */
  #pick(answer: Float32Array, rows: number, scores: Float32Array): void {
    const columns = this.#columns
    if (columns === this.#outputs) scores.set(answer.subarray(0, rows * columns))
    else for (let row = 0; row < rows; row++) scores[row] = answer[row * columns + columns - 1]!
  }

  #room(values: number): Float32Array {
    if (this.#scratch.length < values) this.#scratch = new Float32Array(values)
    return this.#scratch
  }
}

function inputOf(session: InferenceSession, { input, width }: OnnxWorkerData): string {
  const found =
    input === undefined ? session.inputMetadata : session.inputMetadata.filter((candidate) => candidate.name === input)
  if (found.length !== 1) {
    const wanted = input === undefined ? 'one input, or `input` in model.yaml' : `an input \`${input}\``
    throw new Error(`it must have ${wanted}; it has ${namesOf(session.inputMetadata)}`)
  }
  const only = found[0]!
  if (session.inputMetadata.length > 1)
    throw new Error(`all features come in one input; it has ${namesOf(session.inputMetadata)}`)
  if (!only.isTensor || only.type !== 'float32')
    throw new Error(`input \`${only.name}\` must be a float32 tensor; it is ${only.isTensor ? only.type : 'no tensor'}`)
  const [rows, columns] = only.shape
  if (only.shape.length > 0 && only.shape.length !== 2)
    throw new Error(`input \`${only.name}\` must be [rows, ${width}]; it is [${only.shape.join(', ')}]`)
  if (typeof rows === 'number' && rows >= 0)
    throw new Error(
      `input \`${only.name}\` takes exactly ${rows} rows; export the model with a dynamic batch dimension`,
    )
  if (typeof columns === 'number' && columns >= 0 && columns !== width)
    throw new Error(`input \`${only.name}\` takes ${columns} columns, the package has ${width} features`)
  return only.name
}

function outputOf(session: InferenceSession, { output }: OnnxWorkerData): string {
  const all = session.outputMetadata
  const floats = all.filter((candidate) => candidate.isTensor && candidate.type === 'float32')
  if (output === undefined) {
    if (floats.length === 1) return floats[0]!.name
    throw new Error(
      `it has ${floats.length} outputs of floats (${namesOf(floats)}); name one as \`output\` in model.yaml`,
    )
  }
  const named = all.find((candidate) => candidate.name === output)
  if (named === undefined) throw new Error(`it has no output \`${output}\`; it has ${namesOf(all)}`)
  if (!named.isTensor)
    throw new Error(`output \`${output}\` is no tensor; convert the model again with \`zipmap=False\``)
  if (named.type !== 'float32') throw new Error(`output \`${output}\` must be float32; it is ${named.type}`)
  return output
}

function namesOf(values: readonly InferenceSession.ValueMetadata[]): string {
  return values.map(({ name }) => `\`${name}\``).join(', ')
}
