import { createRequire } from 'node:module'
import type { Compression } from '../batch-layout.ts'
import { hex, type PlainRecord, unhex } from './plain-record.ts'

/** The codec inside kafkajs: the client itself offers no way to it. */
const require = createRequire(import.meta.url)
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0')
const Record = require('kafkajs/src/protocol/recordBatch/record/v0')
const Decoder = require('kafkajs/src/protocol/decoder')
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder')
const { CompressionCodecs, CompressionTypes } = require('kafkajs')
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
const lz4 = require('lz4-napi')
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: (encoder: { readonly buffer: Buffer }) => lz4.compressFrame(encoder.buffer),
  decompress: (bytes: Buffer) => lz4.decompressFrame(bytes),
})

const TYPES: { readonly [name in Exclude<Compression, 'zstd'>]: number } = { none: 0, gzip: 1, snappy: 2, lz4: 3 }
/** kafkajs has no zstd of its own. */
export type KafkajsCompression = keyof typeof TYPES

export async function encodeWithKafkajs(
  records: readonly PlainRecord[],
  compression: KafkajsCompression = 'none',
): Promise<Buffer> {
  const firstTimestamp = records[0]!.timestampMs
  const batch = await RecordBatch({
    compression: TYPES[compression],
    firstTimestamp,
    maxTimestamp: Math.max(...records.map(({ timestampMs }) => timestampMs)),
    lastOffsetDelta: records.length - 1,
    records: records.map(({ timestampMs, key, value, headers }, i) =>
      Record({
        offsetDelta: i,
        timestampDelta: timestampMs - firstTimestamp,
        key: unhex(key),
        value: unhex(value),
        headers: Object.fromEntries(headers.map(([name, header]) => [name, unhex(header)])),
      }),
    ),
  })
  return batch.buffer
}

interface KafkajsRecord {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: { readonly [name: string]: Buffer }
}

export async function decodeWithKafkajs(batch: Uint8Array): Promise<PlainRecord[]> {
  const { records } = await decodeBatch(new Decoder(Buffer.from(batch)))
  return records.map(({ offset, timestamp, key, value, headers }: KafkajsRecord) => ({
    offset,
    timestampMs: Number(timestamp),
    key: hex(key),
    value: hex(value),
    headers: Object.entries(headers).map(([name, header]) => [name, hex(header)]),
  }))
}
