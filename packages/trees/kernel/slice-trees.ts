/*
 * Stage 3: the leaf number of 128 rows in one tree. A node splits the rows that reach it by two operations:
 * right = reach & mask, left = reach ^ right. The rows that turn right on level i are exactly those whose leaf number has
 * bit i from the top set, so OR-ing them gives the planes of the leaf number, and a transpose gives the numbers.
 */
import {
  SHAPE_BYTES, SHAPE_LEFT, SHAPE_MASK, SHAPE_RIGHT, SHAPE_SELF, SUBTREE_BYTES, SUBTREE_LEVELS,
  TREE_DEPTH, TREE_LEAF_COUNT, TREE_NODE_COUNT, TREE_NODES,
} from './layout'
import { transpose } from './transpose'

/** Leaf numbers of the block's 128 rows to `numbers`; `planes` and `reach` are scratch. */
export function sliceTree(tree: usize, planes: usize, reach: usize, numbers: usize): void {
  const depth = load<u32>(tree, TREE_DEPTH)
  if (depth != 0) slicePerfect(load<u32>(tree, TREE_NODES), depth, planes, reach)
  else sliceShape(tree, planes, reach)
  transpose(planes, numbers)
}

/** A perfect tree of 3 to 8 levels: the top through memory, level by level, then all subtrees of three levels in registers. */
// @ts-ignore: decorator
@inline
function slicePerfect(nodes: usize, depth: u32, planes: usize, reach: usize): void {
  const top = depth - SUBTREE_LEVELS
  const none = i8x16.splat(0)
  v128.store(reach, i8x16.splat(-1))
  for (let level: u32 = 0; level < top; level++) {
    let turned = none
    // Backwards, because the two halves of entry i replace the entries 2 i and 2 i + 1.
    for (let i: usize = 1 << level; i-- > 0; ) {
      const rows = v128.load(reach + (i << 4))
      const right = v128.and(rows, v128.load(load<u32>(nodes + (i << 2))))
      turned = v128.or(turned, right)
      v128.store(reach + (i << 5), v128.xor(rows, right))
      v128.store(reach + (i << 5), right, 16)
    }
    v128.store(planes + ((depth - 1 - level) << 4), turned)
    nodes += 4 << level
  }
  let p2 = none
  let p1 = none
  let p0 = none
  const end = nodes + (SUBTREE_BYTES << top)
  for (; nodes < end; nodes += SUBTREE_BYTES, reach += 16) {
    const rows = v128.load(reach)
    const right = v128.and(rows, v128.load(load<u32>(nodes, 0)))
    const left = v128.xor(rows, right)
    p2 = v128.or(p2, right)
    const leftRight = v128.and(left, v128.load(load<u32>(nodes, 4)))
    const rightRight = v128.and(right, v128.load(load<u32>(nodes, 8)))
    p1 = v128.or(p1, v128.or(leftRight, rightRight))
    const a = v128.and(v128.xor(left, leftRight), v128.load(load<u32>(nodes, 12)))
    const b = v128.and(leftRight, v128.load(load<u32>(nodes, 16)))
    const c = v128.and(v128.xor(right, rightRight), v128.load(load<u32>(nodes, 20)))
    const d = v128.and(rightRight, v128.load(load<u32>(nodes, 24)))
    p0 = v128.or(p0, v128.or(v128.or(a, b), v128.or(c, d)))
  }
  v128.store(planes, p0, 0)
  v128.store(planes, p1, 16)
  v128.store(planes, p2, 32)
  for (let level = depth; level < 8; level++) v128.store(planes + (level << 4), none)
}

/**
 * A tree of any shape with up to 256 leaves: slots 0..leaves-1 of `reach` receive the rows of the leaves from left to right,
 * the slots after them those of inner nodes. Pairing neighbours up again gives the planes from the lowest bit on.
 */
// @ts-ignore: decorator
@inline
function sliceShape(tree: usize, planes: usize, reach: usize): void {
  let node: usize = load<u32>(tree, TREE_NODES)
  const end = node + load<u32>(tree, TREE_NODE_COUNT) * SHAPE_BYTES
  const none = i8x16.splat(0)
  let leaves = load<u32>(tree, TREE_LEAF_COUNT)
  v128.store(reach + (leaves > 1 ? <usize>leaves << 4 : 0), i8x16.splat(-1)) // the root is the first inner node
  for (; node < end; node += SHAPE_BYTES) {
    const rows = v128.load(reach + (<usize>load<u16>(node, SHAPE_SELF) << 4))
    const right = v128.and(rows, v128.load(load<u32>(node, SHAPE_MASK)))
    v128.store(reach + (<usize>load<u16>(node, SHAPE_RIGHT) << 4), right)
    v128.store(reach + (<usize>load<u16>(node, SHAPE_LEFT) << 4), v128.xor(rows, right))
  }
  for (let bit: u32 = 0; bit < 8; bit++) {
    let odd = none
    const pairs = leaves >> 1
    for (let i: usize = 0; i < pairs; i++) {
      const second = v128.load(reach + (i << 5), 16)
      odd = v128.or(odd, second)
      v128.store(reach + (i << 4), v128.or(v128.load(reach + (i << 5)), second))
    }
    if (leaves & 1) v128.store(reach + (<usize>pairs << 4), v128.load(reach + (<usize>(leaves - 1) << 4)))
    leaves = (leaves + 1) >> 1
    v128.store(planes + (<usize>bit << 4), odd)
  }
}
