import type { FeatureSpec } from '@sluice/features'
import { admitOnnx, describeOnnx, loadBareOnnx, type OnnxTensor } from '@sluice/onnx'
import { ModelRefused } from '@sluice/scoring'
import type { RowScorer } from './row-scorer.ts'

/** Columns of the widest input; a package has as many features at most. */
export const BARE_ONNX_COLUMNS_MAX = 65_536

/**
 * A bare ONNX file: one float32 input [rows, columns] with columns f0 to fN, one output of floats, and no labels. Two columns
 * beside an output of labels are negative and positive, and the second is the score; any other columns come out as they are.
 * It runs in a thread, so that a model that does not come to an end can be given up. Throws ModelRefused with the reasons.
 */
export async function openBareOnnx(name: string, bytes: Uint8Array): Promise<RowScorer> {
  const reasons = admitOnnx(bytes)
  if (reasons.length > 0) throw new ModelRefused(name, reasons)
  const { inputs, outputs } = await describe(name, bytes)
  const width = pickWidth(name, inputs)
  const output = pickOutput(name, outputs)
  const columns = output.shape.length === 1 ? 1 : output.shape[1]
  if (typeof columns !== 'number' || columns < 1 || output.shape.length > 2) {
    throw new ModelRefused(name, [
      `output ${tensorText(output)} must be [rows] or [rows, columns] with a fixed number of columns; export the model with that shape`,
    ])
  }
  const hasLabels = outputs.some(({ type }) => type !== 'float32')
  const task = columns === 2 && hasLabels ? 'binary' : columns === 1 ? 'regression' : 'multiclass'
  const perRow = task === 'multiclass' ? columns : 1
  const model = await loadBareOnnx(name, {
    bytes,
    task,
    width,
    outputs: perRow,
    input: inputs[0]!.name,
    output: output.name,
  })
  return {
    what: { name, version: undefined, engine: 'onnx', task, features: width, outputs: perRow },
    features: Array.from(
      { length: width },
      (_, column): FeatureSpec => ({ name: `f${column}`, type: 'number', missing: 'allow', nonFinite: 'allow' }),
    ),
    outputs: perRow,
    margins: undefined,
    decision: undefined,
    allocate: (rowsMax) => model.allocate(rowsMax),
    score: (batch, rows, out) => model.score(batch, rows, out),
    scoreMargins: () => {},
    notes: [],
    contributions: undefined,
    close: () => model.close(),
  }
}

function pickWidth(name: string, inputs: readonly OnnxTensor[]): number {
  const refuse = (reason: string) => new ModelRefused(name, [reason])
  const [input] = inputs
  if (input === undefined || inputs.length > 1) {
    throw refuse(
      `all features must come in one float32 input [rows, columns]; it has ${inputs.map(tensorText).join(', ') || 'none'}. Export it with one input, and encode texts before it`,
    )
  }
  if (input.type !== 'float32')
    throw refuse(`input ${tensorText(input)} must be float32; export the model with a float32 input`)
  const [, width] = input.shape
  if (input.shape.length !== 2)
    throw refuse(`input ${tensorText(input)} must be [rows, columns]; export the model with that shape`)
  if (typeof width !== 'number' || width < 1) {
    throw refuse(
      `input ${tensorText(input)} does not say how many columns a row has; export it with a fixed number, or put it into a package with its features`,
    )
  }
  if (width > BARE_ONNX_COLUMNS_MAX)
    throw refuse(
      `input ${tensorText(input)} has more than ${BARE_ONNX_COLUMNS_MAX} columns, the most that a package can have`,
    )
  return width
}

async function describe(name: string, bytes: Uint8Array) {
  try {
    return await describeOnnx(bytes)
  } catch (error) {
    throw new ModelRefused(name, [(error as Error).message], { cause: error })
  }
}

function pickOutput(name: string, outputs: readonly OnnxTensor[]): OnnxTensor {
  const floats = outputs.filter((output) => output.type === 'float32')
  const only = floats.length === 1 ? floats[0] : floats.find((output) => output.name === 'probabilities')
  if (only !== undefined) return only
  throw new ModelRefused(name, [
    `it must have one float32 output, or one called probabilities; it has ${outputs.map(tensorText).join(', ')}. ${
      floats.length === 0 ? 'Export it with float32 outputs' : 'Put it into a package that names one as `output`'
    }`,
  ])
}

function tensorText({ name, type, shape }: OnnxTensor): string {
  return `\`${name}\` (${type ?? 'no tensor'} [${shape.join(', ')}])`
}
