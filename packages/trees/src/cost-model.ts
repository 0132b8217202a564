import { BLOCK_ROWS } from '../kernel/layout.ts'
import { COLUMN_THRESHOLDS_MAX, type FeatureEdges, runEdges } from './bin-columns.ts'
import { ModelFault } from './model-fault.ts'
import { splitTree } from './split-tree.ts'
import type { Tree, TreeEnsemble } from './tree-ensemble.ts'
import { leavesOf, SLICED_LEAVES_MAX, type SlicedTree, slicedTree } from './tree-shape.ts'

/**
 * Costs in nanoseconds, measured on one core of a 2.7 GHz Zen 3. Only their ratios matter, and they decide nothing but
 * speed: both kernels return the same bits.
 */
const COST = {
  /** A block of the sliced kernel, whatever its rows. */
  block: { threshold: 1.5, setEdge: 0.6, perfectNode: 0.45, shapeNode: 2.2, tree: 12 },
  /** A row of the sliced kernel. */
  row: { column: 1.3, tree: 0.33 },
  /** A row of the walk: one level of one of eight trees. */
  walkLevel: 1.9,
} as const

/** Ratio of a node run by program to a node of a perfect tree. */
export const NODE_COST_RATIO = COST.block.shapeNode / COST.block.perfectNode

/** Beyond this the masks of one block leave the caches and the walk is taken. */
export const MASK_BYTES_MAX = 2 * 1024 * 1024

export interface KernelPlan {
  /** The trees of the model, large ones in pieces, in their order; undefined when the model is walked only. */
  readonly sliced: readonly SlicedTree[] | undefined
  /** Batches, and the rest of a batch after its full blocks of 128, of up to this many rows are walked. */
  readonly walkRowsMax: number
  /** The reason in words. */
  readonly why: string
}

export type KernelChoice = 'auto' | 'sliced' | 'walk'

/** Chooses the kernels of a model from the shapes of its trees. `edges` is asked for only when slicing is possible. */
export function planKernels(
  ensemble: TreeEnsemble,
  edges: () => readonly FeatureEdges[],
  choice: KernelChoice,
): KernelPlan {
  if (choice === 'walk') return walkOnly('asked for')
  const sliced = sliceable(ensemble, edges)
  if (typeof sliced === 'string') {
    if (choice === 'auto') return walkOnly(sliced)
    throw new ModelFault('E_MODEL_UNSUPPORTED', 'trees', `cannot be sliced: ${sliced}`)
  }
  if (choice === 'sliced') return { sliced, walkRowsMax: 0, why: 'asked for' }
  const walk = walkCost(ensemble.trees)
  const { block, row } = slicedCost(sliced, edges())
  // n rows: walked at n * walk, sliced at block + n * row.
  const walkRowsMax = walk <= row ? BLOCK_ROWS : Math.floor(block / (walk - row))
  if (walkRowsMax >= BLOCK_ROWS) return walkOnly('a full block is estimated to be cheaper tree by tree')
  return {
    sliced,
    walkRowsMax,
    why: `a block is estimated at ${Math.round(block)} ns plus ${row.toFixed(1)} ns per row, a walked row at ${Math.round(walk)} ns`,
  }
}

/** The trees in pieces that fit the sliced kernel, or why the model cannot be sliced. */
function sliceable(ensemble: TreeEnsemble, edges: () => readonly FeatureEdges[]): readonly SlicedTree[] | string {
  const sliced: SlicedTree[] = []
  for (const [index, tree] of ensemble.trees.entries()) {
    const pieces = splitTree(tree, SLICED_LEAVES_MAX)
    if (pieces === undefined) return `tree ${index} has ${leavesOf(tree)} leaves and a path too long for its pieces`
    for (const piece of pieces) sliced.push(slicedTree(piece, NODE_COST_RATIO))
  }
  const masks = maskBytes(ensemble.trees, edges())
  return masks > MASK_BYTES_MAX ? `its masks take ${masks} bytes per block, at most ${MASK_BYTES_MAX}` : sliced
}

function walkOnly(why: string): KernelPlan {
  return { sliced: undefined, walkRowsMax: BLOCK_ROWS, why }
}

function walkCost(trees: readonly Tree[]): number {
  return trees.reduce((sum, tree) => sum + (tree.depth + 1) * COST.walkLevel, 0)
}

function slicedCost(sliced: readonly SlicedTree[], edges: readonly FeatureEdges[]): { block: number; row: number } {
  let block = setEdges(sliced.map(({ tree }) => tree)) * COST.block.setEdge
  let columns = 0
  for (const { thresholds } of edges) {
    block += thresholds.length * COST.block.threshold
    columns += Math.ceil(thresholds.length / COLUMN_THRESHOLDS_MAX)
  }
  let terms = 0
  for (const { tree, depth, innerNodes } of sliced) {
    const nodes = depth > 0 ? (2 ** depth - 1) * COST.block.perfectNode : innerNodes * COST.block.shapeNode
    block += nodes + COST.block.tree
    terms += tree.leafWidth
  }
  return { block, row: columns * COST.row.column + terms * COST.row.tree }
}

/** Upper bound of the bytes of all masks: thresholds, their copies for missing values, and category sets. */
function maskBytes(trees: readonly Tree[], edges: readonly FeatureEdges[]): number {
  const thresholds = edges.reduce(
    (sum, edge) => sum + edge.thresholds.length + edge.missingRight.reduce((a, b) => a + b, 0),
    0,
  )
  const sets = trees.reduce((sum, tree) => sum + tree.categories.size, 0)
  return 16 * (thresholds + sets)
}

function setEdges(trees: readonly Tree[]): number {
  let edges = 0
  for (const tree of trees) for (const codes of tree.categories.values()) edges += runEdges(codes).length
  return edges
}
