import { decodeText } from './document-budget.ts'
import { readJson } from './json-reader.ts'
import { inRange, isNumberArray, ModelObject } from './model-document.ts'
import { ModelFault } from './model-fault.ts'
import { FEATURES_MAX, MODEL_BYTES_MAX, NODES_MAX, OUTPUTS_MAX, TREES_MAX } from './model-limits.ts'
import { baseMargin, objectiveOf, type XgboostVersion } from './objective.ts'
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
  const { width, outputs, baseScores } = readParameters(learner.object('learner_model_param'))
  const booster = learner.object('gradient_booster')
  const kind = boosterKind(booster)
  const objective = objectiveOf(learner.object('objective').text('name'), version, learner.at('objective.name'))
  const model = (kind === 'dart' && booster.has('gbtree') ? booster.object('gbtree') : booster).object('model')
  const bestIteration = readBestIteration(learner)
  const trees = readTrees(model, booster, width, outputs)
  const kept =
    options.rounds === 'best' && bestIteration !== undefined
      ? treesUntil(model, trees.length, bestIteration)
      : undefined
  const names = columnTexts(learner, 'feature_names', width)
  const types = columnTexts(learner, 'feature_types', width)
  return {
    objective,
    booster: kind,
    version,
    width,
    outputs,
    baseMargins: Float32Array.from(baseScores, (score) =>
      baseMargin(objective, score, version, learner.at('learner_model_param.base_score')),
    ),
    trees: kept === undefined ? trees : trees.slice(0, kept),
    bestIteration,
    featureNames: names,
    featureTypes: types,
    categoryNames: model.has('cats') ? readCategoryNames(model.object('cats'), width) : new Map(),
  }
}

/** JSON and UBJSON objects both start with a brace; what follows tells them apart. */
function readDocument(bytes: Uint8Array): ReturnType<typeof readJson> {
  if (bytes.length > MODEL_BYTES_MAX) {
    throw new ModelFault('E_MODEL_TOO_LARGE', 'file', `${bytes.length} bytes, at most ${MODEL_BYTES_MAX}`)
  }
  if (bytes.length < 2) throw new ModelFault('E_MODEL_TRUNCATED', 'file', `${bytes.length} bytes; copy the file again`)
  if (startsWith(bytes, 'binf') || startsWith(bytes, 'bs64')) {
    throw new ModelFault(
      'E_MODEL_UNSUPPORTED',
      'file',
      'the old binary format; load it in XGBoost 2.x and save it as .ubj',
    )
  }
  const second = String.fromCharCode(bytes[1]!)
  return startsWith(bytes, '{') && 'iUIlL'.includes(second) ? readUbj(bytes) : readJson(bytes)
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((char, index) => bytes[index] === char.charCodeAt(0))
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
    const tree = readTree(source, { width, outputs, output: groups[index]!, weight: weights[index]! })
    nodes += tree.left.length
    if (nodes > NODES_MAX) throw new ModelFault('E_MODEL_TOO_LARGE', source.where, `more than ${NODES_MAX} nodes`)
    return tree
  })
}

/** DART weights lie beside the trees from XGBoost 3.4 on, beside the booster before. */
function readWeights(model: ModelObject, booster: ModelObject, trees: number): Float32Array {
  const owner = [booster, model].find((object) => object.has('weight_drop'))
  if (owner === undefined) return new Float32Array(trees).fill(1)
  return owner.floats('weight_drop', trees)
}

function readBestIteration(learner: ModelObject): number | undefined {
  const text = learner.has('attributes') ? learner.texts('attributes').get('best_iteration') : undefined
  if (text === undefined) return undefined
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

/** Text categories: `values` holds the UTF-8 bytes of all names of a column, `offsets` where each one starts. */
function readCategoryNames(cats: ModelObject, width: number): ReadonlyMap<number, readonly string[]> {
  const names = new Map<number, readonly string[]>()
  const columns = cats.objects('enc')
  if (columns.length !== 0 && columns.length !== width) {
    throw new ModelFault('E_MODEL_LENGTH', cats.at('enc'), `expected ${width} columns or none, found ${columns.length}`)
  }
  columns.forEach((column, index) => {
    if (!column.has('offsets')) return
    const bytes = Uint8Array.from(column.integers('values', undefined, -128, 255))
    const offsets = column.integers('offsets', undefined, 0, bytes.length)
    if (offsets.length === 0) return
    if (
      offsets[0] !== 0 ||
      offsets.at(-1) !== bytes.length ||
      offsets.some((offset, i) => i > 0 && offset < offsets[i - 1]!)
    ) {
      throw new ModelFault('E_MODEL_CATEGORIES', column.at('offsets'), 'must ascend from 0 to the length of values')
    }
    names.set(
      index,
      Array.from({ length: offsets.length - 1 }, (_, i) => decodeText(bytes, offsets[i]!, offsets[i + 1]!)),
    )
  })
  return names
}
