import { InvariantError } from '@sluice/contracts'
import { describe, expect, it } from 'vitest'
import { BatchDecoder } from './batch-decoder.ts'
import { BATCH } from './batch-layout.ts'
import { HeaderBlockBuilder } from './header-block.ts'
import { decodeWithKafkajs } from './peers/kafkajs-codec.ts'
import { addPlain, type PlainRecord, plainRecords } from './peers/plain-record.ts'
import { BatchFullError, RecordBatchBuilder } from './record-batch-builder.ts'

const OPTIONS = { topic: 't', partition: 0, fetchOffset: 0n, isolation: 'read_committed' } as const
const T0 = 1_700_000_000_000
const bytes = new Uint8Array(70_000).fill(65)

function decode(batch: Uint8Array): PlainRecord[] {
  return plainRecords(new BatchDecoder().decode(batch, OPTIONS))
}

function addValue(builder: RecordBatchBuilder, length: number): void {
  builder.value(bytes, 0, length)
  builder.add(T0)
}

describe('a record batch builder', () => {
  it('forgets the parts of a record once it is added', () => {
    const builder = new RecordBatchBuilder()
    builder.key(bytes, 0, 3)
    builder.value(bytes, 0, 2)
    builder.extraHeaders(new HeaderBlockBuilder().text('a', '1'))
    builder.add(T0)
    builder.add(T0 + 1)
    expect(decode(builder.seal())).toEqual([
      { offset: '0', timestampMs: T0, key: '414141', value: '4141', headers: [['a', '31']] },
      { offset: '1', timestampMs: T0 + 1, key: null, value: null, headers: [] },
    ])
  })

  it('puts copied headers first and extra blocks in the order of the calls', () => {
    const builder = new RecordBatchBuilder()
    const copied = new HeaderBlockBuilder().text('copied', '1')
    const first = new HeaderBlockBuilder().text('first', '2').text('second', '3')
    const last = new HeaderBlockBuilder().text('last', '4')
    const source = new Uint8Array([1, 2, ...copied.bytes.subarray(0, copied.length), 3])
    builder.extraHeaders(first)
    builder.headers(source, 2, copied.length, 1)
    builder.extraHeaders(last)
    builder.add(T0)
    const names = decode(builder.seal())[0]!.headers.map(([name]) => name)
    expect(names).toEqual(['copied', 'first', 'second', 'last'])
  })

  it('takes a header block that changed since the last record', () => {
    const builder = new RecordBatchBuilder()
    const block = new HeaderBlockBuilder()
    for (const text of ['short', 'longer than thirty-two bytes, so that it is copied by words', 'x'.repeat(5000)]) {
      block.clear()
      block.text('h', text)
      builder.extraHeaders(block)
      builder.add(T0)
    }
    expect(decode(builder.seal()).map(({ headers }) => Buffer.from(headers[0]![1]!, 'hex').length)).toEqual([
      5, 59, 5000,
    ])
  })

  it('writes every length of a record right, however wide its varint is', async () => {
    const builder = new RecordBatchBuilder({ maxBytes: 2_000_000 })
    const lengths = [
      ...Array.from({ length: 90 }, (_, i) => i),
      ...Array.from({ length: 40 }, (_, i) => 8160 + i),
      65_536,
    ]
    for (const length of lengths) addValue(builder, length)
    const read = await decodeWithKafkajs(builder.seal())
    expect(read.map(({ value }) => value!.length / 2)).toEqual(lengths)
  })

  it('says in byteLength what seal will give', () => {
    const builder = new RecordBatchBuilder()
    expect(builder.byteLength).toBe(BATCH.records)
    addPlain(builder, [{ offset: '0', timestampMs: T0, key: '00', value: '0102', headers: [['a', null]] }])
    expect(builder.seal()).toHaveLength(builder.byteLength)
  })

  it('writes the batch header of an idempotent or transactional producer, again after a change of epoch', () => {
    const builder = new RecordBatchBuilder()
    addValue(builder, 3)
    builder.seal({ producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: true })
    const batch = builder.seal({ producerId: 2n ** 40n, producerEpoch: 513, baseSequence: 70_000, transactional: true })
    const view = new DataView(batch.buffer, batch.byteOffset)
    expect(view.getBigInt64(BATCH.producerId)).toBe(2n ** 40n)
    expect(view.getInt16(BATCH.producerEpoch)).toBe(513)
    expect(view.getInt32(BATCH.baseSequence)).toBe(70_000)
    expect(view.getInt16(BATCH.attributes)).toBe(0x10)
    expect(decode(batch)).toHaveLength(1)
  })

  it('keeps a batch uncompressed when compression would make it larger', () => {
    const builder = new RecordBatchBuilder()
    addValue(builder, 1)
    expect(builder.seal({ compression: 'gzip' })).toEqual(builder.seal())
    addValue(builder, 5000)
    expect(builder.seal({ compression: 'gzip' }).length).toBeLessThan(builder.byteLength / 10)
  })

  it('begins anew after reset and keeps its memory', () => {
    const builder = new RecordBatchBuilder({ initialBytes: 200 })
    addValue(builder, 1000)
    builder.key(bytes, 0, 5)
    builder.reset()
    expect(builder.count).toBe(0)
    addValue(builder, 1)
    expect(decode(builder.seal())).toEqual([{ offset: '0', timestampMs: T0, key: null, value: '41', headers: [] }])
  })

  it('keeps the widest differences of timestamps', () => {
    const builder = new RecordBatchBuilder()
    const times = [0, Number.MAX_SAFE_INTEGER, -1, T0]
    for (const time of times) builder.add(time)
    expect(decode(builder.seal()).map(({ timestampMs }) => timestampMs)).toEqual(times)
  })

  it.each([Number.NaN, 1.5, Number.POSITIVE_INFINITY, 2 ** 53])('refuses the timestamp %d', (timestampMs) => {
    expect(() => new RecordBatchBuilder().add(timestampMs)).toThrow(/timestampMs/)
  })

  it('refuses to seal nothing', () => {
    expect(() => new RecordBatchBuilder().seal()).toThrow(InvariantError)
  })

  it.each([
    { maxBytes: 61 },
    { maxBytes: 2 ** 31 },
    { maxBytes: 100.5 },
    { initialBytes: 60 },
    { initialBytes: 1001, maxBytes: 1000 },
  ])('refuses the limits %o', (options) => {
    expect(() => new RecordBatchBuilder(options)).toThrow(RangeError)
  })
})

