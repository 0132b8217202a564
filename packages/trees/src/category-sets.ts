import type { ModelObject } from './model-document.ts'
import { ModelFault } from './model-fault.ts'
import { CATEGORY_CODES } from './model-limits.ts'

const NONE: ReadonlyMap<number, Int32Array> = new Map()

/**
 * Category sets of one tree by node: `categories_nodes` lists the categorical nodes, and their codes lie in `categories`
 * from `categories_segments[i]` on, `categories_sizes[i]` of them. XGBoost writes the segments one after the other, and so
 * they must be here: overlapping ones would let a small file ask for a large table.
 */
export function readCategories(source: ModelObject, nodes: number): ReadonlyMap<number, Int32Array> {
  if (!source.has('split_type')) return NONE
  const categorical = source.integers('split_type', nodes, 0, 1)
  const codes = source.integers('categories', undefined, 0, CATEGORY_CODES - 1)
  const owners = source.integers('categories_nodes', undefined, 0, nodes - 1)
  const starts = source.integers('categories_segments', owners.length, 0, codes.length)
  const sizes = source.integers('categories_sizes', owners.length, 1, codes.length)
  const sets = new Map<number, Int32Array>()
  let end = 0
  owners.forEach((node, index) => {
    const where = `${source.where} node ${node}`
    if (index > 0 && node <= owners[index - 1]!) {
      throw new ModelFault('E_MODEL_CATEGORIES', where, 'categories_nodes must be ascending')
    }
    if (categorical[node] !== 1)
      throw new ModelFault('E_MODEL_CATEGORIES', where, 'has categories but a numeric split_type')
    if (starts[index] !== end) {
      throw new ModelFault('E_MODEL_CATEGORIES', where, `its segment starts at ${starts[index]}, expected ${end}`)
    }
    end += sizes[index]!
    if (end > codes.length) {
      throw new ModelFault('E_MODEL_CATEGORIES', where, `its segment ends at ${end} of ${codes.length} categories`)
    }
    sets.set(node, ascendingDistinct(codes.subarray(end - sizes[index]!, end)))
  })
  if (end !== codes.length) {
    throw new ModelFault(
      'E_MODEL_CATEGORIES',
      source.at('categories'),
      `${codes.length - end} categories belong to no node`,
    )
  }
  if (sets.size !== categorical.reduce((sum, type) => sum + type, 0)) {
    throw new ModelFault('E_MODEL_CATEGORIES', source.at('split_type'), 'a categorical node has no categories')
  }
  return sets
}

function ascendingDistinct(codes: Int32Array): Int32Array {
  const sorted = codes.slice().sort()
  return sorted.filter((code, index) => index === 0 || code !== sorted[index - 1])
}
