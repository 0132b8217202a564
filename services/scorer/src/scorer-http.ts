import { faultMessage } from '@sluice/contracts'
import { compileRowDecoder, type FeatureBatch, type FeatureSpec, type RowDecoder } from '@sluice/features'
import {
  type NamedRow,
  OIP_ROWS_MAX,
  type OipInference,
  type OipModel,
  type OipModelMetadata,
  RequestRefused,
} from '@sluice/runtime'
import type { ModelSlot, ServedModel } from './model-slot.ts'

/** Datatype of a feature's tensor in the Open Inference Protocol. */
const DATATYPES = { number: 'FP64', boolean: 'BOOL', category: 'BYTES' } as const

/**
 * The version over the Open Inference Protocol: rows of named features in, scores out. Nothing is recorded; whoever wants
 * a recorded prediction asks the router's endpoint route or produces an event.
 */
export function scorerOipModel(slot: ModelSlot, ready: () => boolean): OipModel {
  const rowsOf = new WeakMap<ServedModel, RowScorer>()
  const rowScorer = (served: ServedModel): RowScorer => {
    let scorer = rowsOf.get(served)
    if (scorer === undefined) {
      scorer = new RowScorer(served)
      rowsOf.set(served, scorer)
    }
    return scorer
  }
  const serves = (version: string | undefined): boolean =>
    version === undefined || version === String(slot.current.model.version)
  return {
    metadata: (version) => (serves(version) ? metadataOf(slot.current) : undefined),
    ready: (version) => serves(version) && ready(),
    infer: (rows) => slot.use((served) => rowScorer(served).infer(rows)),
  }
}

/** A request names event fields, as the stream does; row decoders go by name. */
function fieldsOf({ features }: ServedModel): readonly FeatureSpec[] {
  return features.map((feature) => ({ ...feature, name: feature.source ?? feature.name }))
}

function metadataOf(served: ServedModel): OipModelMetadata {
  const { model } = served
  return {
    name: model.name,
    versions: [String(model.version)],
    platform: model.engine === 'onnx' ? 'onnx_onnxv1' : 'sluice_trees',
    inputs: fieldsOf(served).map((f) => ({ name: f.name, datatype: DATATYPES[f.type], shape: [-1] })),
    outputs: [
      { name: 'score', datatype: 'FP32', shape: [-1] },
      { name: 'decision', datatype: 'BYTES', shape: [-1] },
      ...(model.outputs === 1 ? [] : [{ name: 'scores', datatype: 'FP32', shape: [-1, model.outputs] }]),
    ],
  }
}

/** Rows of named fields through one model; requests take turns with its batch. */
class RowScorer {
  readonly #served: ServedModel
  readonly #decoder: RowDecoder
  readonly #batch: FeatureBatch
  readonly #scores: Float32Array
  #turn: Promise<unknown> = Promise.resolve()

  constructor(served: ServedModel) {
    this.#served = served
    this.#decoder = compileRowDecoder(fieldsOf(served))
    this.#batch = served.model.allocate(OIP_ROWS_MAX)
    this.#scores = new Float32Array(OIP_ROWS_MAX * served.model.outputs)
  }

  infer(rows: readonly NamedRow[]): Promise<OipInference> {
    const answer = this.#turn.then(() => this.#infer(rows))
    this.#turn = answer.catch(() => {})
    return answer
  }

  async #infer(rows: readonly NamedRow[]): Promise<OipInference> {
    const { model, decide } = this.#served
    for (const [i, row] of rows.entries()) {
      const fault = this.#decoder.decodeRow(row, this.#batch, i)
      if (fault !== 0) throw new RequestRefused(422, fault.code, fault.at, `row ${i}: ${faultMessage(fault)}`)
    }
    const n = rows.length
    await model.score(this.#batch, n, this.#scores)
    const decisions = rows.map((_, row) => decide.of(this.#scores, row))
    return {
      modelVersion: String(model.version),
      outputs: [
        {
          name: 'score',
          datatype: 'FP32',
          shape: [n],
          data: decisions.map((d, row) => decide.scoreOf(this.#scores, row, d)),
        },
        { name: 'decision', datatype: 'BYTES', shape: [n], data: decisions.map((d) => decide.labels[d]!) },
        ...(model.outputs === 1
          ? []
          : [
              {
                name: 'scores',
                datatype: 'FP32',
                shape: [n, model.outputs],
                data: [...this.#scores.subarray(0, n * model.outputs)],
              },
            ]),
      ],
    }
  }
}
