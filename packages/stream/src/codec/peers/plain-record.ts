import fc from 'fast-check'
import { type Slab, slabKey, slabOffset, slabValue } from '../../slab.ts'
import { HeaderBlockBuilder } from '../header-block.ts'
import { readHeaders } from '../read-headers.ts'
import type { RecordBatchBuilder } from '../record-batch-builder.ts'

/** A record as an object, for comparing codecs. Bytes are hexadecimal so that differences print legibly. */
export interface PlainRecord {
  readonly offset: string
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

export function hex(bytes: Uint8Array | null | undefined): string | null {
  return bytes == null ? null : Buffer.from(bytes).toString('hex')
}

export function unhex(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'hex')
}

export function plainRecords(slab: Slab): PlainRecord[] {
  return Array.from({ length: slab.count }, (_, i) => {
    const headers: [string, string | null][] = []
    readHeaders(
      slab.bytes,
      slab.headerStarts[i]!,
      slab.headerLengths[i]!,
      slab.headerCounts[i]!,
      (nameStart, nameLength, valueStart, valueLength) => {
        const name = Buffer.from(slab.bytes.subarray(nameStart, nameStart + nameLength)).toString()
        headers.push([name, valueLength < 0 ? null : hex(slab.bytes.subarray(valueStart, valueStart + valueLength))])
        return true
      },
    )
    return {
      offset: String(slabOffset(slab, i)),
      timestampMs: slab.timestamps[i]!,
      key: hex(slabKey(slab, i)),
      value: hex(slabValue(slab, i)),
      headers,
    }
  })
}

/** Adds records to a builder; the parts come from one buffer at odd positions, as they do from a slab. */
export function addPlain(builder: RecordBatchBuilder, records: readonly PlainRecord[]): void {
  for (const { timestampMs, key, value, headers } of records) {
    const keyBytes = unhex(key) ?? Buffer.alloc(0)
    const valueBytes = unhex(value) ?? Buffer.alloc(0)
    const source = new Uint8Array(Buffer.concat([Buffer.from([7]), keyBytes, valueBytes, Buffer.from([9])]))
    builder.key(source, 1, key === null ? -1 : keyBytes.length)
    builder.value(source, 1 + keyBytes.length, value === null ? -1 : valueBytes.length)
    if (headers.length > 0) {
      const copied = headersBlock(headers.slice(0, 1))
      builder.headers(copied.bytes, 0, copied.length, copied.count)
      builder.extraHeaders(headersBlock(headers.slice(1)))
    }
    builder.add(timestampMs)
  }
}

export function headersBlock(headers: PlainRecord['headers']): HeaderBlockBuilder {
  const block = new HeaderBlockBuilder()
  for (const [name, value] of headers) block.binary(name, unhex(value))
  return block
}

const T0 = 1_700_000_000_000
const anyBytes = fc
  .oneof(
    { weight: 6, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    { weight: 2, arbitrary: fc.uint8Array({ minLength: 40, maxLength: 80 }) },
    // Around the lengths where a varint grows by a byte.
    { weight: 1, arbitrary: fc.integer({ min: 8150, max: 8200 }).map((length) => new Uint8Array(length).fill(length)) },
  )
  .map((bytes) => Buffer.from(bytes).toString('hex'))

/** Any timestamp that a number holds exactly. */
export const anyTimestamp = fc.oneof(
  fc.integer({ min: T0, max: T0 + 100_000 }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
)
/** @platformatic/kafka 2.12.1 writes differences of 2^31 ms and more wrongly. */
export const closeTimestamp = fc.integer({ min: T0, max: T0 + 2 ** 31 - 1 })

/**
 * Records with consecutive offsets from 0. Header names are distinct and have a hyphen: kafkajs keeps headers in an object,
 * where a name like "constructor" meets an inherited property and a number loses its place.
 */
export function anyRecords(timestamp: fc.Arbitrary<number>): fc.Arbitrary<PlainRecord[]> {
  const headers = fc.uniqueArray(fc.tuple(fc.stringMatching(/^x-[a-zäöü]{0,9}$/), anyBytes), {
    maxLength: 4,
    selector: ([name]) => name,
  })
  const record = fc.record({ timestampMs: timestamp, key: fc.option(anyBytes), value: fc.option(anyBytes), headers })
  return fc
    .array(record, { minLength: 1, maxLength: 150, size: 'large' })
    .map((records) => records.map((one, i) => ({ offset: String(i), ...one })))
}
