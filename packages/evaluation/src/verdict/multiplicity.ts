export interface MultipleTests {
  /** Adjusted p-values in the order given; reject where at most alpha. */
  readonly adjusted: readonly number[]
  readonly rejected: readonly boolean[]
}

/**
 * Holm's step-down adjustment (S. Holm, Scandinavian Journal of Statistics 6, 1979): the chance of even one wrong verdict
 * among all goals stays below alpha under any dependence; works with always-valid p-values.
 */
export function holm(pValues: readonly number[], alpha: number): MultipleTests {
  const m = pValues.length
  const adjusted = new Array<number>(m)
  let running = 0
  ascending(pValues).forEach((index, rank) => {
    running = Math.max(running, Math.min(1, (m - rank) * pValues[index]!))
    adjusted[index] = running
  })
  return { adjusted, rejected: adjusted.map((p) => p <= alpha) }
}

/**
 * Benjamini and Hochberg's step-up adjustment (JRSS B 57, 1995): the expected share of wrong ones among the rejected stays
 * below alpha for independent or positively dependent tests; for exploring, not for automation.
 */
export function benjaminiHochberg(pValues: readonly number[], alpha: number): MultipleTests {
  const m = pValues.length
  const adjusted = new Array<number>(m)
  let running = 1
  const order = ascending(pValues)
  for (let rank = m; rank >= 1; rank--) {
    const index = order[rank - 1]!
    running = Math.min(running, (m * pValues[index]!) / rank)
    adjusted[index] = running
  }
  return { adjusted, rejected: adjusted.map((p) => p <= alpha) }
}

function ascending(pValues: readonly number[]): readonly number[] {
  for (const [i, p] of pValues.entries()) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`pValues[${i}] is ${p}, not between 0 and 1`)
  }
  return pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!)
}
