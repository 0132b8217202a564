import { invariant } from '@sluice/contracts'
import type { Tree } from './tree-ensemble.ts'

/** Thresholds of one column: its codes 0..255 fill one byte. */
export const COLUMN_THRESHOLDS_MAX = 255

/** Everything that trees ask about one feature, as ascending thresholds. */
export interface FeatureEdges {
  readonly feature: number
  /** Ascending, distinct, without -0. */
  readonly thresholds: Float32Array
  /** 1 for the thresholds of a numeric node that sends missing values right. */
  readonly missingRight: Uint8Array
  /** Whether a category set adds the missing rows. */
  readonly setTakesMissing: boolean
}

/**
 * Collects the thresholds of all trees by feature. A category set is a question about thresholds too: its codes form
 * runs, and code c is `x >= c` without `x >= c + 1`, which also truncates fractions and refuses negative codes as XGBoost does.
 */
export function collectEdges(trees: readonly Tree[]): FeatureEdges[] {
  const features = new Map<number, { all: number[]; right: Set<number>; setTakesMissing: boolean }>()
  for (const tree of trees) {
    for (const node of tree.order) {
      if (tree.left[node] === -1) continue
      const feature = tree.feature[node]!
      const entry = features.get(feature) ?? { all: [], right: new Set(), setTakesMissing: false }
      features.set(feature, entry)
      const codes = tree.categories.get(node)
      if (codes !== undefined) {
        for (const edge of runEdges(codes)) entry.all.push(edge)
        if (tree.defaultLeft[node] === 0) entry.setTakesMissing = true
      } else {
        const threshold = tree.threshold[node]! + 0
        entry.all.push(threshold)
        if (tree.defaultLeft[node] === 0) entry.right.add(threshold)
      }
    }
  }
  return [...features]
    .sort(([a], [b]) => a - b)
    .map(([feature, { all, right, setTakesMissing }]) => {
      const sorted = Float32Array.from(all).sort()
      const thresholds = sorted.filter((t, i) => i === 0 || t !== sorted[i - 1])
      return {
        feature,
        thresholds,
        missingRight: Uint8Array.from(thresholds, (t) => Number(right.has(t))),
        setTakesMissing,
      }
    })
}

/** Ends of the runs of consecutive codes, alternately where one starts and one past where it stops. */
export function runEdges(ascending: Int32Array): number[] {
  const edges: number[] = []
  ascending.forEach((code, index) => {
    if (index > 0 && code === edges.at(-1)) edges[edges.length - 1] = code + 1
    else edges.push(code, code + 1)
  })
  return edges
}

/** Position of a threshold among those that `collectEdges` collected. */
export function rankOf(thresholds: Float32Array, threshold: number): number {
  let low = 0
  let high = thresholds.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (thresholds[middle]! < threshold) low = middle + 1
    else high = middle
  }
  invariant(thresholds[low] === threshold, `threshold ${threshold} is not among those of its feature`)
  return low
}
