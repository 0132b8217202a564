import { invariant } from '@sluice/contracts'
import { LABELS_MAX } from './outcome-fact.ts'

/** Consecutive offsets of one block. */
export const OPEN_BLOCK_OFFSETS = 1_024
/** Bytes of one prediction. */
export const OPEN_SLOT_BYTES = 16
/** Bytes of a block before its predictions: 24 of header, one bit per offset. */
export const OPEN_BLOCK_HEADER_BYTES = 24 + OPEN_BLOCK_OFFSETS / 8

/** No decision: the model does regression. */
export const NO_DECISION = 255
/** Event times in milliseconds are stored in 48 bits. */
export const EVENT_TIME_MS_MAX = 2 ** 48 - 1
/** Delays up to here, 49 days, fit into the slot; longer ones are kept beside the block. */
export const INLINE_DELAY_MS_MAX = 2 ** 32 - 1

/** What a slot knows of outcomes. `elsewhere`: more than it can hold, kept beside the block. */
export type SlotOutcome = 'none' | 'elsewhere' | { readonly label: number; readonly delayMs: number }

export interface OpenSlot {
  /** Float32, as scorers write it. */
  readonly score: number
  readonly eventTimeMs: number
  /** Index of the decided label, or NO_DECISION. */
  readonly decision: number
  readonly outcome: SlotOutcome
}

const FORMAT = 1
const BITMAP = 24
const KIND_NONE = 0
const KIND_INLINE = 1
const KIND_ELSEWHERE = 2
const FIRST_CAPACITY = 8

/**
 * Open predictions of one version in one run of offsets of one partition, as the bytes that are stored.
 *
 * Little-endian: 0 format u16, 2 slot bytes u16, 4 count u32, 8 version i32, 12 partition i32, 16 first offset i64,
 * 24 one bit per offset that holds a prediction, then 16 bytes for each of those in offset order: score f32, event time
 * u48, decision u8, state u8 (two bits: none, inline, elsewhere; six bits label), delay in milliseconds u32.
 *
 * Only offsets that hold a prediction take space, because a canary with 1 % of the traffic has 1 % of the offsets.
 */
