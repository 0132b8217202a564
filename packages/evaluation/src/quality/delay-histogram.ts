import { Counts } from '../counters/counts.ts'

/** Bins of the delay from event to outcome: bin i holds [2^i, 2^(i+1)) seconds, bin 0 also shorter ones; 2^28 s are 8.5 years. */
export const DELAY_BINS = 28

/** How long outcomes take. */
export class DelayHistogram extends Counts {
  constructor(cells?: ArrayLike<number>) {
    super(cells ?? DELAY_BINS)
  }

  count(delayMs: number, times = 1): void {
    const bin = Math.floor(Math.log2(Math.max(1, delayMs / 1_000)))
    this.cells[Math.min(DELAY_BINS - 1, bin)]! += times
  }

  get n(): number {
    return this.cells.reduce((sum, count) => sum + count, 0)
  }

  /** A bound in seconds that at least this share of the delays stays below; undefined without delays. */
  quantileBelowSeconds(share: number): number | undefined {
    const wanted = share * this.n
    if (this.n === 0) return undefined
    let below = 0
    for (let bin = 0; bin < DELAY_BINS; bin++) {
      below += this.cells[bin]!
      if (below >= wanted) return 2 ** (bin + 1)
    }
    return undefined
  }
}
