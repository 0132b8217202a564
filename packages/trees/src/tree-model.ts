import * as layout from '../kernel/layout.ts'
import { BLOCK_ROWS } from '../kernel/layout.ts'
import { collectEdges, type FeatureEdges } from './bin-columns.ts'
import { BlockBatch, type FeatureBatch } from './block-batch.ts'
import { type KernelChoice, type KernelPlan, planKernels } from './cost-model.ts'
import { KernelMemory } from './kernel-memory.ts'
import { MaskPlan } from './mask-plan.ts'
import { predictionColumns, type TreeTask, transformMargins } from './objective.ts'
import { writeChunks } from './slice-tables.ts'
import type { TreeEnsemble } from './tree-ensemble.ts'
import { leavesOf, type SlicedTree } from './tree-shape.ts'
import { writeRuns } from './walk-tables.ts'

/** Rows that `warm` scores: after about 50 calls of 1,024 rows V8 runs its best code for the kernels. */
const WARM_ROWS = 65_536

/** How a model is run; for logs and the model's page. Bytes are those of the tables, batches excluded. */
export interface TreeModelDescription {
  readonly kernel: 'sliced' | 'walk'
  readonly why: string
  /** Batches, and the rest of a batch, of up to this many rows are walked. */
  readonly walkRowsMax: number
  readonly trees: number
  readonly nodes: number
  readonly depthMax: number
  readonly leavesMax: number
  /** Trees that the sliced kernel runs padded, and those it runs node by node; large trees count once per piece. */
  readonly perfectTrees: number
  readonly shapedTrees: number
  readonly columns: number
  readonly thresholds: number
  readonly categorySets: number
  readonly maskBytes: number
  readonly tableBytes: number
}

/** A model in the memory of its own WebAssembly instance. One caller at a time. */
export interface TreeModel {
  /** Columns of one row. */
  readonly width: number
  /** Margins of one row. */
  readonly outputs: number
  /** Values of one row that `predict` writes: as many as margins, or 1 for `multi:softmax`, which answers the class number. */
  readonly predictionColumns: number
  readonly task: TreeTask
  describe(): TreeModelDescription
  /** A batch in the model's memory. Batches are reused and never given back; allocate a few, once. */
  allocate(rowsMax: number): FeatureBatch
  /** Margins of rows 0..rows of a batch of this model: `rows * outputs` float32, row-major, bit for bit those of XGBoost. */
  scoreMargins(batch: FeatureBatch, rows: number, out: Float32Array): void
  /** Predictions (`Booster.predict`) of rows 0..rows: `rows * predictionColumns` float32, row-major. */
  predict(batch: FeatureBatch, rows: number, out: Float32Array): void
  /** Runs the kernels until the engine has optimised them; a few tens of milliseconds. */
  warm(): void
  /** Drops the instance; every later call throws. */
  close(): void
}

export interface CompileOptions {
  /**
   * `auto` (default) takes for every batch the kernel that the cost model expects to be faster; `sliced` and `walk` take
   * that kernel for all batches, to compare them. The margins are the same bits.
   */
  readonly kernel?: KernelChoice
}

/**
 * Lays a model out for the kernels.
 *
 * Errors   ModelFault when the model does not fit into the limits of this engine, or cannot be sliced and `sliced` was asked for.
 */
export function compileTrees(ensemble: TreeEnsemble, options: CompileOptions = {}): TreeModel {
  return new KernelModel(ensemble, options.kernel ?? 'auto')
}

class KernelModel implements TreeModel {
  readonly width: number
  readonly outputs: number
  readonly predictionColumns: number
  readonly task: TreeTask
  readonly #ensemble: TreeEnsemble
  readonly #plan: KernelPlan
  readonly #description: TreeModelDescription
  readonly #model: number
  readonly #margins: number
  #memory: KernelMemory | undefined
  #scratch: Float32Array

