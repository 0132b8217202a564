import { type FeatureSpec, RowMajorBatch } from '@sluice/features'
import { admitOnnx, describeOnnx, OnnxSession, type OnnxTensor } from '@sluice/onnx'
import { ModelRefused } from '@sluice/scoring'
import type { RowScorer } from './row-scorer.ts'

/**
 * A bare ONNX file: one input [rows, columns] with columns f0 to fN, one output of floats. Two columns of output are
 * negative and positive, more are classes, one is a value; there are no labels. Throws ModelRefused with the reasons.
 */
export async function openBareOnnx(name: string, bytes: Uint8Array): Promise<RowScorer> {
  const reasons = admitOnnx(bytes)
  if (reasons.length > 0) throw new ModelRefused(name, reasons)
  const { inputs, outputs } = await describe(name, bytes)
  const input = inputs.length === 1 ? inputs[0]! : undefined
  const width = input?.shape.length === 2 ? input.shape[1] : undefined
  if (input === undefined || typeof width !== 'number' || width < 1) {
    throw new ModelRefused(name, [
      `it must have one input [rows, columns] with a fixed number of columns; it has ${inputs.map(tensorText).join(', ')}. Put it into a package that says more`,
    ])
  }
  const output = pickOutput(name, outputs)
  const columns = output.shape.length === 1 ? 1 : output.shape[1]
  if (typeof columns !== 'number' || columns < 1) {
    throw new ModelRefused(name, [
      `output ${tensorText(output)} does not say how many values a row has. Put it into a package`,
    ])
  }
  const task = columns === 2 ? 'binary' : columns === 1 ? 'regression' : 'multiclass'
  const perRow = task === 'multiclass' ? columns : 1
  const session = await OnnxSession.load({
    bytes,
    task,
    width,
    outputs: perRow,
    input: input.name,
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
    allocate: (rowsMax) => new RowMajorBatch(rowsMax, width),
    score: (batch, rows, out) => session.score(batch.values, rows, out),
    scoreMargins: () => {},
    contributions: undefined,
    close: async () => {},
  }
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
    `it must have one output of floats, or one called probabilities; it has ${outputs.map(tensorText).join(', ')}. Put it into a package that names one`,
  ])
}

function tensorText({ name, type, shape }: OnnxTensor): string {
  return `\`${name}\` (${type ?? 'no tensor'} [${shape.join(', ')}])`
}
