import { BLOCK_ROWS } from '../kernel/layout.ts'
import { COLUMN_THRESHOLDS_MAX, type FeatureEdges, runEdges } from './bin-columns.ts'
import { ModelFault } from './model-fault.ts'
import type { Tree, TreeEnsemble } from './tree-ensemble.ts'
import { leavesOf, SLICED_LEAVES_MAX, type SlicedShape, slicedShape } from './tree-shape.ts'

/**
 * Costs in nanoseconds, measured on one core of a 2.7 GHz Zen 3. Only their ratios matter, and they decide nothing but
 * speed: both kernels return the same bits.
 */
const COST = {
  /** A block of the sliced kernel, whatever its rows. */
  block: { threshold: 1.5, setEdge: 0.6, perfectNode: 0.6, shapeNode: 2.8, tree: 12 },
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
  /** One shape per tree, or undefined when the model is walked only. */
  readonly shapes: readonly SlicedShape[] | undefined
  /** Batches, and the rest of a batch, of up to this many rows are walked. */
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
  const shapes = sliceable(ensemble, edges)
  if (typeof shapes === 'string') {
    if (choice === 'auto') return walkOnly(shapes)
    throw new ModelFault('E_MODEL_UNSUPPORTED', 'trees', `cannot be sliced: ${shapes}`)
  }
  if (choice === 'sliced') return { shapes, walkRowsMax: 0, why: 'asked for' }
  const walk = walkCost(ensemble.trees)
  const { block, row } = slicedCost(ensemble, shapes, edges())
  // n rows: walked at n * walk, sliced at block + n * row.
  const walkRowsMax = walk <= row ? Infinity : Math.floor(block / (walk - row))
  if (walkRowsMax >= BLOCK_ROWS) return walkOnly('a full block is estimated to be cheaper tree by tree')
  return {
    shapes,
    walkRowsMax,
    why: `a block is estimated at ${Math.round(block)} ns plus ${row.toFixed(1)} ns per row, a walked row at ${Math.round(walk)} ns`,
  }
}

/** The shapes of all trees, or why the model cannot be sliced. */
function sliceable(ensemble: TreeEnsemble, edges: () => readonly FeatureEdges[]): readonly SlicedShape[] | string {
  const shapes: SlicedShape[] = []
  for (const [index, tree] of ensemble.trees.entries()) {
    const shape = slicedShape(tree, NODE_COST_RATIO)
    if (shape === undefined)
      return `tree ${index} has ${leavesOf(tree)} leaves, at most ${SLICED_LEAVES_MAX} can be sliced`
    shapes.push(shape)
  }
  const masks = maskBytes(ensemble.trees, edges())
  return masks > MASK_BYTES_MAX ? `its masks take ${masks} bytes per block, at most ${MASK_BYTES_MAX}` : shapes
}

function walkOnly(why: string): KernelPlan {
  return { shapes: undefined, walkRowsMax: Infinity, why }
}

function walkCost(trees: readonly Tree[]): number {
  return trees.reduce((sum, tree) => sum + (tree.depth + 1) * COST.walkLevel, 0)
}

function slicedCost(
  ensemble: TreeEnsemble,
  shapes: readonly SlicedShape[],
  edges: readonly FeatureEdges[],
): { block: number; row: number } {
  let block = setEdges(ensemble.trees) * COST.block.setEdge
  let columns = 0
  for (const { thresholds } of edges) {
    block += thresholds.length * COST.block.threshold
    columns += Math.ceil(thresholds.length / COLUMN_THRESHOLDS_MAX)
  }
  for (const { depth, innerNodes } of shapes) {
    const nodes = depth > 0 ? (2 ** depth - 1) * COST.block.perfectNode : innerNodes * COST.block.shapeNode
    block += nodes + COST.block.tree
  }
  const terms = ensemble.trees.reduce((sum, tree) => sum + tree.leafWidth, 0)
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
