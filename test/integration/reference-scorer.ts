import { compileRowDecoder } from '@sluice/features'
import { openModelStore } from '@sluice/files'
import { compileDecision, loadModel, treesEngine } from '@sluice/scoring'
import { CHURN_MODELS } from './platform.ts'

/** Scores one row by names, without a stream: what a prediction has to come out as. */
export type ReferenceScorer = (row: Readonly<Record<string, unknown>>) => Promise<{
  readonly score: number
  readonly decision: string
}>

/** A version of the churn model, its rows read by name and scored one by one. */
export async function referenceScorer(version: number, modelsDir = CHURN_MODELS): Promise<ReferenceScorer> {
  const files = await openModelStore(modelsDir).read('churn', version)
  const { model, package: source } = await loadModel(files, { trees: treesEngine })
  const decoder = compileRowDecoder(source.manifest.features)
  const decide = compileDecision(source.manifest)
  const batch = model.allocate(1)
  const scores = new Float32Array(1)
  return async (row) => {
    const fault = decoder.decodeRow(row, batch, 0)
    if (fault !== 0) throw new Error(`the row has ${fault.code} at ${fault.at}`)
    await model.score(batch, 1, scores)
    return { score: scores[0]!, decision: decide.labels[decide.of(scores, 0)]! }
  }
}
