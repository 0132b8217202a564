import * as layout from '../kernel/layout.ts'
import { COLUMN_BYTES, COLUMN_STRIDE, SET_BYTES } from '../kernel/layout.ts'
import { COLUMN_THRESHOLDS_MAX, type FeatureEdges, rankOf, runEdges } from './bin-columns.ts'
import { type Buckets, searchBuckets, searchSteps } from './bucket-search.ts'
import type { KernelMemory } from './kernel-memory.ts'
import type { Tree } from './tree-ensemble.ts'

const MASK_BYTES = 16

interface FeatureMasks {
  readonly thresholds: Float32Array
  /** Address of the mask `x >= thresholds[i]`. */
  readonly plain: Uint32Array
  /** Address of the same mask with the missing rows, or 0. */
  readonly withMissing: Uint32Array
  /** Address of the mask of missing rows, or 0. */
  readonly missing: number
}

/**
 * Lays out the columns and masks of a block and answers which mask a node looks at.
 *
 * Rows whose bit is set go right. Missing values have code 0, so they are in no threshold's mask and go left; nodes that
 * send them right look at a copy of the mask with the missing rows added.
 */
export class MaskPlan {
  readonly columns: number
  readonly columnCount: number
  readonly thresholdCount: number
  /** A mask without rows, for the padding of perfect trees. */
  readonly noRows: number
  #maskBytes: number
  readonly #memory: KernelMemory
  readonly #features = new Map<number, FeatureMasks>()
  readonly #sets = new Map<string, { readonly mask: number; readonly missing: number; readonly edges: Uint32Array }>()

  constructor(memory: KernelMemory, edges: readonly FeatureEdges[]) {
    this.#memory = memory
    const chunks = edges.flatMap((edge) => chunksOf(edge.thresholds.length).map((from) => ({ edge, from })))
    this.columnCount = chunks.length
    this.thresholdCount = edges.reduce((sum, { thresholds }) => sum + thresholds.length, 0)
    this.columns = memory.allocate(chunks.length * COLUMN_BYTES)
    this.noRows = memory.allocate(MASK_BYTES)
    this.#maskBytes = 0
    for (const edge of edges) this.#features.set(edge.feature, this.#emptyMasks(edge))
    for (const [index, { edge, from }] of chunks.entries()) {
      this.#writeColumn(this.columns + index * COLUMN_BYTES, edge, from)
    }
  }

  get maskBytes(): number {
    return this.#maskBytes
  }

  get setCount(): number {
    return this.#sets.size
  }

  /** Address of the mask of the rows that go right at an inner node. */
  maskOf(tree: Tree, node: number): number {
    const masks = this.#features.get(tree.feature[node]!)!
    const codes = tree.categories.get(node)
    if (codes !== undefined) return this.#maskOfSet(tree.feature[node]!, masks, codes, tree.defaultLeft[node] === 0)
    const rank = rankOf(masks.thresholds, tree.threshold[node]!)
    return tree.defaultLeft[node] === 0 ? masks.withMissing[rank]! : masks.plain[rank]!
  }

  /** Writes the table of category sets, once all nodes have asked; returns its address. */
  writeSets(): number {
    const table = this.#memory.allocate(this.#sets.size * SET_BYTES)
    let at = table
    for (const { mask, missing, edges } of this.#sets.values()) {
      const list = this.#memory.allocate(edges.byteLength)
      const { u32 } = this.#memory
      u32.set(edges, list / 4)
      u32[(at + layout.SET_MASK) / 4] = mask
      u32[(at + layout.SET_MISSING) / 4] = missing
      u32[(at + layout.SET_EDGE_COUNT) / 4] = edges.length
      u32[(at + layout.SET_EDGES) / 4] = list
      at += SET_BYTES
    }
    return table
  }

