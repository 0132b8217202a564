import type { Tree } from './tree-ensemble.ts'

/** Leaf numbers of the sliced kernel are one byte. */
export const SLICED_LEAVES_MAX = 256
/** A perfect tree of 8 levels has 256 leaves. */
const PERFECT_DEPTH_MAX = 8
/** The kernel takes perfect trees in subtrees of three levels. */
const PERFECT_DEPTH_MIN = 3

/** A tree of at most 256 leaves and how the sliced kernel runs it: padded to a perfect one of `depth` levels, or node by node. */
export interface SlicedTree {
  readonly tree: Tree
  /** 3..8, or 0 for node by node. */
  readonly depth: number
  readonly leaves: number
  readonly innerNodes: number
}

export function leavesOf(tree: Tree): number {
  return (tree.order.length + 1) / 2
}

/**
 * Picks the cheaper form. A node of a perfect tree costs about a fifth of one that is run by program, because its
 * place is fixed, but padding doubles the nodes with every level.
 */
export function slicedTree(tree: Tree, nodeCostRatio: number): SlicedTree {
  const leaves = leavesOf(tree)
  const innerNodes = leaves - 1
  const depth = Math.max(tree.depth, PERFECT_DEPTH_MIN)
  const perfect = depth <= PERFECT_DEPTH_MAX && 2 ** depth - 1 <= nodeCostRatio * innerNodes
  return { tree, depth: perfect ? depth : 0, leaves, innerNodes }
}
