import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Isolation } from '../log.ts'
import { type Slab, slabKey, slabOffset, slabValue } from '../slab.ts'
import { BatchDecoder } from './batch-decoder.ts'
import { readHeaders } from './read-headers.ts'
import { SlabBuffer } from './slab-buffer.ts'

type Bytes = string | null
type ExpectedRecord = readonly [
  offset: string,
  timestampMs: number,
  key: Bytes,
  value: Bytes,
  headers: readonly (readonly [Bytes, Bytes])[],
]

interface Vector {
  readonly name: string
  readonly log: string
  readonly fetches: readonly {
    readonly offset: string
    readonly isolation: Isolation
    readonly bytes: readonly [number, number]
    readonly aborted: readonly (readonly [string, string])[]
    readonly records: readonly ExpectedRecord[]
    readonly next: string
  }[]
}

const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('./fixtures/record-batch-vectors.json', import.meta.url), 'utf8'),
)

/** As RecordBatchVectors.java writes bytes. */
function quoted(bytes: Uint8Array | null): Bytes {
  if (bytes === null) return null
  return bytes.length > 100 ? `#${bytes.length}:${crc32(bytes).toString(16)}` : Buffer.from(bytes).toString('base64')
}

function recordsOf(slab: Slab): ExpectedRecord[] {
  return Array.from({ length: slab.count }, (_, i) => {
    const headers: [Bytes, Bytes][] = []
    const visit = (nameStart: number, nameLength: number, valueStart: number, valueLength: number): boolean => {
      const value = valueLength < 0 ? null : slab.bytes.subarray(valueStart, valueStart + valueLength)
      headers.push([quoted(slab.bytes.subarray(nameStart, nameStart + nameLength)), quoted(value)])
      return true
    }
    readHeaders(slab.bytes, slab.headerStarts[i]!, slab.headerLengths[i]!, slab.headerCounts[i]!, visit)
    const { timestamps } = slab
    return [String(slabOffset(slab, i)), timestamps[i]!, quoted(slabKey(slab, i)), quoted(slabValue(slab, i)), headers]
  })
}

describe('what the Java client wrote is read as the Java client reads it', () => {
  const slab = new SlabBuffer()
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const log = Buffer.from(vector.log, 'base64')
    expect(vector.fetches.length).toBeGreaterThan(0)
    for (const fetch of vector.fetches) {
      const decoded = new BatchDecoder().decode(
        log.subarray(...fetch.bytes),
        {
          topic: 't',
          partition: 3,
          fetchOffset: BigInt(fetch.offset),
          isolation: fetch.isolation,
          abortedTransactions: fetch.aborted.map(([producerId, firstOffset]) => ({
            producerId: BigInt(producerId),
            firstOffset: BigInt(firstOffset),
          })),
        },
        slab,
      )
      expect(recordsOf(decoded), `from ${fetch.offset}`).toEqual(fetch.records)
      expect(decoded.nextOffset, `next after ${fetch.offset}`).toBe(BigInt(fetch.next))
    }
  })
})
