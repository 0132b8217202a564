/*
 * Bytes to bit planes and back. 128 bytes in eight v128 are, in each byte lane, an 8 x 8 bit matrix: byte number = row,
 * bit number = column. Transposing all sixteen matrices at once turns "one byte per row" into "one plane per bit" and is
 * its own inverse. Three rounds swap blocks of 4, 2 and 1 bits.
 */

// @ts-ignore: decorator
@inline
function swapped(a: v128, b: v128, shift: i32, mask: v128): v128 {
  return v128.and(v128.xor(i64x2.shr_u(a, shift), b), mask)
}

export function transpose(from: usize, to: usize): void {
  let a0 = v128.load(from, 0)
  let a1 = v128.load(from, 16)
  let a2 = v128.load(from, 32)
  let a3 = v128.load(from, 48)
  let a4 = v128.load(from, 64)
  let a5 = v128.load(from, 80)
  let a6 = v128.load(from, 96)
  let a7 = v128.load(from, 112)
  let t: v128

  const fours = i8x16.splat(0x0f)
  t = swapped(a0, a4, 4, fours); a4 = v128.xor(a4, t); a0 = v128.xor(a0, i64x2.shl(t, 4))
  t = swapped(a1, a5, 4, fours); a5 = v128.xor(a5, t); a1 = v128.xor(a1, i64x2.shl(t, 4))
  t = swapped(a2, a6, 4, fours); a6 = v128.xor(a6, t); a2 = v128.xor(a2, i64x2.shl(t, 4))
  t = swapped(a3, a7, 4, fours); a7 = v128.xor(a7, t); a3 = v128.xor(a3, i64x2.shl(t, 4))

  const twos = i8x16.splat(0x33)
  t = swapped(a0, a2, 2, twos); a2 = v128.xor(a2, t); a0 = v128.xor(a0, i64x2.shl(t, 2))
  t = swapped(a1, a3, 2, twos); a3 = v128.xor(a3, t); a1 = v128.xor(a1, i64x2.shl(t, 2))
  t = swapped(a4, a6, 2, twos); a6 = v128.xor(a6, t); a4 = v128.xor(a4, i64x2.shl(t, 2))
  t = swapped(a5, a7, 2, twos); a7 = v128.xor(a7, t); a5 = v128.xor(a5, i64x2.shl(t, 2))

  const ones = i8x16.splat(0x55)
  t = swapped(a0, a1, 1, ones); a1 = v128.xor(a1, t); a0 = v128.xor(a0, i64x2.shl(t, 1))
  t = swapped(a2, a3, 1, ones); a3 = v128.xor(a3, t); a2 = v128.xor(a2, i64x2.shl(t, 1))
  t = swapped(a4, a5, 1, ones); a5 = v128.xor(a5, t); a4 = v128.xor(a4, i64x2.shl(t, 1))
  t = swapped(a6, a7, 1, ones); a7 = v128.xor(a7, t); a6 = v128.xor(a6, i64x2.shl(t, 1))

  v128.store(to, a0, 0)
  v128.store(to, a1, 16)
  v128.store(to, a2, 32)
  v128.store(to, a3, 48)
  v128.store(to, a4, 64)
  v128.store(to, a5, 80)
  v128.store(to, a6, 96)
  v128.store(to, a7, 112)
}
