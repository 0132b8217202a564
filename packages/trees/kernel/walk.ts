/*
 * The walk: one row down eight trees at a time, so that eight chains of loads overlap. For a few rows, and for trees too
 * large to slice.
 */
import {
  BITS_LIMIT, BITS_WORDS, BLOCK_ROWS, FLAG_CATEGORIES, LANE_DEPTH, LANE_OUTPUT, LANE_ROOTS, LANE_RUN_BYTES,
  NODE_LEAF, NODE_LEFT, NODE_SHIFT, NODE_THRESHOLD, NODE_VALUE,
} from './layout'

/** Levels between two looks at whether all eight lanes have arrived. */
const LEVELS_PER_LOOK: u32 = 4

/** Adds the leaves of all runs to the margins of one row. `values` is the row's place in its block. */
export function walkRow(runs: usize, count: u32, leafWidth: u32, values: usize, margins: usize): void {
  for (let i: u32 = 0; i < count; i++, runs += LANE_RUN_BYTES) {
    let n0: usize = load<u32>(runs, LANE_ROOTS)
    let n1: usize = load<u32>(runs, LANE_ROOTS + 4)
    let n2: usize = load<u32>(runs, LANE_ROOTS + 8)
    let n3: usize = load<u32>(runs, LANE_ROOTS + 12)
    let n4: usize = load<u32>(runs, LANE_ROOTS + 16)
    let n5: usize = load<u32>(runs, LANE_ROOTS + 20)
    let n6: usize = load<u32>(runs, LANE_ROOTS + 24)
    let n7: usize = load<u32>(runs, LANE_ROOTS + 28)
    const depth = load<u32>(runs, LANE_DEPTH)
    for (let level: u32 = 1; level <= depth; level++) {
      const m0 = next(n0, values)
      const m1 = next(n1, values)
      const m2 = next(n2, values)
      const m3 = next(n3, values)
      const m4 = next(n4, values)
      const m5 = next(n5, values)
      const m6 = next(n6, values)
      const m7 = next(n7, values)
      const looks = level % LEVELS_PER_LOOK == 0
      if (looks && ((m0 ^ n0) | (m1 ^ n1) | (m2 ^ n2) | (m3 ^ n3) | (m4 ^ n4) | (m5 ^ n5) | (m6 ^ n6) | (m7 ^ n7)) == 0) break
      n0 = m0
      n1 = m1
      n2 = m2
      n3 = m3
      n4 = m4
      n5 = m5
      n6 = m6
      n7 = m7
    }
    let out = margins + load<u32>(runs, LANE_OUTPUT) * (BLOCK_ROWS * 4)
    for (let k: u32 = 0; k < leafWidth; k++, out += BLOCK_ROWS * 4) {
      let sum = load<f32>(out)
      sum += leaf(n0, k)
      sum += leaf(n1, k)
      sum += leaf(n2, k)
      sum += leaf(n3, k)
      sum += leaf(n4, k)
      sum += leaf(n5, k)
      sum += leaf(n6, k)
      sum += leaf(n7, k)
      store<f32>(out, sum)
    }
  }
}

// @ts-ignore: decorator
@inline
function leaf(node: usize, k: u32): f32 {
  return load<f32>(<usize>load<u32>(node, NODE_LEAF) + (k << 2))
}

/** The child that the row goes to, or the node itself when it is a leaf: a leaf compares with NaN, which is never reached. */
// @ts-ignore: decorator
@inline
function next(node: usize, values: usize): usize {
  const place = load<u32>(node, NODE_VALUE)
  const value = load<f32>(values + (place & ~3))
  const missing = u32(value != value) & place
  const right = place & FLAG_CATEGORIES
    ? inSet(load<u32>(node, NODE_THRESHOLD), value)
    : u32(value >= load<f32>(node, NODE_THRESHOLD))
  return load<u32>(node, NODE_LEFT) + (((right | missing) & 1) << NODE_SHIFT)
}

/** 1 when the truncated code is in the set. Negative codes and codes beyond the bits are in no set; NaN neither. */
function inSet(set: usize, value: f32): u32 {
  if (!(value >= 0) || !(value < load<f32>(set, BITS_LIMIT))) return 0
  const code = u32(value)
  return (load<u32>(set + ((code >> 5) << 2), BITS_WORDS) >> (code & 31)) & 1
}
