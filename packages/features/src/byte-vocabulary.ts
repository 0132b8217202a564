const EMPTY = -1

/** Neighbours that a look-up may step over before hashing a few bytes of a text is given up for hashing them all. */
const SAMPLED_RUN_MAX = 8

/**
 * Index of a text in a list, looked up by its UTF-8 bytes: no string is made. Open addressing in a table that only this
 * list fills, so no input can make it slower than its longest run of neighbours.
 */
export class ByteVocabulary {
  readonly #slots: Int32Array
  readonly #mask: number
  readonly #entryBytes: Uint8Array
  /** Entry `i` is `entryBytes[starts[i], starts[i + 1])`. */
  readonly #starts: Int32Array
  readonly #longest: number
  /** Whether the hash looks at five bytes alone, which tells the entries of most lists apart. */
  #sampled = true

  constructor(entries: readonly string[]) {
    const encoded = entries.map((entry) => new TextEncoder().encode(entry))
    this.#starts = new Int32Array(entries.length + 1)
    this.#longest = encoded.reduce((longest, bytes) => Math.max(longest, bytes.length), 0)
    encoded.forEach((bytes, i) => {
      this.#starts[i + 1] = this.#starts[i]! + bytes.length
    })
    this.#entryBytes = new Uint8Array(this.#starts[entries.length]!)
    encoded.forEach((bytes, i) => {
      this.#entryBytes.set(bytes, this.#starts[i]!)
    })
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(4, entries.length * 2)))
    this.#mask = slotCount - 1
    this.#slots = new Int32Array(slotCount)
    if (this.#fill(SAMPLED_RUN_MAX)) return
    this.#sampled = false
    this.#fill(slotCount)
  }

  /** Index of the text in `bytes[start, start + length)`, or -1. */
  indexOf(bytes: Uint8Array, start: number, length: number): number {
    if (length > this.#longest) return -1
    let slot = this.#hash(bytes, start, length)
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === EMPTY || this.#holds(entry, bytes, start, length)) return entry
      slot = (slot + 1) & this.#mask
    }
  }

  /** Puts all entries into the table; false, with the table unfinished, when one is further from its place than allowed. */
  #fill(runMax: number): boolean {
    this.#slots.fill(EMPTY)
    for (let entry = 0; entry + 1 < this.#starts.length; entry++) {
      const start = this.#starts[entry]!
      let slot = this.#hash(this.#entryBytes, start, this.#starts[entry + 1]! - start)
      for (let run = 0; this.#slots[slot] !== EMPTY; run++) {
        if (run === runMax) return false
        slot = (slot + 1) & this.#mask
      }
      this.#slots[slot] = entry
    }
    return true
  }

  #holds(entry: number, bytes: Uint8Array, start: number, length: number): boolean {
    const from = this.#starts[entry]!
    if (this.#starts[entry + 1]! - from !== length) return false
    for (let i = 0; i < length; i++) if (this.#entryBytes[from + i] !== bytes[start + i]) return false
    return true
  }

  #hash(bytes: Uint8Array, start: number, length: number): number {
    const h = this.#sampled ? sampledHash(bytes, start, length) : fnv1a(bytes, start, length)
    return (h ^ (h >>> 15)) & this.#mask
  }
}

/** The length and the bytes at the ends, at the middle and beside it. */
function sampledHash(bytes: Uint8Array, start: number, length: number): number {
  if (length === 0) return 0
  const last = start + length - 1
  const middle = start + (length >> 1)
  const low = bytes[start]! | (bytes[last]! << 8) | (bytes[middle]! << 16)
  const high = bytes[start + (length >> 2)]! | (bytes[last - (length >> 2)]! << 8) | (length << 16)
  return Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
}

/** FNV-1a, 32 bits. */
function fnv1a(bytes: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5 | 0
  for (let i = start; i < start + length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193)
  return h
}
