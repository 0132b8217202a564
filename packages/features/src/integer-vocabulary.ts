const EMPTY = -1
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/**
 * Index of a whole number in a list of texts, by the text it would have: 7 finds `7` and not `07` or `7.0`. Keys are 64-bit
 * integers in two halves, so no bigint and no string is made.
 */
export class IntegerVocabulary {
  readonly #slots: Int32Array
  readonly #lows: Int32Array
  readonly #highs: Int32Array
  readonly #mask: number

  constructor(entries: readonly string[]) {
    this.#lows = new Int32Array(entries.length)
    this.#highs = new Int32Array(entries.length)
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(4, entries.length * 2)))
    this.#mask = slotCount - 1
    this.#slots = new Int32Array(slotCount).fill(EMPTY)
    entries.forEach((entry, i) => {
      if (!/^(0|-?[1-9]\d{0,18})$/.test(entry)) return
      const value = BigInt(entry)
      if (value < INT64_MIN || value > INT64_MAX) return
      const low = Number(BigInt.asIntN(32, value))
      const high = Number(BigInt.asIntN(32, value >> 32n))
      this.#lows[i] = low
      this.#highs[i] = high
      let slot = this.#hash(low, high)
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & this.#mask
      this.#slots[slot] = i
    })
  }

  /** Index of the number `high * 2^32 + (low >>> 0)`, or -1. Both halves are int32. */
  indexOf(low: number, high: number): number {
    let slot = this.#hash(low, high)
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === EMPTY || (this.#lows[entry] === low && this.#highs[entry] === high)) return entry
      slot = (slot + 1) & this.#mask
    }
  }

  #hash(low: number, high: number): number {
    const h = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b)
    return (h ^ (h >>> 15)) & this.#mask
  }
}
