import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { type Slab, slabOffset, slabValue } from '../slab.ts'
import { BatchDecoder, type DecodeOptions } from './batch-decoder.ts'
import { type BatchFaultCode, CorruptBatchError } from './batch-fault.ts'
import { BATCH } from './batch-layout.ts'
import { concat, editBatch, placeBatch } from './peers/edit-batch.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { SlabBuffer } from './slab-buffer.ts'

const T0 = 1_700_000_000_000
const FROM_START: DecodeOptions = { topic: 't', partition: 3, fetchOffset: 0n, isolation: 'read_committed' }

function batchOf(...values: readonly string[]): Uint8Array {
  const builder = new RecordBatchBuilder()
  for (const value of values) {
    const bytes = new TextEncoder().encode(value)
    builder.value(bytes, 0, bytes.length)
    builder.add(T0)
  }
  return builder.seal()
}

function decode(bytes: Uint8Array, options: Partial<DecodeOptions> = {}): Slab {
  return new BatchDecoder().decode(bytes, { ...FROM_START, ...options })
}

function valuesOf(slab: Slab): (string | null)[] {
  return Array.from({ length: slab.count }, (_, i) => {
    const value = slabValue(slab, i)
    return value && Buffer.from(value).toString()
  })
}

function faultOf(bytes: Uint8Array, options: Partial<DecodeOptions> = {}): BatchFaultCode {
  try {
    decode(bytes, options)
  } catch (error) {
    if (error instanceof CorruptBatchError) return error.code
    throw error
  }
  throw new Error('nothing was refused')
}

const first = batchOf('a', 'b')
const second = placeBatch(batchOf('c', 'd', 'e'), 2n)

