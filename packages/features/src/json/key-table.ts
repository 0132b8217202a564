import type { SourceTree } from '../source-tree.ts'

/** Keys that no feature reads, learned from events so that their place can be predicted; more are looked up in vain. */
export const LEARNED_KEYS_MAX = 1024
/** Bytes of all learned keys, quotes and colons included. */
export const LEARNED_KEY_BYTES_MAX = 32_768

const NONE = -1
const QUOTE = 0x22
const COLON = 0x3a
/** Two quotes and a colon, which are kept around each key. */
const FRAME_BYTES = 3
const WORD_BYTES = 4

/**
 * Object keys by the object that they are in (a node of the source tree), with the key that came next the last time. Most
 * events of a producer have the same keys in the same order, so the next key is compared with one candidate and not hashed.
 */
export class KeyTable {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #starts: Int32Array
  readonly #lengths: Int32Array
  readonly #owners: Int32Array
  /** Node that a key leads to, or -1 when no feature reads it. */
  readonly #targets: Int32Array
  /** The key that followed, of the same object. */
  readonly #next: Int32Array
  /** The first key, by object. */
  readonly #first: Int32Array
  readonly #slots: Int32Array
  readonly #mask: number
  #count = 0
  #byteCount = 0

  constructor(tree: SourceTree) {
    const keys = tree.nodes.flatMap((owner) =>
      [...owner.children].map(([name, child]) => ({ owner: owner.id, target: child.id, name })),
    )
    const encoded = keys.map(({ name }) => new TextEncoder().encode(name))
    const capacity = keys.length + LEARNED_KEYS_MAX
    const keyBytes = encoded.reduce((sum, { length }) => sum + length + FRAME_BYTES, LEARNED_KEY_BYTES_MAX)
    this.#bytes = new Uint8Array(keyBytes)
    this.#view = new DataView(this.#bytes.buffer)
    this.#starts = new Int32Array(capacity)
    this.#lengths = new Int32Array(capacity)
    this.#owners = new Int32Array(capacity)
    this.#targets = new Int32Array(capacity)
    this.#next = new Int32Array(capacity).fill(NONE)
    this.#first = new Int32Array(tree.nodes.length).fill(NONE)
    const slotCount = 2 ** Math.ceil(Math.log2(2 * capacity))
    this.#slots = new Int32Array(slotCount).fill(NONE)
    this.#mask = slotCount - 1
    keys.forEach(({ owner, target }, i) => {
      this.#add(owner, target, encoded[i]!, 0, encoded[i]!.length)
    })
  }

  /** Node that a found key leads to, -1 for none. */
  target(entry: number): number {
    return entry === NONE ? NONE : this.#targets[entry]!
  }

  /**
   * The key that is expected after `previous` (-1: as the first of its object) if it stands at `at`, from its opening quote
   * to the colon right after its closing one, or -1.
   */
  predicted(owner: number, previous: number, view: DataView, at: number): number {
    const entry = previous === NONE ? this.#first[owner]! : this.#next[previous]!
    if (entry === NONE) return NONE
    const length = this.#lengths[entry]! + FRAME_BYTES
    if (length < WORD_BYTES || at + length > view.byteLength) return NONE
    // Whole words, the last of which may overlap the one before.
    const start = this.#starts[entry]!
    const last = length - WORD_BYTES
    for (let i = 0; i < last; i += WORD_BYTES) if (this.#view.getInt32(start + i) !== view.getInt32(at + i)) return NONE
    return this.#view.getInt32(start + last) === view.getInt32(at + last) ? entry : NONE
  }

  /** Bytes of a key with its quotes and its colon. */
  framedLength(entry: number): number {
    return this.#lengths[entry]! + FRAME_BYTES
  }

  /** Finds a key, or learns it while there is room, and remembers that it followed `previous`. */
  find(owner: number, previous: number, bytes: Uint8Array, start: number, length: number): number {
    const entry = this.#lookUp(owner, bytes, start, length)
    const known = entry === NONE ? this.#learn(owner, bytes, start, length) : entry
    if (known === NONE) return NONE
    if (previous === NONE) this.#first[owner] = known
    else this.#next[previous] = known
    return known
  }

  #lookUp(owner: number, bytes: Uint8Array, start: number, length: number): number {
    let slot = this.#hash(owner, bytes, start, length)
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === NONE) return NONE
      if (this.#owners[entry] === owner && this.#lengths[entry] === length && this.#holds(entry, bytes, start, length))
        return entry
      slot = (slot + 1) & this.#mask
    }
  }

  #learn(owner: number, bytes: Uint8Array, start: number, length: number): number {
    const full = this.#count === this.#starts.length || this.#byteCount + length + FRAME_BYTES > this.#bytes.length
    return full ? NONE : this.#add(owner, NONE, bytes, start, length)
  }

  #add(owner: number, target: number, bytes: Uint8Array, start: number, length: number): number {
    const entry = this.#count++
    this.#starts[entry] = this.#byteCount
    this.#lengths[entry] = length
    this.#owners[entry] = owner
    this.#targets[entry] = target
    this.#bytes[this.#byteCount++] = QUOTE
    this.#bytes.set(bytes.subarray(start, start + length), this.#byteCount)
    this.#byteCount += length
    this.#bytes[this.#byteCount++] = QUOTE
    this.#bytes[this.#byteCount++] = COLON
    let slot = this.#hash(owner, bytes, start, length)
    while (this.#slots[slot] !== NONE) slot = (slot + 1) & this.#mask
    this.#slots[slot] = entry
    return entry
  }

  #holds(entry: number, bytes: Uint8Array, start: number, length: number): boolean {
    const from = this.#starts[entry]! + 1
    for (let i = 0; i < length; i++) if (this.#bytes[from + i] !== bytes[start + i]) return false
    return true
  }

  #hash(owner: number, bytes: Uint8Array, start: number, length: number): number {
    let h = Math.imul(owner + 1, 0x9e3779b1)
    for (let i = start; i < start + length; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193)
    return (h ^ (h >>> 15)) & this.#mask
  }
}
