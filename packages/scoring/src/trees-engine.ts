import { invariant } from '@sluice/contracts'
import { compileTrees, parseXgboost, type TreeModel } from '@sluice/trees'
import type { EngineLoader } from './load-model.ts'
import type { Model } from './model.ts'

/** Package tasks by what an XGBoost objective is for. A ranking or a hazard is a number to us. */
const TASKS = {
  binary: 'binary',
  'multi-class': 'multiclass',
  regression: 'regression',
  ranking: 'regression',
  survival: 'regression',
} as const satisfies Record<TreeModel['task'], string>

/** Loads XGBoost models into our own kernels. Its scores are those of `Booster.predict`, its margins have the same bits. */
export const treesEngine: EngineLoader = (source, file) => {
  invariant(file.engine === 'trees', `a file for ${file.engine} was given to the trees engine`)
  const ensemble = parseXgboost(file.bytes, { rounds: file.rounds })
  const { manifest } = source
  const task = TASKS[ensemble.objective.task]
  if (task !== manifest.task)
    throw new Error(
      `${file.path}: objective ${ensemble.objective.name} is for ${task}, the package is for ${manifest.task}`,
    )
  if (ensemble.objective.transform === 'class-number')
    throw new Error(`${file.path}: ${ensemble.objective.name} answers class numbers; train with multi:softprob`)
  const trees = compileTrees(ensemble)
  trees.warm()
  const model: Model = {
    name: manifest.name,
    version: manifest.version,
    engine: 'trees',
    sha256: file.sha256,
    width: trees.width,
    outputs: trees.predictionColumns,
    allocate: (rowsMax) => trees.allocate(rowsMax),
    score: (batch, rows, out) => trees.predict(batch, rows, out),
    scoreMargins: (batch, rows, out) => trees.scoreMargins(batch, rows, out),
    close: async () => trees.close(),
  }
  return model
}
