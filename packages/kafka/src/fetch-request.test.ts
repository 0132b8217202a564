import { RecordBatchBuilder } from '@sluice/stream'
import kafkajsRequest from 'kafkajs/src/protocol/requests/fetch/v11/request.js'
import kafkajsResponse from 'kafkajs/src/protocol/requests/fetch/v11/response.js'
import { expect, test } from 'vitest'
import { type FetchAnswer, fetchRequest } from './fetch-request.ts'
import { WireWriter } from './wire-writer.ts'

const LIMITS = { maxWaitMs: 50, maxBytes: 8_000_000, maxPartitionBytes: 1_000_000 }
const positions = [
  { topic: 'a', partition: 3, offset: 2n ** 53n + 1n },
  { topic: 'b', partition: 0, offset: 0n },
  { topic: 'a', partition: 1, offset: 7n },
]

test.each([
  { isolation: 'read_committed', isolationLevel: 1 },
  { isolation: 'read_uncommitted', isolationLevel: 0 },
] as const)('asks for $isolation records as kafkajs does', async ({ isolation, isolationLevel }) => {
  const encode = kafkajsRequest as (options: object) => { encode(): Promise<{ buffer: Buffer }> }
  const partition = (n: number, offset: bigint) => ({ partition: n, fetchOffset: String(offset), maxBytes: 1_000_000 })
  const theirs = await encode({
    replicaId: -1,
    maxWaitTime: 50,
    minBytes: 1,
    maxBytes: 8_000_000,
    isolationLevel,
    topics: [
      { topic: 'a', partitions: [partition(3, positions[0]!.offset), partition(1, 7n)] },
      { topic: 'b', partitions: [partition(0, 0n)] },
    ],
  }).encode()
  const { request } = fetchRequest(positions, isolation, LIMITS)
  expect((await request.encode()).buffer.toString('hex')).toBe(theirs.buffer.toString('hex'))
  expect([request.apiKey, request.apiVersion]).toEqual([1, 11])
})

test('reads the answer that kafkajs reads, and leaves the records alone', async () => {
  const builder = new RecordBatchBuilder()
  builder.add(1_000)
  const records = builder.seal()
  const payload = answerOf(records)
  const ours = await fetchRequest(positions, 'read_committed', LIMITS).response.decode(payload)
  const theirs = await (kafkajsResponse as { decode(payload: Buffer): Promise<KafkajsAnswer> }).decode(payload)
  expect(plain(ours)).toEqual(
    theirs.responses.flatMap(({ topicName, partitions }) =>
      partitions.map(({ partition, errorCode, highWatermark, lastStartOffset, abortedTransactions }) => ({
        ...{ topic: topicName, partition, errorCode, highWatermark, logStartOffset: lastStartOffset },
        abortedTransactions,
      })),
    ),
  )
  expect(ours.partitions[0]!.records).toEqual(Buffer.from(records))
  expect(ours.partitions[1]!.records).toHaveLength(0)
})

interface KafkajsAnswer {
  readonly responses: readonly {
    readonly topicName: string
    readonly partitions: readonly {
      readonly partition: number
      readonly errorCode: number
      readonly highWatermark: string
      readonly lastStartOffset: string
      readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[]
    }[]
  }[]
}

function plain({ partitions }: FetchAnswer): object[] {
  return partitions.map(({ topic, partition, errorCode, highWatermark, logStartOffset, abortedTransactions }) => ({
    ...{ topic, partition, errorCode, highWatermark: String(highWatermark), logStartOffset: String(logStartOffset) },
    abortedTransactions: abortedTransactions.map(({ producerId, firstOffset }) => ({
      producerId: String(producerId),
      firstOffset: String(firstOffset),
    })),
  }))
}

/** Throttle time, error, session, then per topic and partition: ids, offsets, aborted transactions, replica, records. */
function answerOf(records: Uint8Array): Buffer {
  const to = new WireWriter()
  to.int32(0).int16(0).int32(0)
  to.array(['a', 'b'], (topic) => {
    to.string(topic).array([topic === 'a' ? 3 : 0], (partition) => {
      to.int32(partition).int16(partition === 0 ? 6 : 0)
      to.int64(2n ** 53n + 10n)
        .int64(99n)
        .int64(5n)
      to.array(topic === 'a' ? [1n, 2n ** 62n] : [], (id) => to.int64(id).int64(id + 3n))
      to.int32(-1)
      if (topic === 'a') to.bytes(records)
      else to.int32(-1)
    })
  })
  return to.finish().buffer
}
