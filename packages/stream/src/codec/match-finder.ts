/** Smallest match that both formats can express well. */
const MIN_MATCH = 4
const HASH_BITS = 14
/** Knuth's multiplicative hash: 2^32 divided by the golden ratio. */
const HASH_FACTOR = 0x9e3779b1
/** LZ4 wants the last match to begin 12 bytes before the end of a block and the last 5 bytes to be literals. */
const LAST_MATCH_BEFORE_END = 12
const LAST_LITERALS = 5
/** After this many misses in a row the search steps faster, so that incompressible bytes cost little. */
const MISSES_PER_STEP_BITS = 6

/** Distances must fit into 16 bits in both formats. */
export const MATCH_BLOCK_BYTES = 64 * 1024

/** Greedy search for repetitions within one block, as LZ4's and Snappy's own fast encoders do it. */
export class MatchFinder {
  #positions: Int32Array | undefined
  /** Triples: length of literals, distance back, length of the match behind the literals. */
  #sequences: Int32Array | undefined

  get sequences(): Int32Array {
    this.#sequences ??= new Int32Array((3 * MATCH_BLOCK_BYTES) / MIN_MATCH)
    return this.#sequences
  }

  /**
   * Fills `sequences` with the matches of `bytes[start, end)`, at most `MATCH_BLOCK_BYTES` of them, and returns how many
   * entries it filled. What follows the last match is literals.
   */
  find(bytes: Uint8Array, start: number, end: number): number {
    this.#positions ??= new Int32Array(1 << HASH_BITS)
    const positions = this.#positions.fill(-1)
    const sequences = this.sequences
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let filled = 0
    let literals = start
    let at = start
    let misses = 0
    while (at <= end - LAST_MATCH_BEFORE_END) {
      const word = view.getInt32(at, true)
      const slot = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS)
      const candidate = positions[slot]!
      positions[slot] = at
      if (candidate < 0 || view.getInt32(candidate, true) !== word) {
        at += 1 + (misses++ >>> MISSES_PER_STEP_BITS)
        continue
      }
      let stop = at + MIN_MATCH
      for (let back = candidate + MIN_MATCH; stop < end - LAST_LITERALS && bytes[stop] === bytes[back]; back++) stop++
      sequences[filled] = at - literals
      sequences[filled + 1] = at - candidate
      sequences[filled + 2] = stop - at
      filled += 3
      at = stop
      literals = stop
      misses = 0
    }
    return filled
  }
}
