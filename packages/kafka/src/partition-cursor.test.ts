import { CorruptBatchError, RecordBatchBuilder, type Slab, slabOffset } from '@sluice/stream'
import { expect, test } from 'vitest'
import type { FetchedPartition } from './fetch-request.ts'
import { PartitionCursor, QUEUED_BYTES_MAX } from './partition-cursor.ts'

const WHOLE = Number.MAX_SAFE_INTEGER

/** A batch of `count` records at `baseOffset`, with values of `bytes`. */
function batch(baseOffset: number, count: number, bytes = 1): Buffer {
  const builder = new RecordBatchBuilder({ maxBytes: 100_000_000 })
  for (let i = 0; i < count; i++) {
    builder.value(new Uint8Array(bytes), 0, bytes)
    builder.add(0)
  }
  const sealed = Buffer.from(builder.seal())
  sealed.writeBigInt64BE(BigInt(baseOffset))
  return sealed
}

function answer(...batches: Buffer[]): FetchedPartition {
  const rest = { topic: 't', partition: 0, errorCode: 0, logStartOffset: 0n, abortedTransactions: [] }
  return { ...rest, highWatermark: 1_000n, records: Buffer.concat(batches) }
}

function offsets(slab: Slab | undefined): number[] {
  return slab === undefined ? [] : Array.from({ length: slab.count }, (_, i) => Number(slabOffset(slab, i)))
}

const cursorAt = (offset: number): PartitionCursor => new PartitionCursor({ topic: 't', partition: 0 }, BigInt(offset))

test('answers that came between two polls make one slab, and offsets before the position are left out', () => {
  const cursor = cursorAt(2)
  cursor.accept(answer(batch(0, 4)), 2n)
  cursor.accept(answer(batch(4, 2), batch(6, 1)), 4n)
  expect(cursor.fetchOffset).toBe(7n)
  expect(cursor.position).toBe(2n)
  expect(offsets(cursor.take('read_committed', WHOLE))).toEqual([2, 3, 4, 5, 6])
  expect([cursor.position, cursor.hasQueued, cursor.endOffset]).toEqual([7n, false, 1_000n])
})

test('a slab holds no more answers than fit, and at least one', () => {
  const cursor = cursorAt(0)
  for (const at of [0, 2, 4]) cursor.accept(answer(batch(at, 2, 1_000)), BigInt(at))
  expect(offsets(cursor.take('read_committed', 5_000))).toEqual([0, 1, 2, 3])
  expect(offsets(cursor.take('read_committed', 1))).toEqual([4, 5])
})

test('an answer that a seek overtook is dropped, and what was queued too', () => {
  const cursor = cursorAt(0)
  cursor.accept(answer(batch(0, 2)), 0n)
  cursor.seek(10n)
  cursor.accept(answer(batch(2, 2)), 2n)
  expect([cursor.hasQueued, cursor.fetchOffset, cursor.position]).toEqual([false, 10n, 10n])
  cursor.accept(answer(batch(10, 1)), 10n)
  expect(offsets(cursor.take('read_committed', WHOLE))).toEqual([10])
})

test('a batch that is cut off at the end is fetched again, from its beginning', () => {
  const cursor = cursorAt(0)
  const cut = batch(3, 2).subarray(0, -1)
  cursor.accept(answer(batch(0, 3), cut), 0n)
  expect(cursor.fetchOffset).toBe(3n)
  cursor.accept(answer(cut), 3n)
  expect(cursor.fetchOffset).toBe(3n)
  expect(offsets(cursor.take('read_committed', WHOLE))).toEqual([0, 1, 2])
  expect(cursor.take('read_committed', WHOLE)).toBeUndefined()
})

test('is full at the limit and not before', () => {
  const cursor = cursorAt(0)
  const overhead = batch(0, 1, QUEUED_BYTES_MAX / 2).length - QUEUED_BYTES_MAX / 2
  const almost = batch(0, 1, QUEUED_BYTES_MAX - overhead - 1)
  expect(almost).toHaveLength(QUEUED_BYTES_MAX - 1)
  cursor.accept(answer(almost), 0n)
  expect(cursor.full).toBe(false)
  cursor.accept(answer(batch(1, 1)), 1n)
  expect(cursor.full).toBe(true)
  cursor.take('read_committed', WHOLE)
  expect(cursor.full).toBe(false)
})

test('damage stops the partition until the bytes are fetched again', () => {
  const cursor = cursorAt(0)
  const damaged = batch(0, 1)
  damaged[damaged.length - 2]! ^= 1
  cursor.accept(answer(damaged), 0n)
  expect(() => cursor.take('read_committed', WHOLE)).toThrow(CorruptBatchError)
  cursor.refetch()
  expect([cursor.fetchOffset, cursor.hasQueued]).toEqual([0n, false])
  cursor.accept(answer(batch(0, 1)), 0n)
  expect(offsets(cursor.take('read_committed', WHOLE))).toEqual([0])
})

test('an answer of nothing but aborted records moves the position and may be committed', () => {
  const cursor = cursorAt(0)
  const builder = new RecordBatchBuilder()
  builder.add(0)
  const aborted = Buffer.from(builder.seal({ producerId: 9n, producerEpoch: 0, transactional: true }))
  cursor.accept({ ...answer(aborted), abortedTransactions: [{ producerId: 9n, firstOffset: 0n }] }, 0n)
  expect(cursor.take('read_committed', WHOLE)).toBeUndefined()
  expect([cursor.position, cursor.frontier.committable]).toEqual([1n, 1n])
})
