import { type FaultCode, faultMessage } from '@sluice/contracts'
import { compileRowDecoder, type FeatureSpec } from '@sluice/features'
import { type NamedRow, OIP_ROWS_MAX, type OipInference, type OipModel, RequestRefused } from '@sluice/runtime'
import type { Decision, Model } from '@sluice/scoring'

/** Datatype of a feature's tensor in the Open Inference Protocol. */
const DATATYPES = { number: 'FP64', boolean: 'BOOL', category: 'BYTES' } as const

/**
 * The version over the Open Inference Protocol: rows of named features in, scores out. Nothing is recorded; whoever wants
 * a recorded prediction asks the router's endpoint route or produces an event.
 */
export function scorerOipModel(options: {
  readonly model: Model
  readonly features: readonly FeatureSpec[]
  readonly decide: Decision
  readonly ready: () => boolean
}): OipModel {
  const { model, features, decide } = options
  // A request names event fields, as the stream does, and the row decoder goes by name.
  const fields = features.map((feature) => ({ ...feature, name: feature.source ?? feature.name }))
  const decoder = compileRowDecoder(fields)
  const batch = model.allocate(OIP_ROWS_MAX)
  const scores = new Float32Array(OIP_ROWS_MAX * model.outputs)
  /** Requests take turns with the batch. */
  let turn: Promise<unknown> = Promise.resolve()

  const serves = (version: string | undefined): boolean => version === undefined || version === String(model.version)

  const infer = async (rows: readonly NamedRow[]): Promise<OipInference> => {
    for (const [i, row] of rows.entries()) {
      const fault = decoder.decodeRow(row, batch, i)
      if (fault !== 0)
        throw new RequestRefused(422, fault.code satisfies FaultCode, fault.at, `row ${i}: ${faultMessage(fault)}`)
    }
    await model.score(batch, rows.length, scores)
    const decisions = rows.map((_, row) => decide.of(scores, row))
    const n = rows.length
    return {
      modelVersion: String(model.version),
      outputs: [
        {
          name: 'score',
          datatype: 'FP32',
          shape: [n],
          data: decisions.map((d, row) => decide.scoreOf(scores, row, d)),
        },
        { name: 'decision', datatype: 'BYTES', shape: [n], data: decisions.map((d) => decide.labels[d]!) },
        ...(model.outputs === 1
          ? []
          : [
              {
                name: 'scores',
                datatype: 'FP32',
                shape: [n, model.outputs],
                data: [...scores.subarray(0, n * model.outputs)],
              },
            ]),
      ],
    }
  }

  return {
    metadata: (version) =>
      serves(version)
        ? {
            name: model.name,
            versions: [String(model.version)],
            platform: model.engine === 'onnx' ? 'onnx_onnxv1' : 'sluice_trees',
            inputs: fields.map((f) => ({ name: f.name, datatype: DATATYPES[f.type], shape: [-1] })),
            outputs: [
              { name: 'score', datatype: 'FP32', shape: [-1] },
              { name: 'decision', datatype: 'BYTES', shape: [-1] },
              ...(model.outputs === 1 ? [] : [{ name: 'scores', datatype: 'FP32', shape: [-1, model.outputs] }]),
            ],
          }
        : undefined,
    ready: (version) => serves(version) && options.ready(),
    infer: (rows) => {
      const answer = turn.then(() => infer(rows))
      turn = answer.catch(() => {})
      return answer
    },
  }
}
