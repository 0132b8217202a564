import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { deflateRawSync, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Arena } from './arena.ts'
import { BatchDecoder } from './batch-decoder.ts'
import { BatchFault, type BatchFaultCode } from './batch-fault.ts'
import { COMPRESSIONS, type Compression } from './batch-layout.ts'
import { deflate } from './deflate.ts'
import { inflate } from './inflate.ts'
import { concat, placeBatch } from './peers/edit-batch.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'

const require = createRequire(import.meta.url)
const snappyjs: { compress(bytes: Buffer): Buffer; uncompress(bytes: Buffer): Buffer } = require('snappyjs')
const kafkajsSnappy = require('kafkajs-snappy')()
const lz4: {
  compressFrameSync(bytes: Buffer, options?: { contentChecksum?: boolean; blockChecksums?: boolean }): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
} = require('lz4-napi')

const SEED = 20260905
const CODECS = COMPRESSIONS.filter((name) => name !== 'none')
const NO_LIMIT = 2 ** 30

function inflated(compression: Compression, bytes: Uint8Array, limit = NO_LIMIT): Buffer {
  const arena = new Arena()
  arena.append(new Uint8Array([1, 2, 3]))
  inflate(compression, concat(new Uint8Array(5), bytes, new Uint8Array(5)), 5, 5 + bytes.length, arena, limit)
  return Buffer.from(arena.bytes.slice(3, arena.length))
}

function deflated(compression: Compression, bytes: Uint8Array): Buffer {
  const arena = new Arena()
  deflate(compression, concat(new Uint8Array(7), bytes, new Uint8Array(7)), 7, 7 + bytes.length, arena)
  return Buffer.from(arena.bytes.slice(0, arena.length))
}

function faultOf(run: () => unknown): BatchFaultCode {
  try {
    run()
  } catch (error) {
    if (error instanceof BatchFault) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}

/** Bytes with repetitions at all distances, and runs that no encoder can shorten. */
const anyInput = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 }))
        .map(([unit, times]) => Buffer.concat(Array.from({ length: times }, () => unit))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts))

const noise = Buffer.from(
  Uint8Array.from(
    { length: 200_000 },
    (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) ^ (Math.imul(i + 7, 40503) >>> 5),
  ),
)
const text = Buffer.from('the quick brown fox jumps over the lazy dog. '.repeat(6000))
const LARGE = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from([7])],
  ['a run of 300 KB', Buffer.alloc(300_000, 1)],
  ['text of 270 KB', text],
  ['noise of 200 KB', noise],
  ['text behind noise', Buffer.concat([noise.subarray(0, 70_000), text])],
  ['exactly one block of snappy', noise.subarray(0, 32 * 1024)],
  ['exactly one block of lz4', noise.subarray(0, 64 * 1024)],
] as const

const ENCODERS: { readonly [name in Exclude<Compression, 'none'>]: (bytes: Buffer) => Buffer } = {
  gzip: (bytes) => gzipSync(bytes),
  snappy: (bytes) => snappyjs.compress(bytes),
  lz4: (bytes) => lz4.compressFrameSync(bytes, { contentChecksum: true, blockChecksums: true }),
  zstd: (bytes) => zstdCompressSync(bytes),
}
const DECODERS: { readonly [name in Exclude<Compression, 'none'>]: (bytes: Buffer) => Promise<Buffer> } = {
  gzip: async (bytes) => gunzipSync(bytes),
  snappy: (bytes) => kafkajsSnappy.decompress(bytes),
  lz4: async (bytes) => lz4.decompressFrameSync(bytes),
  zstd: async (bytes) => zstdDecompressSync(bytes),
}

describe.each(CODECS)('%s', (compression) => {
  it.each(LARGE)('inflates what another encoder made: %s', (_, input) => {
    expect(inflated(compression, ENCODERS[compression](input)).equals(input)).toBe(true)
  })

  it.each(LARGE)('deflates so that another decoder reads it: %s', async (_, input) => {
    // Some decoders take nothing for an error; no batch is empty.
    if (input.length === 0) return
    const output = deflated(compression, input)
    expect((await DECODERS[compression](output)).equals(input)).toBe(true)
    expect(inflated(compression, output).equals(input)).toBe(true)
  })

  it('inflates and deflates any bytes as others do', async () => {
    const property = fc.asyncProperty(anyInput, async (input) => {
      expect(inflated(compression, ENCODERS[compression](input)).equals(input)).toBe(true)
      const output = deflated(compression, input)
      expect(inflated(compression, output).equals(input)).toBe(true)
      if (input.length > 0) expect((await DECODERS[compression](output)).equals(input)).toBe(true)
    })
    await fc.assert(property, { seed: SEED, numRuns: 60 })
  })

  it('stops at the limit and not before it', () => {
    for (const input of [text, noise]) {
      const bytes = ENCODERS[compression](input)
      expect(inflated(compression, bytes, input.length).equals(input)).toBe(true)
      expect(faultOf(() => inflated(compression, bytes, input.length - 1))).toBe('E_BATCH_INFLATED_TOO_LARGE')
      expect(faultOf(() => inflated(compression, bytes, 0))).toBe('E_BATCH_INFLATED_TOO_LARGE')
    }
  })

  it('refuses bytes that are cut off anywhere', () => {
    const bytes = ENCODERS[compression](Buffer.from('abcdabcdabcdabcdabcdabcd, and then something else'))
    for (let cut = 0; cut < bytes.length; cut++) {
      // Without its trailing checksum an lz4 frame is still cut off; nothing at all is an empty lz4 stream.
      if (compression === 'lz4' && cut === 0) continue
      expect(
        faultOf(() => inflated(compression, bytes.subarray(0, cut))),
        `cut at ${cut}`,
      ).toBe('E_BATCH_COMPRESSED_DATA')
    }
  })

  it('never does worse than refuse damaged bytes, and never passes its limit', () => {
    const limit = 4096
    const bytes = ENCODERS[compression](Buffer.concat([text.subarray(0, 1500), noise.subarray(0, 300)]))
    const damage = fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(bytes)
        for (const [at, value] of changes) damaged[at] = value
        try {
          expect(inflated(compression, damaged, limit).length).toBeLessThanOrEqual(limit)
        } catch (error) {
          if (!(error instanceof BatchFault)) throw error
        }
      }),
      { seed: SEED, numRuns: 1500 },
    )
  })

  it('refuses noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          inflated(compression, bytes, 1000)
        } catch (error) {
          if (!(error instanceof BatchFault)) throw error
        }
      }),
      { seed: SEED, numRuns: 1500 },
    )
  })
})

