import { basename, dirname, resolve } from 'node:path'
import { ConfigError } from '@sluice/contracts'
import { openModelStore } from '@sluice/files'
import { onnxEngine } from '@sluice/onnx'
import { compileDecision, type Engines, type LoadedModel, loadModel, outputsOf, treesEngine } from '@sluice/scoring'
import { contributions, parseXgboost, type TreeEnsemble } from '@sluice/trees'
import type { RowScorer } from './row-scorer.ts'

/** Every engine there is. */
export const ENGINES: Engines = { trees: treesEngine, onnx: onnxEngine }

/** Loads a package folder as a scorer would, golden rows included. Throws ModelRefused with every reason. */
export async function loadPackage(folder: string): Promise<LoadedModel> {
  const path = resolve(folder)
  const match = /^(.+)-(\d{1,9})$/.exec(basename(path))
  if (match === null) {
    throw new ConfigError([
      { path: folder, problem: 'a package folder is called <name>-<version>', fix: 'Rename it, as in churn-7.' },
    ])
  }
  return loadModel(await openModelStore(dirname(path)).read(match[1]!, Number(match[2])), ENGINES)
}

export async function openPackage(folder: string): Promise<RowScorer> {
  const { model, package: source } = await loadPackage(folder)
  const { manifest } = source
  const treesFile = model.engine === 'trees' ? source.files.find((file) => file.engine === 'trees') : undefined
  let ensemble: TreeEnsemble | undefined
  return {
    what: {
      name: model.name,
      version: model.version,
      engine: model.engine,
      task: manifest.task,
      features: model.width,
      outputs: model.outputs,
    },
    features: manifest.features,
    outputs: outputsOf(manifest),
    margins: model.scoreMargins === undefined ? undefined : model.outputs,
    decision: compileDecision(manifest),
    allocate: (rowsMax) => model.allocate(rowsMax),
    score: (batch, rows, out) => model.score(batch, rows, out),
    scoreMargins: (batch, rows, out) => model.scoreMargins?.(batch, rows, out),
    notes: [],
    contributions:
      treesFile === undefined
        ? undefined
        : (row) => {
            ensemble ??= parseXgboost(treesFile.bytes, { rounds: treesFile.rounds })
            return contributions(ensemble, row)
          },
    close: () => model.close(),
  }
}
