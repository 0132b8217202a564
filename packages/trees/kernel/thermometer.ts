/*
 * Stage 2: from the codes of one column to one mask per threshold, mask t = the rows whose code is at least t. After this
 * a node of any tree is nothing but the address of a mask.
 */
import {
  COLUMN_MASKS, COLUMN_MISSING_MASK, COLUMN_PLANES, COLUMN_RIGHT_COUNT, COLUMN_RIGHT_LIST, COLUMN_RIGHT_MASKS,
  COLUMN_THRESHOLD_COUNT, SET_BYTES, SET_EDGE_COUNT, SET_EDGES, SET_MASK, SET_MISSING,
} from './layout'

/**
 * Masks by doubling: with the masks of the low j bits of the codes known and p the plane of bit j,
 * "code >= t" is mask[t] | p and "code >= t + 2^j" is mask[t] & p. The last two bits are taken in one pass.
 */
export function fillMasks(column: usize, planes: usize): void {
  const masks: usize = load<u32>(column, COLUMN_MASKS)
  const count = load<u32>(column, COLUMN_THRESHOLD_COUNT) + 1
  const bits = load<u32>(column, COLUMN_PLANES)
  const pairFrom = bits & 1
  v128.store(masks, i8x16.splat(-1))
  if (pairFrom) fillOne(masks, v128.load(planes), 1, count)
  for (let bit = pairFrom; bit < bits; bit += 2) {
    fillTwo(masks, v128.load(planes + (bit << 4)), v128.load(planes + (bit << 4), 16), 1 << bit, count)
  }
}

// @ts-ignore: decorator
@inline
function fillOne(masks: usize, p: v128, known: u32, count: u32): void {
  const m = v128.load(masks)
  v128.store(masks, v128.or(m, p))
  if (known < count) v128.store(masks, v128.and(m, p), 16)
}

/** Masks 0..known become masks 0..4 known, as far as there are thresholds. p and q are the planes of two bits. */
// @ts-ignore: decorator
@inline
function fillTwo(masks: usize, p: v128, q: v128, known: u32, count: u32): void {
  const jump: usize = known << 4
  const all = masks + (min(known, above(count, 3 * known)) << 4)
  const three = masks + (min(known, above(count, 2 * known)) << 4)
  const end = masks + jump
  let at = masks
  for (; at < all; at += 16) {
    const m = v128.load(at)
    const low = v128.or(m, p)
    const high = v128.and(m, p)
    v128.store(at, v128.or(low, q))
    v128.store(at + jump, v128.or(high, q))
    v128.store(at + 2 * jump, v128.and(low, q))
    v128.store(at + 3 * jump, v128.and(high, q))
  }
  for (; at < three; at += 16) {
    const m = v128.load(at)
    const low = v128.or(m, p)
    v128.store(at, v128.or(low, q))
    v128.store(at + jump, v128.or(v128.and(m, p), q))
    v128.store(at + 2 * jump, v128.and(low, q))
  }
  for (; at < end; at += 16) {
    const m = v128.load(at)
    v128.store(at, v128.or(v128.or(m, p), q))
    v128.store(at + jump, v128.or(v128.and(m, p), q))
  }
}

// @ts-ignore: decorator
@inline
function above(count: u32, from: u32): u32 {
  return count > from ? count - from : 0
}

/** Masks for nodes that send missing values right: the threshold's mask plus the missing rows. */
export function addMissing(column: usize, missing: usize): void {
  const target: usize = load<u32>(column, COLUMN_MISSING_MASK)
  const count = load<u32>(column, COLUMN_RIGHT_COUNT)
  if (target == 0 && count == 0) return
  const rows = missingMask(missing)
  if (target != 0) v128.store(target, rows)
  const masks: usize = load<u32>(column, COLUMN_MASKS)
  const list: usize = load<u32>(column, COLUMN_RIGHT_LIST)
  const to: usize = load<u32>(column, COLUMN_RIGHT_MASKS)
  for (let i: u32 = 0; i < count; i++) {
    const number: usize = load<u16>(list + (i << 1))
    v128.store(to + (i << 4), v128.or(v128.load(masks + (number << 4)), rows))
  }
}

/** Eight u16, bit l of number b = row 16 b + l, to the mask that has the row in bit b of byte lane l. */
function missingMask(missing: usize): v128 {
  const bitOfLane = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128)
  let rows = i8x16.splat(0)
  for (let b: usize = 0, bit: i32 = 1; b < 8; b++, bit <<= 1) {
    const word = i16x8.splat(load<i16>(missing + (b << 1)))
    const bytes = i8x16.shuffle(word, word, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
    const hit = i8x16.eq(v128.and(bytes, bitOfLane), bitOfLane)
    rows = v128.or(rows, v128.and(hit, i8x16.splat(<i8>bit)))
  }
  return rows
}

/**
 * Masks of category sets. The codes of a set form runs a <= code < b; "code >= a" and "code >= b" are threshold masks, and
 * as each holds the next, the exclusive or of all run edges is the set.
 */
export function fillSets(sets: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++, sets += SET_BYTES) {
    const missing: usize = load<u32>(sets, SET_MISSING)
    let edges: usize = load<u32>(sets, SET_EDGES)
    const end = edges + (load<u32>(sets, SET_EDGE_COUNT) << 2)
    let rows = i8x16.splat(0)
    for (; edges < end; edges += 4) rows = v128.xor(rows, v128.load(load<u32>(edges)))
    if (missing != 0) rows = v128.or(rows, v128.load(missing))
    v128.store(load<u32>(sets, SET_MASK), rows)
  }
}
