import * as layout from '../kernel/layout.ts'
import type { KernelMemory } from './kernel-memory.ts'
import type { MaskPlan } from './mask-plan.ts'
import type { Tree } from './tree-ensemble.ts'
import type { SlicedTree } from './tree-shape.ts'

/** Leaf tables of one tree: `tables[k]` is the address of the values that output `outputs[k]` adds, by leaf number. */
interface LeafTables {
  readonly outputs: readonly number[]
  readonly tables: readonly number[]
}

/**
 * Writes the chunks of the sliced kernel: trees in the order of the model, 64 at a time, and for each output the leaf
 * tables that its sum takes from the chunk, again in the order of the trees.
 *
 * @returns address and number of the chunks
 */
export function writeChunks(
  memory: KernelMemory,
  masks: MaskPlan,
  trees: readonly SlicedTree[],
  leafNumbers: number,
): { chunks: number; count: number } {
  const count = Math.ceil(trees.length / layout.CHUNK_TREES)
  const chunks = memory.allocate(count * layout.CHUNK_BYTES)
  for (let i = 0; i < count; i++) {
    const from = i * layout.CHUNK_TREES
    const own = trees.slice(from, from + layout.CHUNK_TREES)
    const list = memory.allocate(own.length * layout.TREE_BYTES)
    const leaves = own.map((tree, t) => writeTree(memory, masks, tree, list + t * layout.TREE_BYTES))
    const sums = writeSums(memory, leaves, leafNumbers)
    const at = (chunks + i * layout.CHUNK_BYTES) / 4
    memory.u32[at + layout.CHUNK_TREE_LIST / 4] = list
    memory.u32[at + layout.CHUNK_TREE_COUNT / 4] = own.length
    memory.u32[at + layout.CHUNK_SUMS / 4] = sums.address
    memory.u32[at + layout.CHUNK_SUM_COUNT / 4] = sums.count
  }
  return { chunks, count }
}

function writeTree(memory: KernelMemory, masks: MaskPlan, sliced: SlicedTree, entry: number): LeafTables {
  const { tree } = sliced
  const { nodes, leafNodes } =
    sliced.depth > 0 ? writePerfect(memory, masks, sliced) : writeShape(memory, masks, sliced)
  memory.u32[(entry + layout.TREE_DEPTH) / 4] = sliced.depth
  memory.u32[(entry + layout.TREE_NODES) / 4] = nodes
  memory.u32[(entry + layout.TREE_NODE_COUNT) / 4] = sliced.innerNodes
  memory.u32[(entry + layout.TREE_LEAF_COUNT) / 4] = sliced.leaves
  const outputs = Array.from({ length: tree.leafWidth }, (_, k) => tree.output + k)
  return { outputs, tables: outputs.map((_, k) => writeLeaves(memory, tree, leafNodes, k)) }
}

function writeLeaves(memory: KernelMemory, tree: Tree, leafNodes: Int32Array, k: number): number {
  const table = memory.allocate(leafNodes.length * 4)
  memory.f32.set(
    Float32Array.from(leafNodes, (node) => tree.leaves[tree.leafAt[node]! + k]!),
    table / 4,
  )
  return table
}

/**
 * A tree padded to a perfect one. Below a leaf all nodes look at the mask without rows, and all places below it hold the
 * leaf, so it does not matter where they send a row.
 *
 * Node i of level l (breadth first) has its mask address at i of the level for the top levels; the three lowest levels
 * lie subtree by subtree, seven addresses each.
 */
function writePerfect(
  memory: KernelMemory,
  masks: MaskPlan,
  { tree, depth }: SlicedTree,
): { nodes: number; leafNodes: Int32Array } {
  const top = depth - layout.SUBTREE_LEVELS
  const subtrees = 2 ** top
  const nodes = memory.allocate(4 * (subtrees - 1) + subtrees * layout.SUBTREE_BYTES)
  const leafNodes = new Int32Array(2 ** depth)
  let level = Int32Array.of(0)
  for (let l = 0; l < depth; l++) {
    const next = new Int32Array(level.length * 2)
    level.forEach((node, i) => {
      const leaf = tree.left[node] === -1
      const mask = leaf ? masks.noRows : masks.maskOf(tree, node) // may allocate, so the view is fetched after it
      memory.u32[nodes / 4 + placeOf(l, i, top)] = mask
      next[2 * i] = leaf ? node : tree.left[node]!
      next[2 * i + 1] = leaf ? node : tree.left[node]! + 1
    })
    level = next
  }
  leafNodes.set(level)
  return { nodes, leafNodes }
}

/** Word of node i of a level in a perfect tree's table. */
function placeOf(level: number, i: number, top: number): number {
  if (level < top) return 2 ** level - 1 + i
  const within = level - top
  const subtree = i >> within
  return 2 ** top - 1 + subtree * (layout.SUBTREE_BYTES / 4) + 2 ** within - 1 + (i - (subtree << within))
}

/** A tree as it is: leaves own the slots from 0 on, inner nodes those after them, both in the tree's order from the root. */
function writeShape(
  memory: KernelMemory,
  masks: MaskPlan,
  { tree, leaves }: SlicedTree,
): { nodes: number; leafNodes: Int32Array } {
  const isLeaf = (node: number): boolean => tree.left[node] === -1
  const leafNodes = tree.order.filter(isLeaf)
  const innerNodes = tree.order.filter((node) => !isLeaf(node))
  const slots = new Uint16Array(tree.left.length)
  leafNodes.forEach((node, i) => {
    slots[node] = i
  })
  innerNodes.forEach((node, i) => {
    slots[node] = leaves + i
  })
  const nodes = memory.allocate(innerNodes.length * layout.SHAPE_BYTES)
  innerNodes.forEach((node, i) => {
    const at = nodes + i * layout.SHAPE_BYTES
    const left = tree.left[node]!
    const mask = masks.maskOf(tree, node)
    memory.u32[(at + layout.SHAPE_MASK) / 4] = mask
    memory.u16[(at + layout.SHAPE_SELF) / 2] = slots[node]!
    memory.u16[(at + layout.SHAPE_LEFT) / 2] = slots[left]!
    memory.u16[(at + layout.SHAPE_RIGHT) / 2] = slots[left + 1]!
  })
  return { nodes, leafNodes }
}

function writeSums(
  memory: KernelMemory,
  trees: readonly LeafTables[],
  leafNumbers: number,
): { address: number; count: number } {
  const terms = new Map<number, number[]>()
  trees.forEach(({ outputs, tables }, slot) => {
    outputs.forEach((output, k) => {
      const list = terms.get(output) ?? []
      terms.set(output, list)
      list.push(leafNumbers + slot * layout.BLOCK_ROWS, tables[k]!)
    })
  })
  const address = memory.allocate(terms.size * layout.SUM_BYTES)
  ;[...terms].forEach(([output, list], i) => {
    const table = memory.allocate(list.length * 4)
    const { u32 } = memory
    const at = (address + i * layout.SUM_BYTES) / 4
    u32.set(list, table / 4)
    u32[at + layout.SUM_OUTPUT / 4] = output
    u32[at + layout.SUM_TERM_COUNT / 4] = list.length / 2
    u32[at + layout.SUM_TERMS / 4] = table
  })
  return { address, count: terms.size }
}
