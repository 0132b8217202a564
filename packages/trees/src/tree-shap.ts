import { ModelFault } from './model-fault.ts'
import { CONTRIBUTION_DEPTH_MAX } from './model-limits.ts'
import { goesRight } from './reference-walk.ts'
import type { Tree, TreeEnsemble } from './tree-ensemble.ts'

/**
 * How much each feature moved the margins of one row: exact path-dependent Shapley values.
 *
 * Shape    `outputs * (width + 1)`, output by output; the last value of an output is its bias (base margin plus the mean of
 *          its trees over the training rows). The values of one output sum to its margin.
 * Missing  NaN follows the default side, as in scoring.
 * Errors   ModelFault when the file has no hessians (vector leaves of XGBoost 2.x) or a tree is deeper than the limit.
 * Source   Lundberg, Erion and Lee, "Consistent individualized feature attribution for tree ensembles" (2018), algorithm 2;
 *          same values as `Booster.predict(pred_contribs=True)` up to its float32 sums.
 */
export function contributions(ensemble: TreeEnsemble, row: Float32Array): Float64Array {
  const { width, outputs } = ensemble
  if (row.length !== width) throw new RangeError(`a row has ${width} values, not ${row.length}`)
  const out = new Float64Array(outputs * (width + 1))
  ensemble.baseMargins.forEach((margin, output) => {
    out[output * (width + 1) + width] = margin
  })
  ensemble.trees.forEach((tree, index) => {
    if (tree.cover === undefined) {
      throw new ModelFault('E_MODEL_UNSUPPORTED', `trees[${index}]`, 'no sum_hessian in the file, so no contributions')
    }
    if (tree.depth > CONTRIBUTION_DEPTH_MAX) {
      throw new ModelFault(
        'E_MODEL_UNSUPPORTED',
        `trees[${index}]`,
        `contributions end at depth ${CONTRIBUTION_DEPTH_MAX}`,
      )
    }
    new TreeContributions(tree, tree.cover, row, out, width + 1).run()
  })
  return out
}

/**
 * The features of one path from the root, each once. For every subset size the weight says which share of the subsets of
 * that size lets a row come this far; `zero` is the share of training rows that pass a feature's splits, `one` is 1 when
 * this row passes them.
 */
interface Path {
  readonly features: Int32Array
  readonly zero: Float64Array
  readonly one: Float64Array
  readonly weight: Float64Array
}

class TreeContributions {
  readonly #tree: Tree
  readonly #cover: Float32Array
  readonly #row: Float32Array
  readonly #out: Float64Array
  readonly #columns: number
  /** One path per level, the deeper one starting as a copy of the one above. */
  readonly #paths: readonly Path[]