export class OpenBlock {
  readonly version: number
  readonly partition: number
  readonly firstOffset: bigint
  #bytes: Uint8Array
  #view: DataView

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.version = this.#view.getInt32(8, true)
    this.partition = this.#view.getInt32(12, true)
    this.firstOffset = this.#view.getBigInt64(16, true)
  }

  /** An empty block; `firstOffset` is a multiple of OPEN_BLOCK_OFFSETS. */
  static empty(version: number, partition: number, firstOffset: bigint): OpenBlock {
    invariant(firstOffset % BigInt(OPEN_BLOCK_OFFSETS) === 0n, `a block cannot start at offset ${firstOffset}`)
    const bytes = new Uint8Array(OPEN_BLOCK_HEADER_BYTES + FIRST_CAPACITY * OPEN_SLOT_BYTES)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, FORMAT, true)
    view.setUint16(2, OPEN_SLOT_BYTES, true)
    view.setInt32(8, version, true)
    view.setInt32(12, partition, true)
    view.setBigInt64(16, firstOffset, true)
    return new OpenBlock(bytes)
  }

  /** Reads what `encode` gave; refuses bytes of another layout or length. */
  static decode(bytes: Uint8Array): OpenBlock {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const refuse = (why: string): never => {
      throw new RangeError(`these ${bytes.length} bytes are no block of open predictions: ${why}; rebuild it`)
    }
    if (bytes.length < OPEN_BLOCK_HEADER_BYTES) refuse(`the header has ${OPEN_BLOCK_HEADER_BYTES} bytes`)
    if (view.getUint16(0, true) !== FORMAT || view.getUint16(2, true) !== OPEN_SLOT_BYTES) {
      refuse(`format ${view.getUint16(0, true)} with ${view.getUint16(2, true)} bytes a slot is not known`)
    }
    const block = new OpenBlock(Uint8Array.from(bytes))
    const count = view.getUint32(4, true)
    if (block.#rank(OPEN_BLOCK_OFFSETS) !== count) refuse('its bitmap and its count differ')
    if (bytes.length !== block.byteLength) refuse(`${count} predictions take ${block.byteLength} bytes`)
    return block
  }

  /** A copy of exactly the bytes in use. */
  encode(): Uint8Array {
    return this.#bytes.slice(0, this.byteLength)
  }

  get count(): number {
    return this.#view.getUint32(4, true)
  }

  get byteLength(): number {
    return OPEN_BLOCK_HEADER_BYTES + this.count * OPEN_SLOT_BYTES
  }

  /** Places that hold a prediction, ascending. A place is an offset minus `firstOffset`. */
  *places(): Generator<number> {
    for (let place = 0; place < OPEN_BLOCK_OFFSETS; place++) if (this.#has(place)) yield place
  }

  read(place: number): OpenSlot | undefined {
    if (!this.#has(place)) return undefined
    const at = this.#at(place)
    const state = this.#view.getUint8(at + 11)
    const kind = state & 3
    return {
      score: this.#view.getFloat32(at, true),
      eventTimeMs: this.#view.getUint32(at + 4, true) + this.#view.getUint16(at + 8, true) * 2 ** 32,
      decision: this.#view.getUint8(at + 10),
      outcome:
        kind === KIND_INLINE
          ? { label: state >> 2, delayMs: this.#view.getUint32(at + 12, true) }
          : kind === KIND_ELSEWHERE
            ? 'elsewhere'
            : 'none',
    }
  }

  /** Takes a place that is empty. */
  insert(place: number, slot: OpenSlot): void {
    invariant(place >= 0 && place < OPEN_BLOCK_OFFSETS && !this.#has(place), `place ${place} is taken or not there`)
    invariant(slot.eventTimeMs >= 0 && slot.eventTimeMs <= EVENT_TIME_MS_MAX, `event time ${slot.eventTimeMs}`)
    invariant(slot.decision >= 0 && slot.decision <= NO_DECISION, `decision ${slot.decision}`)
    this.#grow()
    const end = this.byteLength
    const at = this.#at(place)
    this.#bytes.copyWithin(at + OPEN_SLOT_BYTES, at, end)
    this.#view.setUint32(4, this.count + 1, true)
    this.#bytes[BITMAP + (place >> 3)]! |= 1 << (place & 7)
    this.#view.setFloat32(at, slot.score, true)
    this.#view.setUint32(at + 4, slot.eventTimeMs % 2 ** 32, true)
    this.#view.setUint16(at + 8, Math.floor(slot.eventTimeMs / 2 ** 32), true)
    this.#view.setUint8(at + 10, slot.decision)
    this.writeOutcome(place, slot.outcome)
  }

  /** Changes what a prediction knows of its outcome. */
  writeOutcome(place: number, outcome: SlotOutcome): void {
    invariant(this.#has(place), `place ${place} holds no prediction`)
    const at = this.#at(place)
    if (typeof outcome === 'string') {
      this.#view.setUint8(at + 11, outcome === 'none' ? KIND_NONE : KIND_ELSEWHERE)
      this.#view.setUint32(at + 12, 0, true)
      return
    }
    const { label, delayMs } = outcome
    invariant(label >= 0 && label < LABELS_MAX && delayMs >= 0 && delayMs <= INLINE_DELAY_MS_MAX, 'outcome too large')
    this.#view.setUint8(at + 11, KIND_INLINE | (label << 2))
    this.#view.setUint32(at + 12, delayMs, true)
  }

  #has(place: number): boolean {
    return (this.#bytes[BITMAP + (place >> 3)]! & (1 << (place & 7))) !== 0
  }

  #at(place: number): number {
    return OPEN_BLOCK_HEADER_BYTES + this.#rank(place) * OPEN_SLOT_BYTES
  }

  /** Predictions before a place. */
  #rank(place: number): number {
    let rank = 0
    for (let word = 0; word < place >> 5; word++) rank += bitCount(this.#view.getUint32(BITMAP + 4 * word, true))
    const rest = place & 31
    if (rest === 0) return rank
    return rank + bitCount(this.#view.getUint32(BITMAP + 4 * (place >> 5), true) & (2 ** rest - 1))
  }

  #grow(): void {
    if (this.byteLength + OPEN_SLOT_BYTES <= this.#bytes.length) return
    const capacity = Math.min(OPEN_BLOCK_OFFSETS, Math.max(FIRST_CAPACITY, 2 * this.count))
    const bytes = new Uint8Array(OPEN_BLOCK_HEADER_BYTES + capacity * OPEN_SLOT_BYTES)
    bytes.set(this.#bytes.subarray(0, this.byteLength))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

/** Set bits of a 32-bit word, added up in parallel (H. S. Warren, Hacker's Delight, 2nd ed., figure 5-2). */
function bitCount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