describe('a fetch', () => {
  it('may be empty', () => {
    const slab = decode(new Uint8Array(0), { fetchOffset: 5n })
    expect([slab.count, slab.nextOffset]).toEqual([0, 5n])
  })

  it('becomes one slab of all its batches', () => {
    const slab = decode(concat(first, second))
    expect(valuesOf(slab)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect([slab.topic, slab.partition, slab.baseOffset, slab.nextOffset]).toEqual(['t', 3, 0n, 5n])
    expect(slabOffset(slab, 4)).toBe(4n)
  })

  it('without compression is not copied', () => {
    const fetched = concat(first, second)
    expect(decode(fetched).bytes).toBe(fetched)
    const buffer = Buffer.from(fetched)
    expect(decode(buffer).bytes.buffer).toBe(buffer.buffer)
  })

  it('may end anywhere within its last batch', () => {
    for (let cut = 0; cut < second.length; cut++) {
      const slab = decode(concat(first, second.subarray(0, cut)))
      expect(valuesOf(slab), `cut at ${cut}`).toEqual(['a', 'b'])
      expect(slab.nextOffset).toBe(2n)
    }
  })

  it('must hold its first batch whole, or reading would never go on', () => {
    for (let cut = 1; cut < first.length; cut++) {
      expect(faultOf(first.subarray(0, cut)), `cut at ${cut}`).toBe('E_BATCH_TRUNCATED')
    }
    // A batch in front of the position is no progress either.
    expect(faultOf(concat(first, second.subarray(0, 70)), { fetchOffset: 2n })).toBe('E_BATCH_TRUNCATED')
  })

  it('may begin in the middle of a batch', () => {
    const slab = decode(concat(first, second), { fetchOffset: 3n })
    expect(valuesOf(slab)).toEqual(['d', 'e'])
    expect([slab.baseOffset, slabOffset(slab, 0), slab.nextOffset]).toEqual([3n, 3n, 5n])
  })

  it('reuses the arrays of a slab that is handed back, and nothing of the old content shows', () => {
    const slab = new SlabBuffer()
    const decoder = new BatchDecoder()
    const many = batchOf(...Array.from({ length: 3000 }, (_, i) => String(i)))
    decoder.decode(many, FROM_START, slab)
    const { offsetDeltas, timestamps } = slab
    expect(valuesOf(slab)[2999]).toBe('2999')
    expect(decoder.decode(first, FROM_START, slab)).toBe(slab)
    expect([slab.offsetDeltas, slab.timestamps]).toEqual([offsetDeltas, timestamps])
    expect(slab.offsetDeltas).toBe(offsetDeltas)
    expect(valuesOf(slab)).toEqual(['a', 'b'])
  })
})

describe('a slab ends early', () => {
  const far = (baseOffset: bigint): Slab => decode(concat(first, placeBatch(batchOf('x', 'y'), baseOffset)))

  it('not as long as the last delta fits into 32 bits', () => {
    const slab = far(2n ** 31n - 2n)
    expect(slabOffset(slab, 3)).toBe(2n ** 31n - 1n)
    expect(slab.nextOffset).toBe(2n ** 31n)
  })

  it('when the last delta does not fit into 32 bits, and goes on from there', () => {
    const fetched = concat(first, placeBatch(batchOf('x', 'y'), 2n ** 31n - 1n))
    const slab = decode(fetched)
    expect([valuesOf(slab), slab.nextOffset]).toEqual([['a', 'b'], 2n])
    const rest = decode(fetched, { fetchOffset: slab.nextOffset })
    expect([valuesOf(rest), slabOffset(rest, 1)]).toEqual([['x', 'y'], 2n ** 31n])
  })
})

describe('a bad batch', () => {
  const flipped = (batch: Uint8Array, at: number): Uint8Array => {
    const copy = new Uint8Array(batch)
    copy[at]! ^= 0x10
    return copy
  }

  it('is reported with its place and the reason', () => {
    const error = (() => {
      try {
        return decode(flipped(second, 70), { fetchOffset: 3n })
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(CorruptBatchError)
    expect(error).toMatchObject({ topic: 't', partition: 3, baseOffset: 2n, position: 3n, code: 'E_BATCH_CHECKSUM' })
    expect((error as Error).message).toMatch(/^t\/3: the record batch at offset 2 cannot be read: the CRC-32C/)
  })

  it('lets everything in front of it through first, and nothing behind it', () => {
    const fetched = concat(first, flipped(second, 70), placeBatch(batchOf('z'), 5n))
    const decoder = new BatchDecoder()
    const slab = decoder.decode(fetched, FROM_START)
    expect([valuesOf(slab), slab.nextOffset]).toEqual([['a', 'b'], 2n])
    expect(() => decoder.decode(fetched, { ...FROM_START, fetchOffset: 2n })).toThrow(CorruptBatchError)
    // The second fetch may bring sound bytes: damage on the way heals.
    expect(valuesOf(decoder.decode(second, { ...FROM_START, fetchOffset: 2n }))).toEqual(['c', 'd', 'e'])
  })

  const length = (by: number) => (view: DataView) => view.setInt32(BATCH.length, view.getInt32(BATCH.length) + by)
  const set16 = (at: number, value: number) => (view: DataView) => view.setInt16(at, value)
  const set32 = (at: number, value: number) => (view: DataView) => view.setInt32(at, value)
  // Record 0 of `second` begins at byte 61: length 7 (0e), attributes, timestamp, offset, key -1 (01), value 1 (02), c, headers.
  const set8 = (at: number, value: number) => (view: DataView) => view.setUint8(at, value)

  it.each<[string, (view: DataView) => void, BatchFaultCode]>([
    ['a length below a header', set32(BATCH.length, 48), 'E_BATCH_LENGTH'],
    ['a negative length', set32(BATCH.length, -1), 'E_BATCH_LENGTH'],
    ['a length that cuts the last record', length(-1), 'E_BATCH_CHECKSUM'],
    ['magic 0', set8(BATCH.magic, 0), 'E_BATCH_MAGIC'],
    ['magic 1', set8(BATCH.magic, 1), 'E_BATCH_MAGIC'],
    ['magic 3', set8(BATCH.magic, 3), 'E_BATCH_MAGIC'],
    ['codec 5', set16(BATCH.attributes, 5), 'E_BATCH_CODEC'],
    ['gzip that is none', set16(BATCH.attributes, 1), 'E_BATCH_COMPRESSED_DATA'],
    ['a negative base offset', (view) => view.setBigInt64(0, -1n), 'E_BATCH_HEADER'],
    ['a negative last offset', set32(BATCH.lastOffsetDelta, -1), 'E_BATCH_HEADER'],
    ['a negative count', set32(BATCH.recordCount, -1), 'E_BATCH_HEADER'],
    ['more records than offsets', set32(BATCH.lastOffsetDelta, 1), 'E_BATCH_HEADER'],
    [
      'more records than bytes',
      (view) => [BATCH.lastOffsetDelta, BATCH.recordCount].map((at) => view.setInt32(at, 2 ** 30)),
      'E_BATCH_HEADER',
    ],
    [
      'one record more than there is',
      (view) => [BATCH.lastOffsetDelta, BATCH.recordCount].map((at) => view.setInt32(at, 4)),
      'E_BATCH_HEADER',
    ],
    ['one record fewer than there are', set32(BATCH.recordCount, 2), 'E_BATCH_RECORD'],
    ['a record that is longer than the batch', set8(61, 0x7e), 'E_BATCH_RECORD'],
    ['a record that is shorter than its parts', set8(61, 0x0c), 'E_BATCH_RECORD'],
    ['a negative record length', set8(61, 0x0d), 'E_BATCH_RECORD'],
    [
      'a record length that does not end',
      (view) => [61, 62, 63, 64, 65].map((at) => view.setUint8(at, 0x80)),
      'E_BATCH_RECORD',
    ],
    ['an offset beyond the last one', set8(64, 0x06), 'E_BATCH_RECORD'],
    ['a negative offset delta', set8(64, 0x01), 'E_BATCH_RECORD'],
    ['an offset that does not rise', set8(72, 0x00), 'E_BATCH_RECORD'],
    ['a value that runs out of the record', set8(66, 0x04), 'E_BATCH_RECORD'],
    ['a negative header count', set8(68, 0x01), 'E_BATCH_RECORD'],
    ['headers that are not there', set8(68, 0x02), 'E_BATCH_RECORD'],
  ])('is refused: %s', (_, edit, code) => {
    expect(faultOf(editBatch(second, edit), { fetchOffset: 2n })).toBe(code)
  })

  it('is refused: one that begins before the end of the batch in front', () => {
    const slab = decode(concat(first, placeBatch(second, 1n)))
    expect([valuesOf(slab), slab.nextOffset]).toEqual([['a', 'b'], 2n])
    expect(faultOf(concat(first, placeBatch(second, 1n)), { fetchOffset: 2n })).toBe('E_BATCH_OFFSET_ORDER')
  })

  it.each([0, 1])('is refused: a message set in format v%i, written by kafkajs', async (version) => {
    const require = createRequire(import.meta.url)
    const MessageSet = require('kafkajs/src/protocol/messageSet')
    const messages = [{ key: 'k', value: 'v' }]
    const set = MessageSet({ messageVersion: version, entries: messages })
    expect(faultOf(set.buffer)).toBe('E_BATCH_MAGIC')
  })
})

describe('oddities that the Java client reads too', () => {
  it('any negative length is null', () => {
    const batch = editBatch(second, (view) => {
      view.setUint8(61 + 4, 0x09)
    })
    expect(decode(batch, { fetchOffset: 2n }).keyLengths[0]).toBe(-1)
  })

  it('timestamps of 64 bits become numbers that can be written again', () => {
    for (const [timestamp, expected] of [
      [2n ** 62n, Number.MAX_SAFE_INTEGER],
      [-(2n ** 62n), Number.MIN_SAFE_INTEGER],
      [-1n, -1],
    ] as const) {
      const slab = decode(editBatch(first, (view) => view.setBigInt64(BATCH.baseTimestamp, timestamp)))
      expect(slab.timestamps[0]).toBe(expected)
      const builder = new RecordBatchBuilder()
      builder.add(slab.timestamps[0]!)
      expect(decode(builder.seal()).timestamps[0]).toBe(expected)
    }
  })
})

describe('a decoder', () => {
  it.each([0, -1, 1.5, 2 ** 31])('refuses %d as the limit of inflated bytes', (maxInflatedBytes) => {
    expect(() => new BatchDecoder({ maxInflatedBytes })).toThrow(RangeError)
  })
})
