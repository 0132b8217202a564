import { createRecordsBatch, Reader, readRecordsBatches } from '@platformatic/kafka'
import type { Compression } from '../batch-layout.ts'
import { hex, type PlainRecord, unhex } from './plain-record.ts'

export function encodeWithPlatformatic(records: readonly PlainRecord[], compression: Compression = 'none'): Buffer {
  return createRecordsBatch(
    records.map(({ timestampMs, key, value, headers }) => ({
      topic: 't',
      timestamp: BigInt(timestampMs),
      key: unhex(key) as Buffer,
      value: unhex(value) as Buffer,
      headers: new Map(headers.map(([name, header]) => [Buffer.from(name), unhex(header)!])),
    })),
    compression === 'none' ? {} : { compression },
  ).buffer
}

export function decodeWithPlatformatic(batches: Uint8Array): PlainRecord[] {
  return readRecordsBatches(Reader.from(Buffer.from(batches))).flatMap(({ firstOffset, firstTimestamp, records }) =>
    records.map(({ offsetDelta, timestampDelta, key, value, headers }) => ({
      offset: String(firstOffset + BigInt(offsetDelta)),
      timestampMs: Number(firstTimestamp + timestampDelta),
      key: hex(key),
      value: hex(value),
      headers: headers.map(([name, header]): [string, string | null] => [String(name), hex(header)]),
    })),
  )
}
