import type { Tree } from './tree-ensemble.ts'

/**
 * Splits a tree into pieces of at most `leavesMax` leaves whose sum is the tree, exactly.
 *
 * A piece keeps a run of neighbouring leaves; every subtree without a leaf of the run becomes one leaf of value -0, the
 * only float that changes no sum, not even one of -0. So each row gets its leaf from one piece and nothing from the
 * others, and the order of additions stays that of the trees.
 *
 * @returns the tree itself when it is small enough; undefined when it would take too many pieces, or when a path has more
 *   turns than a piece has leaves
 */
export function splitTree(tree: Tree, leavesMax: number): readonly Tree[] | undefined {
  const count = (tree.order.length + 1) / 2
  if (count <= leavesMax) return [tree]
  if (count > leavesMax * PIECES_MAX) return undefined
  const leaves = leavesInOrder(tree)
  const runs: (readonly LeafPlace[])[] = []
  for (let from = 0; from < leaves.length; from += runs.at(-1)!.length) {
    const run = leaves.slice(from, runEnd(leaves, from, leavesMax))
    if (run.length === 0 || runs.length === PIECES_MAX) return undefined
    runs.push(run)
  }
  const parents = parentsOf(tree)
  return runs.map((run) => pieceOf(tree, nodesAbove(parents, run)))
}

/** Pieces of one tree. A row passes all of them but needs one, so beyond some number following the row is cheaper. */
const PIECES_MAX = 64

/** A leaf and the turns on its path: each right turn leaves one subtree to the left of it, each left turn one to the right. */
interface LeafPlace {
  readonly node: number
  readonly rightTurns: number
  readonly leftTurns: number
}

function leavesInOrder(tree: Tree): LeafPlace[] {
  const leaves: LeafPlace[] = []
  const open: LeafPlace[] = [{ node: 0, rightTurns: 0, leftTurns: 0 }]
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const child = tree.left[place.node]!
    if (child === -1) {
      leaves.push(place)
      continue
    }
    open.push({ ...place, node: child + 1, rightTurns: place.rightTurns + 1 })
    open.push({ ...place, node: child, leftTurns: place.leftTurns + 1 })
  }
  return leaves
}

/** End of the longest run from a leaf on whose piece, with the leaves that stand for what is left and right of it, fits. */
function runEnd(leaves: readonly LeafPlace[], from: number, leavesMax: number): number {
  for (let to = Math.min(leaves.length, from + leavesMax); to > from; to--) {
    if (to - from + leaves[from]!.rightTurns + leaves[to - 1]!.leftTurns <= leavesMax) return to
  }
  return from
}

/** Copies the nodes of a run; the subtrees beside them become leaves of -0. */
function pieceOf(tree: Tree, kept: ReadonlySet<number>): Tree {
  const source = [0]
  const left: number[] = []
  const depths = [0]
  const leafAt: number[] = []
  const leaves: number[] = []
  const categories = new Map<number, Int32Array>()
  for (let node = 0; node < source.length; node++) {
    const from = source[node]!
    const inner = kept.has(from) && tree.left[from] !== -1
    left.push(inner ? source.length : -1)
    leafAt.push(inner ? -1 : leaves.length)
    if (inner) {
      source.push(tree.left[from]!, tree.left[from]! + 1)
      depths.push(depths[node]! + 1, depths[node]! + 1)
      const codes = tree.categories.get(from)
      if (codes !== undefined) categories.set(node, codes)
    } else {
      for (let k = 0; k < tree.leafWidth; k++) leaves.push(kept.has(from) ? tree.leaves[tree.leafAt[from]! + k]! : -0)
    }
  }
  return {
    left: Int32Array.from(left),
    feature: Int32Array.from(source, (from) => tree.feature[from]!),
    threshold: Float32Array.from(source, (from) => tree.threshold[from]!),
    defaultLeft: Uint8Array.from(source, (from) => tree.defaultLeft[from]!),
    categories,
    leafAt: Int32Array.from(leafAt),
    leaves: Float32Array.from(leaves),
    leafWidth: tree.leafWidth,
    output: tree.output,
    cover: undefined,
    order: Int32Array.from(source.keys()),
    depth: depths.at(-1)!,
  }
}

/** The leaves of a run and all their ancestors. */
function nodesAbove(parents: Int32Array, run: readonly LeafPlace[]): ReadonlySet<number> {
  const kept = new Set<number>()
  for (const leaf of run) {
    for (let node = leaf.node; node !== -1 && !kept.has(node); node = parents[node]!) kept.add(node)
  }
  return kept
}

function parentsOf(tree: Tree): Int32Array {
  const parents = new Int32Array(tree.left.length).fill(-1)
  for (const node of tree.order) {
    const child = tree.left[node]!
    if (child === -1) continue
    parents[child] = node
    parents[child + 1] = node
  }
  return parents
}
