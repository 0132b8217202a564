import type { Tree, TreeEnsemble } from './tree-ensemble.ts'

/**
 * Scores rows by following each tree node by node with the float32 comparisons and additions of XGBoost: the oracle that
 * every kernel is tested against, and slow.
 *
 * @param rows row-major float32, `ensemble.width` per row; NaN = missing
 * @returns margins, row-major, `ensemble.outputs` per row
 */
export function referenceMargins(ensemble: TreeEnsemble, rows: Float32Array): Float32Array {
  const { width, outputs } = ensemble
  const count = Math.floor(rows.length / width)
  const out = new Float32Array(count * outputs)
  for (let r = 0; r < count; r++) {
    const row = rows.subarray(r * width, (r + 1) * width)
    const margins = out.subarray(r * outputs, (r + 1) * outputs)
    margins.set(ensemble.baseMargins)
    for (const tree of ensemble.trees) {
      const first = tree.leafAt[leafOf(tree, row)]!
      for (let k = 0; k < tree.leafWidth; k++) {
        const output = tree.output + k
        margins[output] = margins[output]! + tree.leaves[first + k]!
      }
    }
  }
  return out
}

/** Node number of the leaf that a row ends in. */
export function leafOf(tree: Tree, row: Float32Array): number {
  let node = 0
  while (tree.left[node] !== -1) node = tree.left[node]! + (goesRight(tree, node, row[tree.feature[node]!]!) ? 1 : 0)
  return node
}

export function goesRight(tree: Tree, node: number, value: number): boolean {
  if (Number.isNaN(value)) return tree.defaultLeft[node] === 0
  const codes = tree.categories.get(node)
  if (codes === undefined) return value >= tree.threshold[node]!
  return value >= 0 && contains(codes, Math.trunc(value))
}

function contains(ascending: Int32Array, code: number): boolean {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle]! < code) low = middle + 1
    else high = middle
  }
  return ascending[low] === code
}
