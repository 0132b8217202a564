/** Ranks from 1, equal values sharing the middle of their places. O(n log n). */
export function midranks(values: Float64Array): Float64Array {
  const n = values.length
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const ranks = new Float64Array(n)
  for (let start = 0; start < n; ) {
    let end = start + 1
    while (end < n && values[order[end]!] === values[order[start]!]) end++
    const rank = 0.5 * (start + 1 + end)
    for (let i = start; i < end; i++) ranks[order[i]!] = rank
    start = end
  }
  return ranks
}
