import type { FeatureSpec } from '@sluice/features'
import { ModelRefused } from '@sluice/scoring'
import {
  compileTrees,
  contributions,
  ModelFault,
  parseXgboost,
  type TreeEnsemble,
  type TreeModelDescription,
} from '@sluice/trees'
import type { RowScorer } from './row-scorer.ts'

/** Coded columns that are told by name. */
const CODED_MAX = 20

export interface BareXgboost extends RowScorer {
  readonly objective: string
  readonly booster: string
  readonly xgboost: string
  readonly bestIteration: number | undefined
  readonly kernel: TreeModelDescription
}

/**
 * A model file that XGBoost saved, without a package: columns are named as in the file, else f0 to fN, everything may be
 * missing, and there are no labels. All rounds count, as in `Booster.predict`. Throws ModelRefused.
 */
export function openBareXgboost(name: string, bytes: Uint8Array): BareXgboost {
  try {
    return open(name, bytes)
  } catch (error) {
    if (error instanceof ModelFault) throw new ModelRefused(name, [`${error.code}: ${error.message}`], { cause: error })
    throw error
  }
}

function open(name: string, bytes: Uint8Array): BareXgboost {
  const ensemble = parseXgboost(bytes)
  const model = compileTrees(ensemble)
  return {
    what: {
      name,
      version: undefined,
      engine: 'trees',
      task: model.task,
      features: model.width,
      outputs: model.predictionColumns,
    },
    objective: ensemble.objective.name,
    booster: ensemble.booster,
    xgboost: ensemble.version.join('.'),
    bestIteration: ensemble.bestIteration,
    kernel: model.describe(),
    features: columnSpecs(ensemble),
    outputs: model.predictionColumns,
    margins: model.outputs,
    decision: undefined,
    allocate: (rowsMax) => model.allocate(rowsMax),
    score: (batch, rows, out) => model.predict(batch, rows, out),
    scoreMargins: (batch, rows, out) => model.scoreMargins(batch, rows, out),
    notes: codeNotes(ensemble),
    contributions: (row) => contributions(ensemble, row),
    close: async () => model.close(),
  }
}

/** Codes look like values, and a value that is taken for a code gives a wrong score without an error. */
function codeNotes(ensemble: TreeEnsemble): readonly string[] {
  const coded = ensemble.featureTypes.flatMap((type, column) =>
    type === 'c' && !ensemble.categoryNames.has(column) ? [ensemble.featureNames[column] ?? `f${column}`] : [],
  )
  if (coded.length === 0) return []
  const names = [...coded.slice(0, CODED_MAX), ...(coded.length > CODED_MAX ? ['…'] : [])]
  return [
    `These columns are categories that the file does not name; rows must carry their codes (0, 1, …): ${names.join(', ')}.`,
  ]
}

function columnSpecs(ensemble: TreeEnsemble): readonly FeatureSpec[] {
  return Array.from({ length: ensemble.width }, (_, column): FeatureSpec => {
    const name = ensemble.featureNames[column] ?? `f${column}`
    if (ensemble.categoryNamesUnsure.has(column)) {
      throw new ModelFault(
        'E_MODEL_UNSUPPORTED',
        `learner.gradient_booster.model.cats.enc[${column}]`,
        `the categories of ${name} cannot be told from the file, because XGBoost cuts names that are not ASCII; put the model into a package that lists them, or train with ASCII names or whole numbers`,
      )
    }
    const categories = ensemble.categoryNames.get(column)
    if (categories !== undefined) {
      return { name, type: 'category', missing: 'allow', unseen: 'missing', categories: [...categories] }
    }
    // `i` is XGBoost's letter for 0/1 columns; category codes without names are numbers to whoever writes the rows.
    if (ensemble.featureTypes[column] === 'i') return { name, type: 'boolean', missing: 'allow' }
    return { name, type: 'number', missing: 'allow', nonFinite: 'allow' }
  })
}
