import { hash } from 'node:crypto'

/** Where an event lies in the endpoint's events topic. */
export interface JoinEvent {
  readonly partition: number
  readonly offset: bigint
}

/** Bytes of one entry: hash 8, offset 8, partition 4, link 4, and on average 4 to 8 of the table of heads. */
export const POSITION_ENTRY_BYTES = 32

const FIRST_CAPACITY = 16
const NONE = -1

/** Plain data of an index. */
export interface PositionIndexSnapshot {
  readonly hashes: Uint8Array
  readonly offsets: Uint8Array
  readonly partitions: Uint8Array
}

/**
 * Events by a text that producers chose: entity key or CloudEvents id. The texts themselves are not kept, only 64 bits
 * of their SHA-256: among a million different keys two share them with probability 3e-8.
 */
export class PositionIndex {
  #count = 0
  #hashes = new BigUint64Array(FIRST_CAPACITY)
  #offsets = new BigInt64Array(FIRST_CAPACITY)
  #partitions = new Int32Array(FIRST_CAPACITY)
  #links = new Int32Array(FIRST_CAPACITY)
  #heads = new Int32Array(FIRST_CAPACITY).fill(NONE)

  get count(): number {
    return this.#count
  }

  add(text: string, event: JoinEvent): void {
    this.#append(hashOf(text), event.offset, event.partition)
  }

  /** All events of a text, in no particular order. */
  *events(text: string): Generator<JoinEvent> {
    const wanted = hashOf(text)
    for (let i = this.#heads[this.#bucket(wanted)]!; i !== NONE; i = this.#links[i]!) {
      if (this.#hashes[i] === wanted) yield { partition: this.#partitions[i]!, offset: this.#offsets[i]! }
    }
  }

  /** An index of the events that are to be kept. */
  filter(keep: (event: JoinEvent) => boolean): PositionIndex {
    const kept = new PositionIndex()
    for (let i = 0; i < this.#count; i++) {
      const event = { partition: this.#partitions[i]!, offset: this.#offsets[i]! }
      if (keep(event)) kept.#append(this.#hashes[i]!, event.offset, event.partition)
    }
    return kept
  }

  snapshot(): PositionIndexSnapshot {
    return {
      hashes: bytesOf(this.#hashes.slice(0, this.#count)),
      offsets: bytesOf(this.#offsets.slice(0, this.#count)),
      partitions: bytesOf(this.#partitions.slice(0, this.#count)),
    }
  }

  static restore(snapshot: PositionIndexSnapshot): PositionIndex {
    const index = new PositionIndex()
    // Copies, because a view of 64-bit numbers must start at a multiple of 8 and the given bytes may not.
    const hashes = new BigUint64Array(Uint8Array.from(snapshot.hashes).buffer)
    const offsets = new BigInt64Array(Uint8Array.from(snapshot.offsets).buffer)
    const partitions = new Int32Array(Uint8Array.from(snapshot.partitions).buffer)
    for (let i = 0; i < hashes.length; i++) index.#append(hashes[i]!, offsets[i]!, partitions[i]!)
    return index
  }

  #append(hashed: bigint, offset: bigint, partition: number): void {
    if (this.#count === this.#hashes.length) this.#grow()
    const i = this.#count++
    this.#hashes[i] = hashed
    this.#offsets[i] = offset
    this.#partitions[i] = partition
    this.#link(i)
  }

  #link(i: number): void {
    const bucket = this.#bucket(this.#hashes[i]!)
    this.#links[i] = this.#heads[bucket]!
    this.#heads[bucket] = i
  }

  /** The capacity is a power of two, so the low bits choose the bucket. */
  #bucket(hashed: bigint): number {
    return Number(hashed & 0xffffffffn) & (this.#heads.length - 1)
  }

  #grow(): void {
    const capacity = 2 * this.#hashes.length
    const [hashes, offsets, partitions] = [this.#hashes, this.#offsets, this.#partitions]
    this.#hashes = new BigUint64Array(capacity)
    this.#offsets = new BigInt64Array(capacity)
    this.#partitions = new Int32Array(capacity)
    this.#hashes.set(hashes)
    this.#offsets.set(offsets)
    this.#partitions.set(partitions)
    this.#links = new Int32Array(capacity)
    this.#heads = new Int32Array(capacity).fill(NONE)
    for (let i = 0; i < this.#count; i++) this.#link(i)
  }
}

function hashOf(text: string): bigint {
  return hash('sha256', text, 'buffer').readBigUInt64LE(0)
}

function bytesOf(values: BigUint64Array | BigInt64Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
