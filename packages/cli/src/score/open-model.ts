import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { UsageError } from '../exit-codes.ts'
import type { RowScorer } from './row-scorer.ts'

/** A package folder, or a bare model file that is told by its first bytes. Engines are loaded as they are needed. */
export async function openModel(path: string): Promise<RowScorer> {
  if (modelKind(path) === 'package') {
    const { openPackage } = await import('./open-package.ts')
    return openPackage(path)
  }
  const bytes = readFileSync(path)
  if (modelKind(path) === 'onnx') {
    const { openBareOnnx } = await import('./open-bare-onnx.ts')
    return openBareOnnx(basename(path), bytes)
  }
  const { openBareXgboost } = await import('./open-bare-xgboost.ts')
  return openBareXgboost(basename(path), bytes)
}

export type ModelKind = 'package' | 'onnx' | 'xgboost'

export function modelKind(path: string): ModelKind {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) throw new UsageError(`${path} does not exist`)
  if (stat.isDirectory()) return 'package'
  return path.endsWith('.onnx') ? 'onnx' : 'xgboost'
}
