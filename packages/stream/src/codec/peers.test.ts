import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BatchDecoder } from './batch-decoder.ts'
import { COMPRESSIONS, type Compression } from './batch-layout.ts'
import { decodeWithKafkajs, encodeWithKafkajs } from './peers/kafkajs-codec.ts'
import {
  addPlain,
  anyRecords,
  anyTimestamp,
  closeTimestamp,
  type PlainRecord,
  plainRecords,
} from './peers/plain-record.ts'
import { decodeWithPlatformatic, encodeWithPlatformatic } from './peers/platformatic-codec.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { SlabBuffer } from './slab-buffer.ts'

const SEED = 20260902
const RUNS = 30
const KAFKAJS_COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4'] as const
const slab = new SlabBuffer()
const builder = new RecordBatchBuilder({ initialBytes: 100, maxBytes: 8 * 1024 * 1024 })

function decode(batch: Uint8Array): PlainRecord[] {
  const options = { topic: 't', partition: 0, fetchOffset: 0n, isolation: 'read_committed' } as const
  return plainRecords(new BatchDecoder().decode(batch, options, slab))
}

function encode(records: readonly PlainRecord[], compression: Compression): Uint8Array {
  builder.reset()
  addPlain(builder, records)
  return builder.seal({ compression })
}

describe('other clients write, we read', () => {
  it.each(KAFKAJS_COMPRESSIONS)('kafkajs, %s', async (compression) => {
    const property = fc.asyncProperty(anyRecords(anyTimestamp), async (records) => {
      expect(decode(await encodeWithKafkajs(records, compression))).toEqual(records)
    })
    await fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it.each(COMPRESSIONS)('@platformatic/kafka, %s', (compression) => {
    const property = fc.property(anyRecords(closeTimestamp), (records) => {
      expect(decode(encodeWithPlatformatic(records, compression))).toEqual(records)
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })
})

describe('we write, other clients read', () => {
  it.each(KAFKAJS_COMPRESSIONS)('kafkajs, %s', async (compression) => {
    const property = fc.asyncProperty(anyRecords(anyTimestamp), async (records) => {
      expect(await decodeWithKafkajs(encode(records, compression))).toEqual(records)
    })
    await fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it.each(COMPRESSIONS)('@platformatic/kafka, %s', (compression) => {
    const property = fc.property(anyRecords(anyTimestamp), (records) => {
      expect(decodeWithPlatformatic(encode(records, compression))).toEqual(records)
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })
})

describe('we write, we read', () => {
  it.each(COMPRESSIONS)('%s', (compression) => {
    const property = fc.property(anyRecords(anyTimestamp), (records) => {
      expect(decode(encode(records, compression))).toEqual(records)
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })
})
