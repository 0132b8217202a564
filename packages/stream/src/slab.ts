/**
 * One partition's run of records as one byte buffer plus typed arrays that say where each part lies. Loops work on slabs;
 * no object per record exists.
 *
 * Shape    every array has at least `count` entries; entry `i` describes record `i`, in offset order.
 * Null     a length of -1 is a null key or value; its start is then meaningless.
 * Headers  the header block of a record is the bytes of its headers as in Kafka's record format v2 (per header: varint key
 *          length, key, varint value length or -1, value), without the count, so a block can be copied and appended to.
 * Lifetime a slab stays valid until its offsets have been committed or its partition was sought back; copy what must outlive that.
 */
export interface Slab {
  readonly topic: string
  readonly partition: number
  readonly bytes: Uint8Array
  readonly count: number
  /** Offset of record `i` is `baseOffset + BigInt(offsetDeltas[i])`. */
  readonly baseOffset: bigint
  readonly offsetDeltas: Int32Array
  /** Milliseconds since the Unix epoch; LogAppendTime already applied. */
  readonly timestamps: Float64Array
  readonly keyStarts: Int32Array
  readonly keyLengths: Int32Array
  readonly valueStarts: Int32Array
  readonly valueLengths: Int32Array
  readonly headerStarts: Int32Array
  readonly headerLengths: Int32Array
  readonly headerCounts: Int32Array
  /** Where reading goes on after this slab: past control records, aborted records and compaction gaps. */
  readonly nextOffset: bigint
}

export function slabOffset(slab: Slab, index: number): bigint {
  return slab.baseOffset + BigInt(slab.offsetDeltas[index]!)
}

/** The bytes of a key as a view, `null` for a null key. */
export function slabKey(slab: Slab, index: number): Uint8Array | null {
  const length = slab.keyLengths[index]!
  if (length < 0) return null
  const start = slab.keyStarts[index]!
  return slab.bytes.subarray(start, start + length)
}

/** The bytes of a value as a view, `null` for a tombstone. */
export function slabValue(slab: Slab, index: number): Uint8Array | null {
  const length = slab.valueLengths[index]!
  if (length < 0) return null
  const start = slab.valueStarts[index]!
  return slab.bytes.subarray(start, start + length)
}