  constructor(tree: Tree, cover: Float32Array, row: Float32Array, out: Float64Array, columns: number) {
    this.#tree = tree
    this.#cover = cover
    this.#row = row
    this.#out = out
    this.#columns = columns
    this.#paths = Array.from({ length: tree.depth + 1 }, (_, level) => ({
      features: new Int32Array(level + 1),
      zero: new Float64Array(level + 1),
      one: new Float64Array(level + 1),
      weight: new Float64Array(level + 1),
    }))
  }

  run(): void {
    this.#addBias(0, 1)
    const root = this.#paths[0]!
    root.features[0] = -1
    root.zero[0] = 1
    root.one[0] = 1
    root.weight[0] = 1
    if (this.#tree.left[0] !== -1) this.#split(0, 0, root, 0)
  }

  /** Adds the mean over the training rows. */
  #addBias(node: number, share: number): void {
    const { left, leafAt, leaves, leafWidth } = this.#tree
    const child = left[node]!
    if (child !== -1) {
      const leftShare = this.#leftShare(node)
      this.#addBias(child, share * leftShare)
      this.#addBias(child + 1, share * (1 - leftShare))
      return
    }
    for (let k = 0; k < leafWidth; k++) this.#add(k, this.#columns - 1, share * leaves[leafAt[node]! + k]!)
  }

  /** Descends both ways from an inner node whose path has `length` features after the root's place. */
  #split(node: number, level: number, path: Path, length: number): void {
    const { left, feature } = this.#tree
    const column = feature[node]!
    const right = goesRight(this.#tree, node, this.#row[column]!)
    const leftShare = this.#leftShare(node)
    const known = path.features.subarray(1, length + 1).indexOf(column) + 1
    let zero = 1
    let one = 1
    if (known > 0) {
      zero = path.zero[known]!
      one = path.one[known]!
      unwind(path, length, known)
    }
    const remaining = known > 0 ? length - 1 : length
    this.#descend(left[node]!, level + 1, path, remaining, column, zero * leftShare, right ? 0 : one)
    this.#descend(left[node]! + 1, level + 1, path, remaining, column, zero * (1 - leftShare), right ? one : 0)
  }

  #descend(node: number, level: number, above: Path, length: number, column: number, zero: number, one: number): void {
    if (zero === 0 && one === 0) return // neither this row nor any training row: nothing to share out
    const path = this.#paths[level]!
    copyPath(above, path, length + 1)
    extend(path, length, column, zero, one)
    if (this.#tree.left[node] !== -1) this.#split(node, level, path, length + 1)
    else this.#shareOut(node, path, length + 1)
  }

  /** Gives every feature of the path its part of the leaf. */
  #shareOut(node: number, path: Path, length: number): void {
    const { leafAt, leaves, leafWidth } = this.#tree
    for (let i = 1; i <= length; i++) {
      const part = unwoundSum(path, length, i) * (path.one[i]! - path.zero[i]!)
      for (let k = 0; k < leafWidth; k++) this.#add(k, path.features[i]!, part * leaves[leafAt[node]! + k]!)
    }
  }

  #add(k: number, column: number, value: number): void {
    const at = (this.#tree.output + k) * this.#columns + column
    this.#out[at] = this.#out[at]! + value
  }

  /** Share of the training rows that went left; even when none came by, as XGBoost has it since 3.4. */
  #leftShare(node: number): number {
    const child = this.#tree.left[node]!
    const left = this.#cover[child]!
    const both = left + this.#cover[child + 1]!
    return both > 0 ? left / both : 0.5
  }
}

function copyPath(from: Path, to: Path, count: number): void {
  to.features.set(from.features.subarray(0, count))
  to.zero.set(from.zero.subarray(0, count))
  to.one.set(from.one.subarray(0, count))
  to.weight.set(from.weight.subarray(0, count))
}

/** EXTEND: one more feature after `length` ones. */
function extend(
  { features, zero: zeros, one: ones, weight }: Path,
  length: number,
  column: number,
  zero: number,
  one: number,
): void {
  const last = length + 1
  features[last] = column
  zeros[last] = zero
  ones[last] = one
  weight[last] = 0
  for (let i = length; i >= 0; i--) {
    weight[i + 1] = weight[i + 1]! + (one * weight[i]! * (i + 1)) / (last + 1)
    weight[i] = (zero * weight[i]! * (last - i)) / (last + 1)
  }
}

/** UNWIND: takes feature `index` out again, in place. */
function unwind({ features, zero: zeros, one: ones, weight }: Path, length: number, index: number): void {
  const one = ones[index]!
  const zero = zeros[index]!
  let next = weight[length]!
  for (let i = length - 1; i >= 0; i--) {
    if (one !== 0) {
      const kept = weight[i]!
      weight[i] = (next * (length + 1)) / ((i + 1) * one)
      next = kept - (weight[i]! * zero * (length - i)) / (length + 1)
    } else {
      weight[i] = (weight[i]! * (length + 1)) / (zero * (length - i))
    }
  }
  for (let i = index; i < length; i++) {
    features[i] = features[i + 1]!
    zeros[i] = zeros[i + 1]!
    ones[i] = ones[i + 1]!
  }
}

/** Sum of the weights that UNWIND would leave, without changing the path. */
function unwoundSum({ zero: zeros, one: ones, weight }: Path, length: number, index: number): number {
  const one = ones[index]!
  const zero = zeros[index]!
  let next = weight[length]!
  let sum = 0
  for (let i = length - 1; i >= 0; i--) {
    if (one !== 0) {
      const part = (next * (length + 1)) / ((i + 1) * one)
      sum += part
      next = weight[i]! - (part * zero * (length - i)) / (length + 1)
    } else {
      sum += (weight[i]! * (length + 1)) / (zero * (length - i))
    }
  }
  return sum
}
