import * as layout from '../kernel/layout.ts'
import type { KernelMemory } from './kernel-memory.ts'
import { ModelFault } from './model-fault.ts'
import { CATEGORY_SET_BYTES_MAX } from './model-limits.ts'
import type { Tree, TreeEnsemble } from './tree-ensemble.ts'

/** Trees that are walked side by side. */
const LANES = 8

/**
 * Writes the nodes and runs of the walk. A run is eight trees of one output; the last run of an output is filled up with
 * trees of one leaf whose value is -0, the only float that changes no sum, not even one of -0.
 *
 * @returns address and number of the runs
 */
export function writeRuns(
  memory: KernelMemory,
  ensemble: TreeEnsemble,
): { runs: number; count: number; leafWidth: number } {
  const leafWidth = leafWidthOf(ensemble.trees)
  const filler = writeFiller(memory, leafWidth)
  const sets = new SetWriter(memory)
  const byOutput = Map.groupBy(ensemble.trees, (tree) => tree.output)
  const count = [...byOutput.values()].reduce((sum, trees) => sum + Math.ceil(trees.length / LANES), 0)
  const runs = memory.allocate(count * layout.LANE_RUN_BYTES)
  let at = runs / 4
  for (const [output, trees] of byOutput) {
    for (let from = 0; from < trees.length; from += LANES) {
      const own = trees.slice(from, from + LANES)
      const roots = own.map((tree) => writeNodes(memory, sets, tree))
      while (roots.length < LANES) roots.push(filler)
      const { u32 } = memory
      u32[at + layout.LANE_OUTPUT / 4] = output
      u32[at + layout.LANE_DEPTH / 4] = Math.max(...own.map(({ depth }) => depth))
      u32.set(roots, at + layout.LANE_ROOTS / 4)
      at += layout.LANE_RUN_BYTES / 4
    }
  }
  return { runs, count, leafWidth }
}

/** Scalar and vector leaves do not mix in one model: XGBoost chooses by `multi_strategy` for all trees. */
function leafWidthOf(trees: readonly Tree[]): number {
  const widths = new Set(trees.map((tree) => tree.leafWidth))
  if (widths.size > 1) throw new ModelFault('E_MODEL_UNSUPPORTED', 'trees', 'scalar and vector leaves in one model')
  return trees[0]?.leafWidth ?? 1
}

function writeFiller(memory: KernelMemory, leafWidth: number): number {
  const leaf = memory.allocate(4 * leafWidth)
  memory.f32.fill(-0, leaf / 4, leaf / 4 + leafWidth)
  const node = memory.allocate(layout.NODE_BYTES)
  writeLeaf(memory, node, leaf)
  return node
}

/** Nodes of one tree in its order from the root, in which siblings lie side by side; returns the address of the root. */
function writeNodes(memory: KernelMemory, sets: SetWriter, tree: Tree): number {
  const values = memory.allocate(tree.leaves.byteLength)
  memory.f32.set(tree.leaves, values / 4)
  const setOf = new Map([...tree.categories].map(([node, codes]) => [node, sets.write(codes)] as const))
  const nodes = memory.allocate(tree.order.length * layout.NODE_BYTES)
  const placeOf = new Int32Array(tree.left.length)
  tree.order.forEach((node, place) => {
    placeOf[node] = nodes + place * layout.NODE_BYTES
  })
  const { u32, f32 } = memory
  for (const node of tree.order) {
    const at = placeOf[node]!
    const left = tree.left[node]!
    if (left === -1) {
      writeLeaf(memory, at, values + 4 * tree.leafAt[node]!)
      continue
    }
    const set = setOf.get(node)
    const flags =
      (tree.defaultLeft[node] === 0 ? layout.FLAG_MISSING_RIGHT : 0) | (set === undefined ? 0 : layout.FLAG_CATEGORIES)
    if (set === undefined) f32[(at + layout.NODE_THRESHOLD) / 4] = tree.threshold[node]!
    else u32[(at + layout.NODE_THRESHOLD) / 4] = set
    u32[(at + layout.NODE_VALUE) / 4] = (tree.feature[node]! * layout.COLUMN_STRIDE * 4) | flags
    u32[(at + layout.NODE_LEFT) / 4] = placeOf[left]!
  }
  return nodes
}

function writeLeaf(memory: KernelMemory, node: number, values: number): void {
  const { u32, f32 } = memory
  f32[(node + layout.NODE_THRESHOLD) / 4] = Number.NaN
  u32[(node + layout.NODE_VALUE) / 4] = 0
  u32[(node + layout.NODE_LEFT) / 4] = node
  u32[(node + layout.NODE_LEAF) / 4] = values
}

/** Bit sets of category codes, equal ones shared. */
class SetWriter {
  readonly #memory: KernelMemory
  readonly #known = new Map<string, number>()
  #bytes = 0

  constructor(memory: KernelMemory) {
    this.#memory = memory
  }

  write(codes: Int32Array): number {
    const key = codes.join()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const words = (codes.at(-1)! >> 5) + 1
    this.#bytes += 4 * words
    if (this.#bytes > CATEGORY_SET_BYTES_MAX) {
      throw new ModelFault('E_MODEL_TOO_LARGE', 'categories', `bit sets of more than ${CATEGORY_SET_BYTES_MAX} bytes`)
    }
    const address = this.#memory.allocate(layout.BITS_WORDS + 4 * words)
    const { u32, f32 } = this.#memory
    f32[(address + layout.BITS_LIMIT) / 4] = words * 32
    for (const code of codes) {
      const word = (address + layout.BITS_WORDS) / 4 + (code >> 5)
      u32[word] = u32[word]! | (1 << (code & 31))
    }
    this.#known.set(key, address)
    return address
  }
}
