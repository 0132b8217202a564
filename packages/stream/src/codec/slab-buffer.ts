import type { Slab } from '../slab.ts'
import { Arena } from './arena.ts'

const INITIAL_RECORDS = 1024

/**
 * A slab whose arrays are filled, handed out and filled again. They grow by doubling and never shrink; the decoder bounds
 * them by the bytes of a fetch. Handing it back to the decoder ends the lifetime of what it held.
 */
export class SlabBuffer implements Slab {
  topic = ''
  partition = 0
  bytes: Uint8Array = new Uint8Array(0)
  count = 0
  baseOffset = 0n
  nextOffset = 0n
  offsetDeltas = new Int32Array(INITIAL_RECORDS)
  timestamps = new Float64Array(INITIAL_RECORDS)
  keyStarts = new Int32Array(INITIAL_RECORDS)
  keyLengths = new Int32Array(INITIAL_RECORDS)
  valueStarts = new Int32Array(INITIAL_RECORDS)
  valueLengths = new Int32Array(INITIAL_RECORDS)
  headerStarts = new Int32Array(INITIAL_RECORDS)
  headerLengths = new Int32Array(INITIAL_RECORDS)
  headerCounts = new Int32Array(INITIAL_RECORDS)
  /** Memory for inflated records; `bytes` is either this or the fetched bytes themselves. */
  readonly arena = new Arena()

  /** Forgets what it holds. */
  begin(topic: string, partition: number, fetchOffset: bigint): void {
    this.topic = topic
    this.partition = partition
    this.count = 0
    this.baseOffset = fetchOffset
    this.nextOffset = fetchOffset
    this.arena.reset()
  }

  /** Makes room for `records` records in all, keeping the ones that are there. */
  reserve(records: number): void {
    if (records <= this.offsetDeltas.length) return
    const capacity = Math.max(records, 2 * this.offsetDeltas.length)
    this.offsetDeltas = grownInt32(this.offsetDeltas, capacity)
    this.keyStarts = grownInt32(this.keyStarts, capacity)
    this.keyLengths = grownInt32(this.keyLengths, capacity)
    this.valueStarts = grownInt32(this.valueStarts, capacity)
    this.valueLengths = grownInt32(this.valueLengths, capacity)
    this.headerStarts = grownInt32(this.headerStarts, capacity)
    this.headerLengths = grownInt32(this.headerLengths, capacity)
    this.headerCounts = grownInt32(this.headerCounts, capacity)
    const timestamps = new Float64Array(capacity)
    timestamps.set(this.timestamps)
    this.timestamps = timestamps
  }
}

function grownInt32(array: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(capacity)
  grown.set(array)
  return grown
}
