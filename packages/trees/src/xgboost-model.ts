import { type CategoryNames, readCategoryNames } from './category-names.ts'
import { refuseForeignFormat } from './foreign-format.ts'
import { readJson } from './json-reader.ts'
import { inRange, isNumberArray, ModelObject } from './model-document.ts'
import { ModelFault } from './model-fault.ts'
import { FEATURES_MAX, MODEL_BYTES_MAX, NODES_MAX, OUTPUTS_MAX, TREES_MAX } from './model-limits.ts'
import { atLeast, baseMargin, objectiveOf, type XgboostVersion } from './objective.ts'
import type { Tree, TreeEnsemble } from './tree-ensemble.ts'
import { readUbj } from './ubj-reader.ts'
import { readTree } from './xgboost-tree.ts'

export interface ParseOptions {
  /**
   * Which rounds of an early-stopped model count. `all` is what `Booster.predict` does, `best` what the scikit-learn
   * wrappers (`XGBClassifier.predict`) do: rounds up to and including `best_iteration`. Default: `all`.
   */
  readonly rounds?: 'all' | 'best'
}

/**
 * Loads a model that XGBoost saved as JSON or UBJSON (2.x and 3.x; 1.6 and later JSON has the same fields).
 *
 * Errors   throws ModelFault with the code, the place and the cause. Time and memory are proportional to the file.
 * Source   `src/learner.cc`, `src/gbm/gbtree_model.cc` and `src/tree/tree_model.cc` of XGBoost.
 */
export function parseXgboost(bytes: Uint8Array, options: ParseOptions = {}): TreeEnsemble {
  const root = new ModelObject('', readDocument(bytes))
  const learner = root.object('learner')
  const version = readVersion(root)
  const param = learner.object('learner_model_param')
  const { width, outputs, baseScores } = readParameters(param)
  const booster = learner.object('gradient_booster')
  const kind = boosterKind(booster)
  const objective = objectiveOf(learner.object('objective').text('name'), version, learner.at('objective.name'))
  const model = (kind === 'dart' && booster.has('gbtree') ? booster.object('gbtree') : booster).object('model')
  const bestIteration = readBestIteration(learner)
  const trees = readTrees(model, booster, width, outputs)
  refuseOldCategories(version, trees, model.at('trees'))
  const kept =
    options.rounds === 'best' && bestIteration !== undefined
      ? treesUntil(model, trees.length, bestIteration)
      : undefined
  const names = columnTexts(learner, 'feature_names', width)
  const types = columnTexts(learner, 'feature_types', width)
  const categories: CategoryNames = model.has('cats')
    ? readCategoryNames(model.object('cats'), width)
    : { known: new Map(), unsure: new Set() }
  return {
    objective,
    booster: kind,
    version,
    width,
    outputs,
    baseMargins: isUntrained(param, version, trees)
      ? baseScores
      : Float32Array.from(baseScores, (score) => baseMargin(objective, score, version, param.at('base_score'))),
    trees: kept === undefined ? trees : trees.slice(0, kept),
    bestIteration,
    featureNames: names,
    featureTypes: types,
    categoryNames: categories.known,
    categoryNamesUnsure: categories.unsure,
  }
}

/** JSON and UBJSON objects both start with a brace; what follows tells them apart. */
function readDocument(bytes: Uint8Array): ReturnType<typeof readJson> {
  if (bytes.length > MODEL_BYTES_MAX) {
    throw new ModelFault('E_MODEL_TOO_LARGE', 'file', `${bytes.length} bytes, at most ${MODEL_BYTES_MAX}`)
  }
  if (bytes.length < 2) throw new ModelFault('E_MODEL_TRUNCATED', 'file', `${bytes.length} bytes; copy the file again`)
  refuseForeignFormat(bytes)
  const [first, second] = String.fromCharCode(bytes[0]!, bytes[1]!)
  return first === '{' && 'iUIlL'.includes(second!) ? readUbj(bytes) : readJson(bytes)
}

/** A file without a version is taken for one of the newest release, as XGBoost takes it. */
function readVersion(root: ModelObject): XgboostVersion {
  if (!root.has('version')) return [Number.MAX_SAFE_INTEGER, 0, 0]
  const [major = 0, minor = 0, patch = 0] = root.integers('version', 3, 0, 1_000_000)
  return [major, minor, patch]
}

function readParameters(param: ModelObject): { width: number; outputs: number; baseScores: Float32Array } {
  const width = param.integerText('num_feature', 1, FEATURES_MAX)
  const classes = param.has('num_class') ? param.integerText('num_class', 0, OUTPUTS_MAX) : 0
  const targets = param.has('num_target') ? param.integerText('num_target', 0, OUTPUTS_MAX) : 1
  const outputs = Math.max(classes, targets, 1)
  return { width, outputs, baseScores: readBaseScores(param, outputs) }
}