  constructor(ensemble: TreeEnsemble, choice: KernelChoice) {
    const memory = new KernelMemory()
    let edges: readonly FeatureEdges[] | undefined
    const edgesOnce = (): readonly FeatureEdges[] => {
      edges ??= collectEdges(ensemble.trees)
      return edges
    }
    this.width = ensemble.width
    this.outputs = ensemble.outputs
    this.predictionColumns = predictionColumns(ensemble.objective.transform, ensemble.outputs)
    this.task = ensemble.objective.task
    this.#ensemble = ensemble
    this.#memory = memory
    this.#plan = planKernels(ensemble, edgesOnce, choice)
    this.#model = memory.allocate(layout.MODEL_BYTES)
    this.#margins = memory.allocate(ensemble.outputs * BLOCK_ROWS * 4)
    writeOutputs(memory, this.#model, this.#margins, ensemble.baseMargins)
    const { sliced } = this.#plan
    const masks = sliced === undefined ? undefined : writeSliced(memory, this.#model, sliced, edgesOnce())
    writeWalk(memory, this.#model, ensemble)
    this.#description = describe(ensemble, this.#plan, masks, memory.used)
    this.#scratch = new Float32Array(0)
  }

  describe(): TreeModelDescription {
    return this.#description
  }

  allocate(rowsMax: number): FeatureBatch {
    if (!Number.isInteger(rowsMax) || rowsMax < 1)
      throw new RangeError(`rowsMax must be a positive integer, not ${rowsMax}`)
    return new BlockBatch(this.#open(), rowsMax, this.width)
  }

  scoreMargins(batch: FeatureBatch, rows: number, out: Float32Array): void {
    const memory = this.#open()
    const own = this.#check(memory, batch, rows, out, this.outputs)
    const { scoreSliced, scoreWalk } = memory.kernels
    for (let first = 0; first < rows; first += BLOCK_ROWS) {
      const block = own.block(first / BLOCK_ROWS)
      const count = Math.min(BLOCK_ROWS, rows - first)
      if (count > this.#plan.walkRowsMax) scoreSliced(this.#model, block, count)
      else scoreWalk(this.#model, block, 0, count)
      this.#copyMargins(memory.f32, first, count, out)
    }
  }

  predict(batch: FeatureBatch, rows: number, out: Float32Array): void {
    const { transform } = this.#ensemble.objective
    this.#check(this.#open(), batch, rows, out, this.predictionColumns)
    if (this.#scratch.length < rows * this.outputs) this.#scratch = new Float32Array(batch.rowsMax * this.outputs)
    this.scoreMargins(batch, rows, this.#scratch)
    transformMargins(transform, this.outputs, rows, this.#scratch, out)
  }

  warm(): void {
    const { kernels } = this.#open()
    const block = new BlockBatch(this.#open(), BLOCK_ROWS, this.width).block(0)
    for (let rows = 0; rows < WARM_ROWS; rows += BLOCK_ROWS) {
      if (this.#plan.sliced !== undefined) kernels.scoreSliced(this.#model, block, BLOCK_ROWS)
      kernels.scoreWalk(this.#model, block, 0, 8)
    }
  }

  close(): void {
    this.#memory = undefined
  }

  #open(): KernelMemory {
    if (this.#memory === undefined) throw new Error('the model is closed')
    return this.#memory
  }

  #check(memory: KernelMemory, batch: FeatureBatch, rows: number, out: Float32Array, columns: number): BlockBatch {
    if (!(batch instanceof BlockBatch) || !batch.isIn(memory)) {
      throw new TypeError('the batch belongs to another model; use one from allocate() of this model')
    }
    if (!Number.isInteger(rows) || rows < 0 || rows > batch.rowsMax) {
      throw new RangeError(`rows must be an integer from 0 to ${batch.rowsMax}, not ${rows}`)
    }
    if (out.length < rows * columns)
      throw new RangeError(`out holds ${out.length} values, ${rows * columns} are needed`)
    return batch
  }

  /** From margins[output][row of the block] to out[row][output]. */
  #copyMargins(f32: Float32Array, first: number, count: number, out: Float32Array): void {
    const from = this.#margins / 4
    const { outputs } = this
    if (outputs === 1) {
      for (let r = 0; r < count; r++) out[first + r] = f32[from + r]!
      return
    }
    for (let r = 0; r < count; r++) {
      const to = (first + r) * outputs
      for (let k = 0; k < outputs; k++) out[to + k] = f32[from + k * BLOCK_ROWS + r]!
    }
  }
}

function writeOutputs(memory: KernelMemory, model: number, margins: number, baseMargins: Float32Array): void {
  const base = memory.allocate(baseMargins.byteLength)
  memory.f32.set(baseMargins, base / 4)
  memory.u32[(model + layout.MODEL_OUTPUTS) / 4] = baseMargins.length
  memory.u32[(model + layout.MODEL_BASE_MARGINS) / 4] = base
  memory.u32[(model + layout.MODEL_MARGINS) / 4] = margins
}

function writeSliced(
  memory: KernelMemory,
  model: number,
  sliced: readonly SlicedTree[],
  edges: readonly FeatureEdges[],
): MaskPlan {
  const codes = memory.allocate(BLOCK_ROWS + BLOCK_ROWS / 8)
  const planes = memory.allocate(BLOCK_ROWS)
  const reach = memory.allocate(512 * 16) // at most 256 leaves and 255 inner nodes
  const leafNumbers = memory.allocate(layout.CHUNK_TREES * BLOCK_ROWS)
  const masks = new MaskPlan(memory, edges)
  const { chunks, count } = writeChunks(memory, masks, sliced, leafNumbers)
  const sets = masks.writeSets()
  const { u32 } = memory
  u32[(model + layout.MODEL_COLUMNS) / 4] = masks.columns
  u32[(model + layout.MODEL_COLUMN_COUNT) / 4] = masks.columnCount
  u32[(model + layout.MODEL_SETS) / 4] = sets
  u32[(model + layout.MODEL_SET_COUNT) / 4] = masks.setCount
  u32[(model + layout.MODEL_CHUNKS) / 4] = chunks
  u32[(model + layout.MODEL_CHUNK_COUNT) / 4] = count
  u32[(model + layout.MODEL_CODES) / 4] = codes
  u32[(model + layout.MODEL_PLANES) / 4] = planes
  u32[(model + layout.MODEL_REACH) / 4] = reach
  u32[(model + layout.MODEL_LEAF_NUMBERS) / 4] = leafNumbers
  return masks
}

function writeWalk(memory: KernelMemory, model: number, ensemble: TreeEnsemble): void {
  const { runs, count, leafWidth } = writeRuns(memory, ensemble)
  memory.u32[(model + layout.MODEL_LANES) / 4] = runs
  memory.u32[(model + layout.MODEL_LANE_RUN_COUNT) / 4] = count
  memory.u32[(model + layout.MODEL_LEAF_WIDTH) / 4] = leafWidth
}

function describe(
  { trees }: TreeEnsemble,
  { sliced, walkRowsMax, why }: KernelPlan,
  masks: MaskPlan | undefined,
  tableBytes: number,
): TreeModelDescription {
  const perfectTrees = sliced?.filter(({ depth }) => depth > 0).length ?? 0
  return {
    kernel: sliced === undefined ? 'walk' : 'sliced',
    why,
    walkRowsMax,
    trees: trees.length,
    nodes: trees.reduce((sum, { order }) => sum + order.length, 0),
    depthMax: trees.reduce((max, { depth }) => Math.max(max, depth), 0),
    leavesMax: trees.reduce((max, tree) => Math.max(max, leavesOf(tree)), 0),
    perfectTrees,
    shapedTrees: (sliced?.length ?? 0) - perfectTrees,
    columns: masks?.columnCount ?? 0,
    thresholds: masks?.thresholdCount ?? 0,
    categorySets: masks?.setCount ?? 0,
    maskBytes: masks?.maskBytes ?? 0,
    tableBytes,
  }
}
