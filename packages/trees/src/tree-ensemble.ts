import type { Objective } from './objective.ts'

/**
 * One tree. Nodes keep the numbers of the file, node 0 is the root, and every node that can be reached from it is reached
 * exactly once.
 *
 * Decision at node `n` with value x of column `feature[n]`:
 * NaN goes to the default side; a numeric split sends `x < threshold[n]` left; a categorical split sends the codes of
 * `categories.get(n)` right and everything else left (codes are truncated; negative ones and those from 2^24 on are
 * in no set).
 */
export interface Tree {
  /** Left child, or -1 for a leaf. The right child is always `left + 1`. */
  readonly left: Int32Array
  /** Column of the split; meaningless for leaves. */
  readonly feature: Int32Array
  readonly threshold: Float32Array
  /** 1 when NaN goes left. */
  readonly defaultLeft: Uint8Array
  /** Codes that go right, ascending and distinct, for categorical splits alone. */
  readonly categories: ReadonlyMap<number, Int32Array>
  /** Index into `leaves` of the first value of a leaf; -1 for inner nodes. */
  readonly leafAt: Int32Array
  /** Leaf values, `leafWidth` in a row per leaf, already multiplied by the weight of a DART tree. */
  readonly leaves: Float32Array
  readonly leafWidth: number
  /** Output that a scalar leaf adds to; 0 for vector leaves, which add to all outputs. */
  readonly output: number
  /** Sum of hessians of the training rows that passed each node, for contributions; some vector-leaf files lack it. */
  readonly cover: Float32Array | undefined
  /** Nodes that can be reached, in an order in which parents come before their children. */
  readonly order: Int32Array
  /** Edges on the longest path. */
  readonly depth: number
}

/** A loaded model, independent of the kernels that run it. */
export interface TreeEnsemble {
  readonly objective: Objective
  readonly booster: 'gbtree' | 'dart'
  readonly version: readonly [number, number, number]
  /** Columns of one row. */
  readonly width: number
  /** Margins of one row: 1, or one per class, target or quantile. */
  readonly outputs: number
  /** Where each output's sum starts. */
  readonly baseMargins: Float32Array
  readonly trees: readonly Tree[]
  /** Last round that early stopping kept, when the file says so. */
  readonly bestIteration: number | undefined
  /** Names of the columns, or none. */
  readonly featureNames: readonly string[]
  /** XGBoost's type letters of the columns (`c` = categorical), or none. */
  readonly featureTypes: readonly string[]
  /** Categories of a column in code order, numbers as their text, where XGBoost 3.1 or later recorded them. */
  readonly categoryNames: ReadonlyMap<number, readonly string[]>
  /** Columns whose recorded categories cannot be told from the file; their codes can. */
  readonly categoryNamesUnsure: ReadonlySet<number>
}
