import { BatchDecoder, RecordBatchBuilder } from '@sluice/stream'
import KafkajsDecoder from 'kafkajs/src/protocol/decoder.js'
import decodeRecordBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js'
import { expect, test } from 'vitest'
import { nextSequence, type SealedBatch, SequenceBook } from './sequence-book.ts'

const first = { producerId: 4_000_000_000_001n, producerEpoch: 0 }
const second = { producerId: 7n, producerEpoch: 3 }

function builderOf(count: number): RecordBatchBuilder {
  const builder = new RecordBatchBuilder()
  for (let i = 0; i < count; i++) builder.add(i)
  return builder
}

/** The header as kafkajs reads it. */
async function stampOf({
  bytes,
}: SealedBatch): Promise<{ producerId: string; producerEpoch: number; sequence: number }> {
  const Decoder = KafkajsDecoder as new (buffer: Buffer) => unknown
  const batch = await (decodeRecordBatch as (decoder: unknown) => Promise<Record<string, never>>)(
    new Decoder(Buffer.from(bytes)),
  )
  const { producerId, producerEpoch, firstSequence } = batch
  return { producerId: producerId!, producerEpoch: producerEpoch!, sequence: firstSequence! }
}

function checksumHolds({ topic, partition, bytes, count }: SealedBatch): boolean {
  const slab = new BatchDecoder().decode(bytes, { topic, partition, fetchOffset: 0n, isolation: 'read_uncommitted' })
  return slab.count === count
}

test('batches of a partition are numbered through, each partition for itself', async () => {
  const book = new SequenceBook()
  book.begin(first)
  const batches = [book.seal('t', 0, builderOf(3)), book.seal('t', 1, builderOf(1)), book.seal('t', 0, builderOf(2))]
  for (const batch of batches) {
    const sealed = batch.bytes.slice()
    book.stamp(batch)
    expect(batch.bytes, 'sealed with the right number at once').toEqual(sealed)
    book.acknowledge(batch)
  }
  const producerId = String(first.producerId)
  expect(await Promise.all(batches.map(stampOf))).toEqual([
    { producerId, producerEpoch: 0, sequence: 0 },
    { producerId, producerEpoch: 0, sequence: 0 },
    { producerId, producerEpoch: 0, sequence: 3 },
  ])
})

test('a batch that is sent again keeps its number', async () => {
  const book = new SequenceBook()
  book.begin(first)
  const batch = book.seal('t', 0, builderOf(3))
  book.stamp(batch)
  const sent = batch.bytes.slice()
  book.stamp(batch)
  expect(batch.bytes).toEqual(sent)
})

test('what was dropped leaves no gap: later batches are stamped anew, with a valid checksum', async () => {
  const book = new SequenceBook()
  book.begin(first)
  const dropped = book.seal('t', 0, builderOf(5))
  const kept = book.seal('t', 0, builderOf(2))
  book.drop(dropped)
  book.stamp(kept)
  expect((await stampOf(kept)).sequence).toBe(0)
  expect(checksumHolds(kept)).toBe(true)
  book.acknowledge(kept)
  const next = book.seal('t', 0, builderOf(1))
  expect((await stampOf(next)).sequence, 'the expectation is right again').toBe(2)
})

test('a new identity starts over, also for batches sealed before it', async () => {
  const book = new SequenceBook()
  book.begin(first)
  const sent = book.seal('t', 0, builderOf(2))
  book.stamp(sent)
  book.acknowledge(sent)
  const waiting = book.seal('t', 0, builderOf(1))
  book.begin(undefined)
  const between = book.seal('t', 0, builderOf(4))
  book.begin(second)
  for (const batch of [waiting, between]) {
    book.stamp(batch)
    book.acknowledge(batch)
    expect(checksumHolds(batch)).toBe(true)
  }
  expect(await stampOf(waiting)).toEqual({ producerId: '7', producerEpoch: 3, sequence: 0 })
  expect(await stampOf(between)).toEqual({ producerId: '7', producerEpoch: 3, sequence: 1 })
})

test.each([
  [0, 1, 1],
  [2_147_483_646, 1, 2_147_483_647],
  [2_147_483_647, 1, 0],
  [2_147_483_645, 5, 2],
])('after %i come %i records and then %i', (sequence, count, next) => {
  expect(nextSequence(sequence, count)).toBe(next)
})
