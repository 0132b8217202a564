import { basename } from 'node:path'
import { type ModelSource, readModelSource } from './read-model-file.ts'
import type { RowScorer } from './row-scorer.ts'

/** A package folder, or a bare model file. Engines are loaded as they are needed. Throws ModelRefused with the reasons. */
export async function openModel(path: string, source: ModelSource = readModelSource(path)): Promise<RowScorer> {
  if (source.kind === 'package') {
    const { openPackage } = await import('./open-package.ts')
    return openPackage(path)
  }
  if (source.kind === 'onnx') {
    const { openBareOnnx } = await import('./open-bare-onnx.ts')
    return openBareOnnx(basename(path), source.bytes)
  }
  const { openBareXgboost } = await import('./open-bare-xgboost.ts')
  return openBareXgboost(basename(path), source.bytes)
}
