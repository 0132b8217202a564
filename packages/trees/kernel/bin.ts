/*
 * Stage 1: the code of every row in one column. code(x) = how many thresholds t of the column have x >= t; missing = 0.
 *
 * A bucket table gives the first candidate: bucket(x) is any function that never falls as x rises, and the table holds the
 * number of thresholds in lower buckets. What is left are the few thresholds inside x's own bucket, found by comparing
 * with them in float32. So the code is exact for every float32, whatever the buckets look like.
 */
import {
  COLUMN_BUCKETS, COLUMN_KEYED, COLUMN_LAST_BUCKET, COLUMN_SCALE, COLUMN_SHIFT, COLUMN_STEP, COLUMN_THRESHOLDS, COLUMN_VALUES,
} from './layout'

/** Adding 2^23 to 0 <= x < 2^22 leaves round(x) in the low bits of the float. */
const ROUND_TO_INTEGER: f32 = 8388608.0

/** Codes of `groups` times sixteen rows to `codes`; bit l of u16 number b of `missing` is row 16 b + l. */
export function binColumn(column: usize, block: usize, codes: usize, missing: usize, groups: u32): void {
  const keyed = load<u32>(column, COLUMN_KEYED) != 0
  const stepped = load<u32>(column, COLUMN_STEP) > 1
  const values = block + load<u32>(column, COLUMN_VALUES)
  if (keyed) {
    if (stepped) binRows(column, values, codes, missing, groups, true, true)
    else binRows(column, values, codes, missing, groups, true, false)
  } else {
    if (stepped) binRows(column, values, codes, missing, groups, false, true)
    else binRows(column, values, codes, missing, groups, false, false)
  }
}

// @ts-ignore: decorator
@inline
function binRows(column: usize, values: usize, codes: usize, missing: usize, groups: u32, keyed: bool, stepped: bool): void {
  const buckets: usize = load<u32>(column, COLUMN_BUCKETS)
  const thresholds: usize = load<u32>(column, COLUMN_THRESHOLDS)
  const step = load<u32>(column, COLUMN_STEP)
  const scale = f32x4.splat(load<f32>(column, COLUMN_SCALE))
  const shift = f32x4.splat(load<f32>(column, COLUMN_SHIFT))
  const last = f32x4.splat(load<f32>(column, COLUMN_LAST_BUCKET))
  for (let g: u32 = 0; g < groups; g++) {
    const v0 = v128.load(values, 0)
    const v1 = v128.load(values, 16)
    const v2 = v128.load(values, 32)
    const v3 = v128.load(values, 48)
    store<u32>(codes, codesOf(v0, buckets, thresholds, step, scale, shift, last, keyed, stepped), 0)
    store<u32>(codes, codesOf(v1, buckets, thresholds, step, scale, shift, last, keyed, stepped), 4)
    store<u32>(codes, codesOf(v2, buckets, thresholds, step, scale, shift, last, keyed, stepped), 8)
    store<u32>(codes, codesOf(v3, buckets, thresholds, step, scale, shift, last, keyed, stepped), 12)
    store<u16>(missing, missingOf(v0) | (missingOf(v1) << 4) | (missingOf(v2) << 8) | (missingOf(v3) << 12))
    values += 64
    codes += 16
    missing += 2
  }
}

// @ts-ignore: decorator
@inline
function missingOf(v: v128): i32 {
  return i32x4.bitmask(f32x4.ne(v, v))
}

/** Codes of four rows, one byte each. */
// @ts-ignore: decorator
@inline
function codesOf(
  v: v128, buckets: usize, thresholds: usize, step: u32, scale: v128, shift: v128, last: v128, keyed: bool, stepped: bool,
): u32 {
  const zero = f32x4.splat(0)
  let bucket = f32x4.add(f32x4.mul(keyed ? keyOf(v) : v, scale), shift)
  // A missing value must find no threshold at all: pmax(zero, NaN) is zero, and the key of NaN is a number to be cleared.
  if (keyed) bucket = v128.andnot(bucket, f32x4.ne(v, v))
  bucket = f32x4.pmin(last, f32x4.pmax(zero, bucket))
  bucket = v128.and(f32x4.add(bucket, f32x4.splat(ROUND_TO_INTEGER)), i32x4.splat(0xffff))
  let c0: u32 = load<u8>(buckets + i32x4.extract_lane(bucket, 0))
  let c1: u32 = load<u8>(buckets + i32x4.extract_lane(bucket, 1))
  let c2: u32 = load<u8>(buckets + i32x4.extract_lane(bucket, 2))
  let c3: u32 = load<u8>(buckets + i32x4.extract_lane(bucket, 3))
  if (stepped) {
    for (let s = step; s > 1; s >>= 1) {
      const above = atLeast(v, thresholds + ((s - 1) << 2), c0, c1, c2, c3)
      c0 += (above & 1) * s
      c1 += ((above >> 1) & 1) * s
      c2 += ((above >> 2) & 1) * s
      c3 += (above >> 3) * s
    }
  }
  // Four compare bits to four bytes: the product puts copies of the bits 7 apart, bit i of copy i falls on bit 8 i.
  const more = (atLeast(v, thresholds, c0, c1, c2, c3) * 0x00204081) & 0x01010101
  return (c0 | (c1 << 8) | (c2 << 16) | (c3 << 24)) + more
}

/** Bit i: value i is at least its threshold number ci. */
// @ts-ignore: decorator
@inline
function atLeast(v: v128, thresholds: usize, c0: u32, c1: u32, c2: u32, c3: u32): u32 {
  let t = v128.load32_zero(thresholds + (c0 << 2))
  t = v128.load32_lane(thresholds + (c1 << 2), t, 1)
  t = v128.load32_lane(thresholds + (c2 << 2), t, 2)
  t = v128.load32_lane(thresholds + (c3 << 2), t, 3)
  return i32x4.bitmask(f32x4.ge(v, t))
}

/**
 * The bits of a float32 as a number that rises with its value and resembles its logarithm. Adding zero turns -0 into +0,
 * which compare as equal and so must fall into one bucket.
 */
// @ts-ignore: decorator
@inline
function keyOf(v: v128): v128 {
  const bits = f32x4.add(v, f32x4.splat(0))
  return f32x4.convert_i32x4_s(v128.xor(bits, i32x4.shr_u(i32x4.shr_s(bits, 31), 1)))
}
