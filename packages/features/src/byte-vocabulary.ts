const EMPTY = -1

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

  constructor(entries: readonly string[]) {
    const encoded = entries.map((entry) => new TextEncoder().encode(entry))
    this.#starts = new Int32Array(entries.length + 1)
    this.#longest = encoded.reduce((longest, bytes) => Math.max(longest, bytes.length), 0)
    encoded.forEach((bytes, i) => {
      this.#starts[i + 1] = this.#starts[i]! + bytes.length
    })
    this.#entryBytes = new Uint8Array(this.#starts[entries.length]!)
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(4, entries.length * 2)))
    this.#mask = slotCount - 1
    this.#slots = new Int32Array(slotCount).fill(EMPTY)
    encoded.forEach((bytes, i) => {
      this.#entryBytes.set(bytes, this.#starts[i]!)
      let slot = this.#hash(bytes, 0, bytes.length)
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & this.#mask
      this.#slots[slot] = i
    })
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

  #holds(entry: number, bytes: Uint8Array, start: number, length: number): boolean {
    const from = this.#starts[entry]!
    if (this.#starts[entry + 1]! - from !== length) return false
    for (let i = 0; i < length; i++) if (this.#entryBytes[from + i] !== bytes[start + i]) return false
    return true
  }

  /** FNV-1a with the high half folded in, because the table takes the low bits. */
  #hash(bytes: Uint8Array, start: number, length: number): number {
    let h = 0x811c9dc5
    for (let i = start; i < start + length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193)
    return (h ^ (h >>> 15)) & this.#mask
  }
}