  #maskOfSet(feature: number, masks: FeatureMasks, codes: Int32Array, missingRight: boolean): number {
    const key = `${feature} ${missingRight} ${codes.join()}`
    const known = this.#sets.get(key)
    if (known !== undefined) return known.mask
    const edges = Uint32Array.from(runEdges(codes), (edge) => masks.plain[rankOf(masks.thresholds, edge)]!)
    const set = { mask: this.#allocateMasks(1), missing: missingRight ? masks.missing : 0, edges }
    this.#sets.set(key, set)
    return set.mask
  }

  #emptyMasks({ thresholds, setTakesMissing }: FeatureEdges): FeatureMasks {
    return {
      thresholds,
      plain: new Uint32Array(thresholds.length),
      withMissing: new Uint32Array(thresholds.length),
      missing: setTakesMissing ? this.#allocateMasks(1) : 0,
    }
  }

  #writeColumn(column: number, { feature, thresholds, missingRight }: FeatureEdges, from: number): void {
    const memory = this.#memory
    const masks = this.#features.get(feature)!
    const own = thresholds.subarray(from, from + COLUMN_THRESHOLDS_MAX)
    const buckets = searchBuckets(own)
    const step = 2 ** (searchSteps(buckets.crowd) - 1)
    const plain = this.#allocateMasks(own.length + 1)
    const right = [...own.keys()].filter((index) => missingRight[from + index] === 1)
    const rightMasks = this.#allocateMasks(right.length)
    own.forEach((_, index) => {
      masks.plain[from + index] = plain + MASK_BYTES * (index + 1)
    })
    right.forEach((index, position) => {
      masks.withMissing[from + index] = rightMasks + MASK_BYTES * position
    })

    const bucketTable = writeBucketTable(memory, buckets)
    const thresholdTable = memory.allocate(4 * (own.length + 2 * step))
    const rightList = memory.allocate(2 * right.length)
    memory.f32
      .fill(Number.NaN, thresholdTable / 4, thresholdTable / 4 + own.length + 2 * step)
      .set(own, thresholdTable / 4)
    memory.u16.set(
      right.map((index) => index + 1),
      rightList / 2,
    )

    const { u32, f32 } = memory
    const at = column / 4
    u32[at + layout.COLUMN_VALUES / 4] = feature * COLUMN_STRIDE * 4
    u32[at + layout.COLUMN_KEYED / 4] = Number(buckets.keyed)
    f32[at + layout.COLUMN_SCALE / 4] = buckets.scale
    f32[at + layout.COLUMN_SHIFT / 4] = buckets.shift
    f32[at + layout.COLUMN_LAST_BUCKET / 4] = buckets.last
    u32[at + layout.COLUMN_BUCKETS / 4] = bucketTable
    u32[at + layout.COLUMN_THRESHOLDS / 4] = thresholdTable
    u32[at + layout.COLUMN_STEP / 4] = step
    u32[at + layout.COLUMN_THRESHOLD_COUNT / 4] = own.length
    u32[at + layout.COLUMN_PLANES / 4] = Math.ceil(Math.log2(own.length + 1))
    u32[at + layout.COLUMN_MASKS / 4] = plain
    u32[at + layout.COLUMN_MISSING_MASK / 4] = from === 0 ? masks.missing : 0
    u32[at + layout.COLUMN_RIGHT_COUNT / 4] = right.length
    u32[at + layout.COLUMN_RIGHT_LIST / 4] = rightList
    u32[at + layout.COLUMN_RIGHT_MASKS / 4] = rightMasks
  }

  #allocateMasks(count: number): number {
    this.#maskBytes += count * MASK_BYTES
    return this.#memory.allocate(count * MASK_BYTES)
  }
}

/** Thresholds in lower buckets, one byte per bucket. */
function writeBucketTable(memory: KernelMemory, { last, counts }: Buckets): number {
  const table = memory.allocate(last + 1)
  let below = 0
  for (let bucket = 0; bucket <= last; bucket++) {
    memory.u8[table + bucket] = below
    below += counts[bucket]!
  }
  return table
}

function chunksOf(thresholds: number): number[] {
  return Array.from({ length: Math.ceil(thresholds / COLUMN_THRESHOLDS_MAX) }, (_, i) => i * COLUMN_THRESHOLDS_MAX)
}
