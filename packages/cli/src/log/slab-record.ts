import { readHeaders, type Slab, slabKey, slabOffset, slabValue } from '@sluice/stream'

/** One record as an object: for people and for few records, never for a loop. */
export interface LogRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** In order; a name may come twice. */
  readonly headers: readonly LogHeader[]
}

export interface LogHeader {
  readonly name: string
  readonly value: Uint8Array | null
}

/** Copies record `index` out of a slab. */
export function slabRecord(slab: Slab, index: number): LogRecord {
  return {
    topic: slab.topic,
    partition: slab.partition,
    offset: slabOffset(slab, index),
    timestampMs: slab.timestamps[index]!,
    key: slabKey(slab, index)?.slice() ?? null,
    value: slabValue(slab, index)?.slice() ?? null,
    headers: slabHeaders(slab, index),
  }
}

function slabHeaders(slab: Slab, index: number): readonly LogHeader[] {
  const headers: LogHeader[] = []
  const { bytes } = slab
  readHeaders(
    bytes,
    slab.headerStarts[index]!,
    slab.headerLengths[index]!,
    slab.headerCounts[index]!,
    (nameStart, nameLength, valueStart, valueLength) => {
      headers.push({
        name: text(bytes.subarray(nameStart, nameStart + nameLength)),
        value: valueLength < 0 ? null : bytes.slice(valueStart, valueStart + valueLength),
      })
      return true
    },
  )
  return headers
}

/** Text of the last header of a name: what Sluice adds comes after what a producer sent. */
export function headerText(record: LogRecord, name: string): string | undefined {
  const value = record.headers.findLast((header) => header.name === name)?.value
  return value === undefined || value === null ? undefined : text(value)
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}
