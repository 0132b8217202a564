/** A set of offsets of one partition, kept as disjoint ranges in order: replays come in long runs. */
export class OffsetSet {
  /** Inclusive bounds. */
  readonly #ranges: [bigint, bigint][] = []

  /** Adds `from` to `to`, both included. */
  add(from: bigint, to: bigint): void {
    const ranges = this.#ranges
    const start = this.#firstEndingFrom(from - 1n)
    let end = start
    let [low, high] = [from, to]
    while (end < ranges.length && ranges[end]![0] <= to + 1n) {
      const [l, h] = ranges[end]!
      if (l < low) low = l
      if (h > high) high = h
      end++
    }
    ranges.splice(start, end - start, [low, high])
  }

  has(offset: bigint): boolean {
    const range = this.#ranges[this.#firstEndingFrom(offset)]
    return range !== undefined && range[0] <= offset
  }

  get ranges(): readonly (readonly [bigint, bigint])[] {
    return this.#ranges
  }

  /** Index of the first range that ends at `offset` or later. */
  #firstEndingFrom(offset: bigint): number {
    let [low, high] = [0, this.#ranges.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ranges[middle]![1] < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