describe('the limit of a batch', () => {
  // One record of no key, 92 bytes of value and no headers: 2 + 1 + 1 + 1 + 1 + 2 + 92 + 1 bytes.
  const RECORD = 101
  const VALUE = 92

  it('takes a record that fills it to the last byte', () => {
    const builder = new RecordBatchBuilder({ maxBytes: BATCH.records + 2 * RECORD })
    addValue(builder, VALUE)
    addValue(builder, VALUE)
    expect(builder.byteLength).toBe(builder.maxBytes)
    expect(decode(builder.seal())).toHaveLength(2)
  })

  it('refuses a record that is one byte too long and stays as it was', () => {
    const builder = new RecordBatchBuilder({ maxBytes: BATCH.records + 2 * RECORD - 1 })
    addValue(builder, VALUE)
    const before = builder.seal().slice()
    expect(() => addValue(builder, VALUE)).toThrow(BatchFullError)
    expect(builder.count).toBe(1)
    expect(builder.seal()).toEqual(before)
    addValue(builder, VALUE - 1)
    expect(decode(builder.seal())).toHaveLength(2)
  })

  it('refuses a record far larger than itself without growing to its size', () => {
    const builder = new RecordBatchBuilder({ maxBytes: 1000 })
    expect(() => addValue(builder, 70_000)).toThrow(BatchFullError)
    expect(builder.fits(-1, 70_000, 0)).toBe(false)
  })

  it('never refuses what fits() allowed, and fits() wastes at most the widest varints', () => {
    const headers = new HeaderBlockBuilder().text('a', 'b')
    for (let valueLength = 0; valueLength < 400; valueLength += 7) {
      const builder = new RecordBatchBuilder({ maxBytes: 2000 })
      builder.add(0)
      while (builder.fits(5, valueLength, headers.length)) {
        builder.key(bytes, 0, 5)
        builder.value(bytes, 0, valueLength)
        builder.extraHeaders(headers)
        builder.add(Number.MAX_SAFE_INTEGER)
      }
      expect(builder.maxBytes - builder.byteLength).toBeLessThan(36 + 5 + valueLength + headers.length)
    }
  })
})
