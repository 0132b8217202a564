import { readCategories } from './category-sets.ts'
import type { ModelObject } from './model-document.ts'
import { ModelFault } from './model-fault.ts'
import { NODES_MAX } from './model-limits.ts'
import type { Tree } from './tree-ensemble.ts'

const INT32_MAX = 2 ** 31 - 1

/** What the model around a tree has to say about it. */
export interface TreeContext {
  readonly width: number
  readonly outputs: number
  readonly output: number
  /** Weight of a DART tree; undefined for other boosters. */
  readonly weight: number | undefined
}

/** Node arrays of one tree as the file has them, checked for length but not for sense. */
interface NodeArrays {
  readonly count: number
  readonly left: Int32Array
  readonly right: Int32Array
  readonly feature: Int32Array
  readonly conditions: Float32Array
  readonly defaultLeft: Uint8Array
  readonly cover: Float32Array | undefined
}

/** Reads one element of `trees`; every fault names the tree's path and the node. */
export function readTree(source: ModelObject, context: TreeContext): Tree {
  const vector = isVectorLeaf(source.object('tree_param'), context.outputs)
  const nodes = readNodes(source, vector)
  const categories = readCategories(source, nodes.count)
  const { order, depth } = walkNodes(source, nodes, categories, context, vector)
  const leafWidth = vector ? context.outputs : 1
  const leafAt = new Int32Array(nodes.count).fill(-1)
  const leaves = vector
    ? readVectorLeaves(source, nodes, order, leafAt, leafWidth)
    : readScalarLeaves(nodes, order, leafAt)
  for (let i = 0; i < leaves.length; i++) {
    // XGBoost multiplies in float32 before it adds, so the product can be stored. DART sums each tree by itself, from 0 on,
    // so a leaf of -0 counts as 0 there.
    if (context.weight !== undefined) leaves[i] = Math.fround((leaves[i]! + 0) * context.weight)
    if (!Number.isFinite(leaves[i]!)) {
      throw new ModelFault('E_MODEL_NOT_FINITE', source.where, `leaf value ${i} is ${leaves[i]}`)
    }
  }
  return {
    left: nodes.left,
    feature: nodes.feature,
    threshold: nodes.conditions,
    defaultLeft: nodes.defaultLeft,
    categories,
    leafAt,
    leaves,
    leafWidth,
    output: vector ? 0 : context.output,
    cover: nodes.cover,
    order,
    depth,
  }
}

/** Size 0 or 1 means scalar leaves; anything above must be one value per output. */
function isVectorLeaf(param: ModelObject, outputs: number): boolean {
  if (!param.has('size_leaf_vector')) return false
  const size = param.integerText('size_leaf_vector', 0, outputs)
  if (size > 1 && size !== outputs) {
    throw new ModelFault(
      'E_MODEL_RANGE',
      param.at('size_leaf_vector'),
      `${size} values per leaf for ${outputs} outputs`,
    )
  }
  return size > 1
}

function readNodes(source: ModelObject, vector: boolean): NodeArrays {
  const count = source.object('tree_param').integerText('num_nodes', 1, NODES_MAX)
  const left = source.integers('left_children', count, -1, count - 1)
  // These carry nothing that scoring needs, but a wrong length means a damaged file.
  source.integers('parents', count, -INT32_MAX - 1, INT32_MAX)
  if (!vector) for (const name of ['loss_changes', 'base_weights']) source.floats(name, count)
  return {
    count,
    left,
    right: source.integers('right_children', count, -1, count - 1),
    // A pruned node keeps 2^31 - 1 or 2^32 - 1 as its split index; nothing points at it any more.
    feature: source.integers('split_indices', count, -INT32_MAX, INT32_MAX),
    conditions: source.floats('split_conditions', count),
    defaultLeft: Uint8Array.from(source.integers('default_left', count, 0, 1)),
    // Vector-leaf trees of XGBoost 2.x and early 3.x have no hessians in the file.
    cover: vector && !source.has('sum_hessian') ? undefined : source.floats('sum_hessian', count),
  }
}

