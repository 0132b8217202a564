/*
 * The two entry points. Both score rows of one block of 128 and leave the margins of row r and output k at
 * margins[k * 128 + r]; the loader lays out everything else (see layout.ts).
 */
import { binColumn } from './bin'
import {
  BLOCK_ROWS, CHUNK_BYTES, CHUNK_SUM_COUNT, CHUNK_SUMS, CHUNK_TREE_COUNT, CHUNK_TREE_LIST, COLUMN_BYTES,
  MODEL_BASE_MARGINS, MODEL_CHUNK_COUNT, MODEL_CHUNKS, MODEL_CODES, MODEL_COLUMN_COUNT, MODEL_COLUMNS, MODEL_LANE_RUN_COUNT,
  MODEL_LANES, MODEL_LEAF_NUMBERS, MODEL_LEAF_WIDTH, MODEL_MARGINS, MODEL_OUTPUTS, MODEL_PLANES, MODEL_REACH, MODEL_SET_COUNT,
  MODEL_SETS, TREE_BYTES,
} from './layout'
import { sliceTree } from './slice-trees'
import { sumLeaves } from './sum-leaves'
import { addMissing, fillMasks, fillSets } from './thermometer'
import { transpose } from './transpose'
import { walkRow } from './walk'

/** Rows 0..rows of a block, bit-sliced. The cost of a block hardly depends on how many of its rows are in use. */
export function scoreSliced(model: usize, block: usize, rows: u32): void {
  const margins: usize = load<u32>(model, MODEL_MARGINS)
  startMargins(model, margins, 0, rows)

  const codes: usize = load<u32>(model, MODEL_CODES)
  const missing = codes + BLOCK_ROWS
  const planes: usize = load<u32>(model, MODEL_PLANES)
  const groups = (rows + 15) >> 4
  let column: usize = load<u32>(model, MODEL_COLUMNS)
  const columnEnd = column + load<u32>(model, MODEL_COLUMN_COUNT) * COLUMN_BYTES
  for (; column < columnEnd; column += COLUMN_BYTES) {
    binColumn(column, block, codes, missing, groups)
    transpose(codes, planes)
    fillMasks(column, planes)
    addMissing(column, missing)
  }
  fillSets(load<u32>(model, MODEL_SETS), load<u32>(model, MODEL_SET_COUNT))

  const reach: usize = load<u32>(model, MODEL_REACH)
  let chunk: usize = load<u32>(model, MODEL_CHUNKS)
  const chunkEnd = chunk + load<u32>(model, MODEL_CHUNK_COUNT) * CHUNK_BYTES
  for (; chunk < chunkEnd; chunk += CHUNK_BYTES) {
    let tree: usize = load<u32>(chunk, CHUNK_TREE_LIST)
    let numbers: usize = load<u32>(model, MODEL_LEAF_NUMBERS)
    const treeEnd = tree + load<u32>(chunk, CHUNK_TREE_COUNT) * TREE_BYTES
    for (; tree < treeEnd; tree += TREE_BYTES, numbers += BLOCK_ROWS) sliceTree(tree, planes, reach, numbers)
    sumLeaves(load<u32>(chunk, CHUNK_SUMS), load<u32>(chunk, CHUNK_SUM_COUNT), margins, rows)
  }
}

/** Rows from..to of a block, one after the other. */
export function scoreWalk(model: usize, block: usize, from: u32, to: u32): void {
  const margins: usize = load<u32>(model, MODEL_MARGINS)
  startMargins(model, margins, from, to)
  const runs: usize = load<u32>(model, MODEL_LANES)
  const count = load<u32>(model, MODEL_LANE_RUN_COUNT)
  const leafWidth = load<u32>(model, MODEL_LEAF_WIDTH)
  for (let row: usize = from; row < to; row++) walkRow(runs, count, leafWidth, block + (row << 2), margins + (row << 2))
}

function startMargins(model: usize, margins: usize, from: u32, to: u32): void {
  const base: usize = load<u32>(model, MODEL_BASE_MARGINS)
  const outputs = load<u32>(model, MODEL_OUTPUTS)
  for (let k: u32 = 0; k < outputs; k++, margins += BLOCK_ROWS * 4) {
    const start = load<f32>(base + (k << 2))
    for (let row: usize = from; row < to; row++) store<f32>(margins + (row << 2), start)
  }
}
