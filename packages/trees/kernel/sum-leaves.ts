/*
 * Stage 4: from leaf numbers to margins. Eight rows at a time stay in registers while the trees of one output are added in
 * their order, one float32 addition per tree, exactly as XGBoost adds.
 */
import { BLOCK_ROWS, SUM_BYTES, SUM_OUTPUT, SUM_TERM_COUNT, SUM_TERMS, TERM_BYTES, TERM_LEAF_NUMBERS, TERM_LEAVES } from './layout'

export function sumLeaves(sums: usize, count: u32, margins: usize, rows: u32): void {
  for (let i: u32 = 0; i < count; i++, sums += SUM_BYTES) {
    const terms: usize = load<u32>(sums, SUM_TERMS)
    const end = terms + load<u32>(sums, SUM_TERM_COUNT) * TERM_BYTES
    const out = margins + load<u32>(sums, SUM_OUTPUT) * (BLOCK_ROWS * 4)
    for (let row: usize = 0; row < rows; row += 8) addEight(terms, end, row, out + (row << 2))
  }
}

// @ts-ignore: decorator
@inline
function addEight(term: usize, end: usize, row: usize, out: usize): void {
  let a0 = load<f32>(out, 0)
  let a1 = load<f32>(out, 4)
  let a2 = load<f32>(out, 8)
  let a3 = load<f32>(out, 12)
  let a4 = load<f32>(out, 16)
  let a5 = load<f32>(out, 20)
  let a6 = load<f32>(out, 24)
  let a7 = load<f32>(out, 28)
  for (; term < end; term += TERM_BYTES) {
    const numbers = <usize>load<u32>(term, TERM_LEAF_NUMBERS) + row
    const leaves: usize = load<u32>(term, TERM_LEAVES)
    a0 += load<f32>(leaves + (<usize>load<u8>(numbers, 0) << 2))
    a1 += load<f32>(leaves + (<usize>load<u8>(numbers, 1) << 2))
    a2 += load<f32>(leaves + (<usize>load<u8>(numbers, 2) << 2))
    a3 += load<f32>(leaves + (<usize>load<u8>(numbers, 3) << 2))
    a4 += load<f32>(leaves + (<usize>load<u8>(numbers, 4) << 2))
    a5 += load<f32>(leaves + (<usize>load<u8>(numbers, 5) << 2))
    a6 += load<f32>(leaves + (<usize>load<u8>(numbers, 6) << 2))
    a7 += load<f32>(leaves + (<usize>load<u8>(numbers, 7) << 2))
  }
  store<f32>(out, a0, 0)
  store<f32>(out, a1, 4)
  store<f32>(out, a2, 8)
  store<f32>(out, a3, 12)
  store<f32>(out, a4, 16)
  store<f32>(out, a5, 20)
  store<f32>(out, a6, 24)
  store<f32>(out, a7, 28)
}