describe('framing', () => {
  it('snappy: raw and in the blocks of the Java client', () => {
    const raw = snappyjs.compress(text)
    const head = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
    const size = Buffer.alloc(4)
    size.writeInt32BE(raw.length)
    expect(inflated('snappy', raw).equals(text)).toBe(true)
    expect(inflated('snappy', Buffer.concat([head, size, raw, size, raw])).equals(Buffer.concat([text, text]))).toBe(
      true,
    )
    size.writeInt32BE(-1)
    expect(faultOf(() => inflated('snappy', Buffer.concat([head, size, raw])))).toBe('E_BATCH_COMPRESSED_DATA')
  })

  it('snappy: a claimed length that its bytes cannot hold reserves no memory', () => {
    const claim = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x02, 0x00])
    expect(faultOf(() => inflated('snappy', claim, 2 ** 30))).toBe('E_BATCH_COMPRESSED_DATA')
    expect(faultOf(() => inflated('snappy', claim, 1000))).toBe('E_BATCH_INFLATED_TOO_LARGE')
  })

  it('lz4: frames one after another', () => {
    const frame = lz4.compressFrameSync(text)
    expect(inflated('lz4', Buffer.concat([frame, frame])).equals(Buffer.concat([text, text]))).toBe(true)
  })

  it('lz4: blocks that reach back into the one before (lz4 -B4 -BD, version 1.9.4)', () => {
    const input = Buffer.from(Array.from({ length: 9000 }, (_, i) => `line ${i % 300}\n`).join('')).subarray(0, 70_000)
    const recorded = readFileSync(new URL('./fixtures/linked-blocks.lz4', import.meta.url))
    expect(recorded[4]! & 0x20).toBe(0)
    expect(inflated('lz4', recorded).equals(input)).toBe(true)
  })

  it('gzip: raw deflate without its frame is refused', () => {
    expect(faultOf(() => inflated('gzip', deflateRawSync(text)))).toBe('E_BATCH_COMPRESSED_DATA')
  })
})

describe('a Node.js without zstd', () => {
  it('says which one to run', async () => {
    vi.resetModules()
    vi.doMock('node:zlib', async (original) => ({
      ...(await original<typeof import('node:zlib')>()),
      zstdCompressSync: undefined,
      zstdDecompressSync: undefined,
    }))
    const without = { ...(await import('./inflate.ts')), ...(await import('./deflate.ts')) }
    vi.doUnmock('node:zlib')
    const bytes = zstdCompressSync(text)
    expect(() => without.inflate('zstd', bytes, 0, bytes.length, new Arena(), NO_LIMIT)).toThrow(/Node.js 22.15/)
    expect(() => without.deflate('zstd', text, 0, text.length, new Arena())).toThrow(/Node.js 22.15/)
  })
})

describe('the limit of a slab', () => {
  const VALUE = 10_000
  const FROM_START = { topic: 't', partition: 0, fetchOffset: 0n, isolation: 'read_committed' } as const
  const batchAt = (compression: Compression, baseOffset: bigint): Uint8Array => {
    const builder = new RecordBatchBuilder()
    builder.value(new Uint8Array(VALUE), 0, VALUE)
    builder.add(0)
    return placeBatch(builder.seal({ compression }), baseOffset)
  }
  // Length 3, attributes, timestamp, offset and key of 1 each, value length 3, headers 1.
  const INFLATED = VALUE + 11

  it.each(CODECS)('%s: a batch may fill it, and one byte more is an error', (compression) => {
    const batch = batchAt(compression, 0n)
    expect(new BatchDecoder({ maxInflatedBytes: INFLATED }).decode(batch, FROM_START).count).toBe(1)
    expect(() => new BatchDecoder({ maxInflatedBytes: INFLATED - 1 }).decode(batch, FROM_START)).toThrow(
      /maxInflatedBytes/,
    )
  })

  it.each(CODECS)('%s: a second batch that does not fit waits for the next slab', (compression) => {
    const fetched = concat(batchAt(compression, 0n), batchAt('none', 1n), batchAt(compression, 2n))
    const whole = new BatchDecoder({ maxInflatedBytes: 2 * INFLATED }).decode(fetched, FROM_START)
    expect([whole.count, whole.nextOffset]).toEqual([3, 3n])
    const decoder = new BatchDecoder({ maxInflatedBytes: 2 * INFLATED - 1 })
    const slab = decoder.decode(fetched, FROM_START)
    // What is not compressed does not count.
    expect([slab.count, slab.nextOffset]).toEqual([2, 2n])
    expect(decoder.decode(fetched, { ...FROM_START, fetchOffset: 2n }).count).toBe(1)
  })
})
