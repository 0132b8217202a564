import { float32Log } from './float32-log.ts'
import { ModelFault } from './model-fault.ts'

export type TreeTask = 'binary' | 'multi-class' | 'regression' | 'ranking' | 'survival'

/** From a probability, mean or hazard ratio to the margin that trees add to (`ProbToMargin` of XGBoost). */
type Link = 'identity' | 'logit' | 'log'

/** From margins to predictions (`PredTransform`). */
export type Transform = 'identity' | 'sigmoid' | 'exp' | 'step' | 'softmax' | 'class-number' | 'ascending'

export interface Objective {
  readonly name: string
  readonly task: TreeTask
  readonly link: Link
  readonly transform: Transform
}

/** XGBoost version of the file: [major, minor, patch]. */
export type XgboostVersion = readonly [number, number, number]

type Row = readonly [task: TreeTask, link: Link, transform: Transform]

/** Source: `src/objective` of XGBoost 2.1 to 3.4; what is not here is refused, never guessed. */
const OBJECTIVES: Readonly<Record<string, Row>> = {
  'binary:logistic': ['binary', 'logit', 'sigmoid'],
  'binary:logitraw': ['binary', 'identity', 'identity'],
  'binary:hinge': ['binary', 'identity', 'step'],
  'multi:softprob': ['multi-class', 'identity', 'softmax'],
  'multi:softmax': ['multi-class', 'identity', 'class-number'],
  'reg:squarederror': ['regression', 'identity', 'identity'],
  'reg:linear': ['regression', 'identity', 'identity'],
  'reg:logistic': ['regression', 'logit', 'sigmoid'],
  'reg:squaredlogerror': ['regression', 'identity', 'identity'],
  'reg:pseudohubererror': ['regression', 'identity', 'identity'],
  'reg:absoluteerror': ['regression', 'identity', 'identity'],
  'reg:quantileerror': ['regression', 'identity', 'identity'],
  'reg:gamma': ['regression', 'log', 'exp'],
  'reg:tweedie': ['regression', 'log', 'exp'],
  'count:poisson': ['regression', 'log', 'exp'],
  'rank:ndcg': ['ranking', 'identity', 'identity'],
  'rank:map': ['ranking', 'identity', 'identity'],
  'rank:pairwise': ['ranking', 'identity', 'identity'],
  'survival:cox': ['survival', 'log', 'exp'],
  'survival:aft': ['survival', 'log', 'exp'],
}

export function objectiveOf(name: string, version: XgboostVersion, where: string): Objective {
  const row = Object.hasOwn(OBJECTIVES, name) ? OBJECTIVES[name] : undefined
  if (row === undefined) {
    throw new ModelFault('E_MODEL_UNSUPPORTED', where, `objective "${name}" is not known; export the model to ONNX`)
  }
  const [task, link, transform] = row
  // From 3.4 on, crossing quantiles are sorted within the row before they are returned.
  const sorted = name === 'reg:quantileerror' && atLeast(version, 3, 4)
  return { name, task, link, transform: sorted ? 'ascending' : transform }
}

const PROBABILITY_MIN = Math.fround(1e-6)
const PROBABILITY_MAX = Math.fround(1 - PROBABILITY_MIN)

/** The margin every sum starts from, in float32 steps as XGBoost takes them. */
export function baseMargin(objective: Objective, baseScore: number, version: XgboostVersion, where: string): number {
  if (!Number.isFinite(baseScore)) throw new ModelFault('E_MODEL_NOT_FINITE', where, `base_score ${baseScore}`)
  if (objective.link === 'identity') return baseScore
  if (objective.link === 'log') {
    if (baseScore > 0) return float32Log(baseScore)
    throw new ModelFault('E_MODEL_RANGE', where, `base_score ${baseScore} of ${objective.name} must be above 0`)
  }
  // Up to 3.1 the ends are refused; from 3.2 on a probability is moved into [1e-6, 1 - 1e-6].
  const clamps = atLeast(version, 3, 2)
  if (clamps ? baseScore < 0 || baseScore > 1 : baseScore <= 0 || baseScore >= 1) {
    throw new ModelFault('E_MODEL_RANGE', where, `base_score ${baseScore} of ${objective.name} must be a probability`)
  }
  const p = clamps ? Math.min(Math.max(baseScore, PROBABILITY_MIN), PROBABILITY_MAX) : baseScore
  return -float32Log(Math.fround(Math.fround(1 / p) - 1))
}

/** Values per row that `predict` returns for `outputs` margins. */
export function predictionColumns(transform: Transform, outputs: number): number {
  return transform === 'class-number' ? 1 : outputs
}

/**
 * Turns margins into predictions with the float32 steps of XGBoost; exp is rounded correctly here and within one unit in
 * the last place there, so predictions agree to about 1e-7 while margins agree exactly.
 *
 * @param margins `rows * outputs` float32, row-major
 * @param predictions `rows * predictionColumns` float32, row-major; may be the same array unless the columns differ
 */
export function transformMargins(
  transform: Transform,
  outputs: number,
  rows: number,
  margins: Float32Array,
  predictions: Float32Array,
): void {
  if (transform === 'softmax') {
    for (let r = 0; r < rows; r++) softmax(margins, predictions, r * outputs, outputs)
  } else if (transform === 'class-number') {
    for (let r = 0; r < rows; r++) predictions[r] = largest(margins, r * outputs, outputs)
  } else if (transform === 'ascending') {
    predictions.set(margins.subarray(0, rows * outputs))
    for (let r = 0; r < rows; r++) predictions.subarray(r * outputs, (r + 1) * outputs).sort()
  } else {
    const apply = ELEMENTWISE[transform]
    for (let i = 0; i < rows * outputs; i++) predictions[i] = apply(margins[i]!)
  }
}

const ELEMENTWISE: Readonly<Record<'identity' | 'sigmoid' | 'exp' | 'step', (margin: number) => number>> = {
  identity: (margin) => margin,
  exp: Math.exp,
  step: (margin) => (margin > 0 ? 1 : 0),
  sigmoid,
}

/** 88.7 keeps exp inside float32, as in `common::Sigmoid`. */
const EXPONENT_MAX = Math.fround(88.7)

function sigmoid(margin: number): number {
  const odds = Math.fround(Math.exp(Math.min(-margin, EXPONENT_MAX)))
  return 1 / Math.fround(odds + 1)
}

function softmax(margins: Float32Array, out: Float32Array, start: number, count: number): void {
  let top = margins[start]!
  for (let i = start + 1; i < start + count; i++) top = Math.max(top, margins[i]!)
  let sum = 0
  for (let i = start; i < start + count; i++) {
    out[i] = Math.exp(Math.fround(margins[i]! - top))
    sum += out[i]!
  }
  const divisor = Math.fround(sum)
  for (let i = start; i < start + count; i++) out[i] = out[i]! / divisor
}

function largest(margins: Float32Array, start: number, count: number): number {
  let best = 0
  for (let i = 1; i < count; i++) if (margins[start + i]! > margins[start + best]!) best = i
  return best
}

export function atLeast(version: XgboostVersion, major: number, minor: number): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor)
}