/** From 3.1 on, a model of no round whose base score was to be estimated takes it for a margin, whatever the objective. */
function isUntrained(param: ModelObject, version: XgboostVersion, trees: readonly Tree[]): boolean {
  if (trees.length > 0 || !atLeast(version, 3, 1) || !param.has('boost_from_average')) return false
  return param.text('boost_from_average') === '1'
}

/** Releases before 1.7 send codes that a split does not know, and one-hot splits, another way than those after. */
function refuseOldCategories(version: XgboostVersion, trees: readonly Tree[], where: string): void {
  const index = atLeast(version, 1, 7) ? -1 : trees.findIndex((tree) => tree.categories.size > 0)
  if (index === -1) return
  throw new ModelFault(
    'E_MODEL_UNSUPPORTED',
    `${where}[${index}]`,
    `categorical splits of XGBoost ${version.join('.')} score differently from 1.7 on; train again with 2.x or 3.x`,
  )
}

/** `"5E-1"` up to XGBoost 3.0, `"[5E-1,2E-1]"` from 3.1 on; one number stands for all outputs. */
function readBaseScores(param: ModelObject, outputs: number): Float32Array {
  const where = param.at('base_score')
  const text = param.text('base_score').trim().replace(/^\(/, '[').replace(/\)$/, ']')
  const value = readJson(new TextEncoder().encode(`${text}\n`))
  const scores = typeof value === 'number' ? [value] : isNumberArray(value) ? value : undefined
  if (scores === undefined) {
    throw new ModelFault(
      'E_MODEL_FIELD_TYPE',
      where,
      `expected a number or a list of numbers, found "${text.slice(0, 24)}"`,
    )
  }
  if (scores.length === 1) return new Float32Array(outputs).fill(scores[0]!)
  if (scores.length === outputs) return Float32Array.from(scores)
  throw new ModelFault('E_MODEL_LENGTH', where, `expected 1 or ${outputs} numbers, found ${scores.length}`)
}

function boosterKind(booster: ModelObject): 'gbtree' | 'dart' {
  const name = booster.text('name')
  if (name === 'gbtree' || name === 'dart') return name
  throw new ModelFault(
    'E_MODEL_UNSUPPORTED',
    booster.at('name'),
    `booster "${name}" has no trees; export the model to ONNX`,
  )
}

function readTrees(model: ModelObject, booster: ModelObject, width: number, outputs: number): Tree[] {
  const sources = model.objects('trees')
  inRange(sources.length, 0, TREES_MAX, model.at('trees'))
  const declared = model.object('gbtree_model_param').integerText('num_trees', 0, TREES_MAX)
  if (declared !== sources.length) {
    throw new ModelFault('E_MODEL_LENGTH', model.at('trees'), `${sources.length} trees, but num_trees is ${declared}`)
  }
  const groups = model.integers('tree_info', sources.length, 0, outputs - 1)
  const weights = readWeights(model, booster, sources.length)
  let nodes = 0
  return sources.map((source, index) => {
    const tree = readTree(source, { width, outputs, output: groups[index]!, weight: weights?.[index] })
    nodes += tree.left.length
    if (nodes > NODES_MAX) throw new ModelFault('E_MODEL_TOO_LARGE', source.where, `more than ${NODES_MAX} nodes`)
    return tree
  })
}

/** DART weights lie beside the trees from XGBoost 3.4 on, beside the booster before. */
function readWeights(model: ModelObject, booster: ModelObject, trees: number): Float32Array | undefined {
  const owner = [booster, model].find((object) => object.has('weight_drop'))
  return owner?.floats('weight_drop', trees)
}

function readBestIteration(learner: ModelObject): number | undefined {
  const text = learner.has('attributes') ? learner.texts('attributes').get('best_iteration') : undefined
  // XGBoost up to 2.x writes -1 when no round was trained.
  if (text === undefined || text === '-1') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new ModelFault(
    'E_MODEL_FIELD_TYPE',
    learner.at('attributes.best_iteration'),
    `expected a round number, found "${text.slice(0, 24)}"`,
  )
}

/** Trees of rounds 0..round. `iteration_indptr[i]` is the first tree of round i; older files have equal rounds. */
function treesUntil(model: ModelObject, trees: number, round: number): number {
  if (!model.has('iteration_indptr')) {
    throw new ModelFault(
      'E_MODEL_FIELD_MISSING',
      model.at('iteration_indptr'),
      'needed for rounds: best; save with XGBoost 2.x',
    )
  }
  const starts = model.integers('iteration_indptr', undefined, 0, trees)
  const end = starts[round + 1]
  if (end === undefined) {
    throw new ModelFault(
      'E_MODEL_RANGE',
      model.at('iteration_indptr'),
      `best_iteration ${round} of ${starts.length - 1} rounds`,
    )
  }
  return end
}

function columnTexts(learner: ModelObject, name: string, width: number): string[] {
  if (!learner.has(name)) return []
  const texts = learner.textList(name)
  if (texts.length === 0 || texts.length === width) return texts
  throw new ModelFault('E_MODEL_LENGTH', learner.at(name), `expected ${width} texts or none, found ${texts.length}`)
}