/** Visits every node that can be reached, once, and checks it; depth first without recursion, so no depth overflows a stack. */
function walkNodes(
  source: ModelObject,
  nodes: NodeArrays,
  categories: ReadonlyMap<number, Int32Array>,
  context: TreeContext,
  vector: boolean,
): { order: Int32Array; depth: number } {
  const depths = new Int32Array(nodes.count).fill(-1)
  const order = new Int32Array(nodes.count)
  let filled = 1
  let depth = 0
  let split: number | undefined
  depths[0] = 0
  for (let next = 0; next < filled; next++) {
    const node = order[next]!
    depth = Math.max(depth, depths[node]!)
    if (nodes.left[node] === -1) {
      if (!vector && nodes.right[node] !== -1) {
        throw new ModelFault('E_MODEL_NOT_A_TREE', `${source.where} node ${node}`, 'one child is missing')
      }
      continue
    }
    checkSplit(source, nodes, categories, context.width, node)
    if (nodes.right[node] !== nodes.left[node]! + 1) split = node
    for (const child of [nodes.left[node]!, nodes.right[node]!]) {
      if (depths[child] !== -1) {
        throw new ModelFault(
          'E_MODEL_NOT_A_TREE',
          `${source.where} node ${node}`,
          `child ${child} is reached a second time (a cycle or a shared child)`,
        )
      }
      depths[child] = depths[node]! + 1
      order[filled++] = child
    }
  }
  if (split !== undefined) {
    // XGBoost walks to left + 1 for single rows but reads right_children for blocks: its own answers differ there.
    throw new ModelFault(
      'E_MODEL_UNSUPPORTED',
      `${source.where} node ${split}`,
      `right child ${nodes.right[split]} does not follow left child ${nodes.left[split]}; XGBoost itself scores such trees in two ways`,
    )
  }
  return { order: order.slice(0, filled), depth }
}

function checkSplit(
  source: ModelObject,
  nodes: NodeArrays,
  categories: ReadonlyMap<number, Int32Array>,
  width: number,
  node: number,
): void {
  const where = `${source.where} node ${node}`
  if (nodes.right[node] === -1) throw new ModelFault('E_MODEL_NOT_A_TREE', where, 'one child is missing')
  const feature = nodes.feature[node]!
  if (feature < 0 || feature >= width) {
    throw new ModelFault('E_MODEL_RANGE', where, `splits on column ${feature} of ${width}`)
  }
  if (!categories.has(node) && !Number.isFinite(nodes.conditions[node]!)) {
    throw new ModelFault('E_MODEL_NOT_FINITE', where, `threshold ${nodes.conditions[node]}`)
  }
}

function readScalarLeaves(nodes: NodeArrays, order: Int32Array, leafAt: Int32Array): Float32Array {
  const leaves = order.filter((node) => nodes.left[node] === -1)
  return Float32Array.from(leaves, (node, index) => {
    leafAt[node] = index
    return nodes.conditions[node]!
  })
}

/** XGBoost 3.2 keeps leaf vectors in `leaf_weights`, numbered by the leaf's right child; earlier ones in `base_weights`. */
function readVectorLeaves(
  source: ModelObject,
  nodes: NodeArrays,
  order: Int32Array,
  leafAt: Int32Array,
  leafWidth: number,
): Float32Array {
  const numbered = source.has('leaf_weights')
  const table = source.floats(
    numbered ? 'leaf_weights' : 'base_weights',
    numbered ? undefined : nodes.count * leafWidth,
  )
  const leaves = order.filter((node) => nodes.left[node] === -1)
  if (numbered && table.length !== leaves.length * leafWidth) {
    throw new ModelFault(
      'E_MODEL_LENGTH',
      source.at('leaf_weights'),
      `expected ${leaves.length} leaves of ${leafWidth} values, found ${table.length} values`,
    )
  }
  const out = new Float32Array(leaves.length * leafWidth)
  leaves.forEach((node, index) => {
    const row = numbered ? nodes.right[node]! : node
    if (row < 0 || (row + 1) * leafWidth > table.length) {
      throw new ModelFault('E_MODEL_RANGE', `${source.where} node ${node}`, `leaf vector ${row} does not exist`)
    }
    out.set(table.subarray(row * leafWidth, (row + 1) * leafWidth), index * leafWidth)
    leafAt[node] = index * leafWidth
  })
  return out
}
