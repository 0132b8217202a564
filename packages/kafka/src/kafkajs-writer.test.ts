import { DependencyError } from '@sluice/contracts'
import { type LogWriter, RecordBatchBuilder, VirtualClock } from '@sluice/stream'
import { beforeEach, describe, expect, test } from 'vitest'
import type { KafkajsBroker, ProtocolRequest } from './kafkajs-types.ts'
import { DELIVERY_TIMEOUT_MS, KafkajsWriter, type ProducerConnection } from './kafkajs-writer.ts'
import type { ProducedPartition } from './produce-request.ts'
import { WireReader } from './wire-reader.ts'

const [NOT_LEADER, MESSAGE_TOO_LARGE, OUT_OF_ORDER] = [6, 10, 45]
const PRODUCER_ID_AT = 43
const BASE_SEQUENCE_AT = 53

interface SentBatch {
  readonly leader: number
  readonly partition: number
  readonly producerId: bigint
  readonly sequence: number
}

type Answer = { readonly errorCode?: number; readonly missing?: boolean; readonly lost?: boolean }

/** Brokers that answer as told: faults that a real one shows too rarely. It reads our requests from their bytes. */
class ScriptedCluster implements ProducerConnection {
  readonly sent: SentBatch[] = []
  readonly leaders = [1, 2, 1]
  resets = 0
  refreshes = 0
  #producers = 100n
  #end = 0n
  answer: (batch: SentBatch, attempt: number) => Answer = () => ({})
  readonly #attempts = new Map<string, number>()

  async anyBroker(): Promise<KafkajsBroker> {
    return this.broker(1)
  }

  async broker(nodeId: number): Promise<KafkajsBroker> {
    const initProducerId = async () => ({ producerId: String(this.#producers++), producerEpoch: 0 })
    return { nodeId, initProducerId } as unknown as KafkajsBroker
  }

  async send<A>({ nodeId }: KafkajsBroker, { request }: ProtocolRequest<A>): Promise<A> {
    const { buffer } = await request.encode()
    const answers: ProducedPartition[] = []
    for (const batch of readRequest(nodeId!, buffer)) {
      this.sent.push(batch)
      const key = `${batch.partition}:${batch.sequence}:${batch.producerId}`
      const attempt = (this.#attempts.get(key) ?? 0) + 1
      this.#attempts.set(key, attempt)
      const { errorCode = 0, missing = false, lost = false } = this.answer(batch, attempt)
      if (lost) throw new Error('Closed connection')
      const baseOffset = errorCode === 0 ? this.#end++ : -1n
      if (!missing) answers.push({ topic: 't', partition: batch.partition, errorCode, baseOffset })
    }
    return answers as A
  }

  async useTopics(): Promise<void> {}
  leaderOf({ partition }: { partition: number }): number | undefined {
    return this.leaders[partition]
  }
  partitionCount(): number {
    return this.leaders.length
  }
  async refresh(): Promise<void> {
    this.refreshes++
  }
  reset(): void {
    this.resets++
  }
  async close(): Promise<void> {}
}

function readRequest(leader: number, buffer: Buffer): SentBatch[] {
  const from = new WireReader(buffer)
  expect([from.string(), from.int16()], 'no transaction, all in-sync replicas').toEqual([null, -1])
  from.int32()
  return from
    .array(() => {
      from.string()
      return from.array(() => {
        const partition = from.int32()
        const bytes = from.bytes()
        const producerId = bytes.readBigInt64BE(PRODUCER_ID_AT)
        return { leader, partition, producerId, sequence: bytes.readInt32BE(BASE_SEQUENCE_AT) }
      })
    })
    .flat()
}

describe('a writer', () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  let cluster: ScriptedCluster
  let clock: VirtualClock
  let writer: KafkajsWriter

  beforeEach(async () => {
    cluster = new ScriptedCluster()
    clock = new VirtualClock()
    writer = new KafkajsWriter({ connection: cluster, clock, logger: silent, onClosed: () => {} })
    await writer.open()
  })

  function append(to: LogWriter, partition: number, records = 1): void {
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < records; i++) builder.add(0)
    to.append('t', partition, builder)
  }

  /** Flushes while virtual time passes; returns the positions or the error. */
  async function flush(limitMs = 2 * DELIVERY_TIMEOUT_MS): Promise<unknown> {
    let outcome: unknown
    void writer.flush().then(
      (positions) => {
        outcome = positions
      },
      (error: unknown) => {
        outcome = error
      },
    )
    await clock.runUntil(() => outcome !== undefined, limitMs)
    return outcome
  }

  test('sends the batches of a partition one after another, those of other partitions beside them', async () => {
    for (const partition of [0, 0, 1, 0]) append(writer, partition, 2)
    expect(await flush()).toHaveLength(4)
    expect(cluster.sent.map(({ leader, partition, sequence }) => [leader, partition, sequence])).toEqual([
      [1, 0, 0],
      [2, 1, 0],
      [1, 0, 2],
      [1, 0, 4],
    ])
  })

  test('does not take a batch for written that the answer leaves out', async () => {
    cluster.answer = ({ partition }, attempt) => ({ missing: partition === 2 && attempt < 3 })
    append(writer, 0)
    append(writer, 2)
    expect(await flush()).toHaveLength(2)
    expect(
      cluster.sent.map(({ partition }) => partition),
      'only the missing one is sent again',
    ).toEqual([0, 2, 2, 2])
    expect(new Set(cluster.sent.map(({ sequence }) => sequence))).toEqual(new Set([0]))
  })

  test('gives up a batch that no answer ever mentions, after the delivery time-out', async () => {
    cluster.answer = ({ partition }) => ({ missing: partition === 2 })
    append(writer, 2)
    const failure = await flush()
    expect(failure).toBeInstanceOf(DependencyError)
    expect(String(failure)).toContain('t/2')
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(DELIVERY_TIMEOUT_MS)
  })

  test('sends again with the same number after a lost answer', async () => {
    cluster.answer = (_, attempt) => ({ lost: attempt === 1 })
    append(writer, 1)
    expect(await flush()).toHaveLength(1)
    const [first, again] = cluster.sent
    expect(again).toEqual(first)
  })

  test('follows a partition to its new leader', async () => {
    cluster.answer = ({ leader, partition }) => {
      if (partition !== 0 || leader === 2) return {}
      cluster.leaders[0] = 2
      return { errorCode: NOT_LEADER! }
    }
    append(writer, 0)
    expect(await flush()).toHaveLength(1)
    expect(cluster.sent.map(({ leader }) => leader)).toEqual([1, 2])
    expect(cluster.refreshes).toBe(1)
  })

  test('fails everything that waits on an error that stays, and starts over under a new identity', async () => {
    cluster.answer = ({ partition, producerId }) => ({
      errorCode: partition === 0 && producerId === 100n ? MESSAGE_TOO_LARGE! : 0,
    })
    for (const partition of [0, 0, 1]) append(writer, partition)
    const failure = await flush()
    expect(failure).toMatchObject({ name: 'DependencyError', next: expect.stringContaining('max.message.bytes') })
    expect(clock.monotonicMs(), 'at once').toBe(0)
    append(writer, 0)
    expect(await flush()).toHaveLength(1)
    expect(cluster.sent.at(-1)).toMatchObject({ partition: 0, producerId: 101n, sequence: 0 })
  })

  test('starts over when the broker has lost track of the numbers', async () => {
    cluster.answer = ({ producerId }) => ({ errorCode: producerId === 100n ? OUT_OF_ORDER! : 0 })
    append(writer, 0)
    expect(await flush()).toBeInstanceOf(DependencyError)
    append(writer, 0)
    expect(await flush()).toHaveLength(1)
  })

  test('makes its connections anew when nothing is answered, and gives up in the end', async () => {
    cluster.answer = () => ({ lost: true })
    append(writer, 0)
    const failure = await flush()
    expect(failure).toMatchObject({ name: 'DependencyError', next: expect.stringContaining('brokers run') })
    expect(cluster.resets).toBeGreaterThan(1)
    const waited = clock.monotonicMs()
    expect(waited >= DELIVERY_TIMEOUT_MS && waited < DELIVERY_TIMEOUT_MS + 2_000).toBe(true)
  })

  test('fails what waits when it is closed', async () => {
    cluster.answer = () => ({ lost: true })
    append(writer, 0)
    const flushed = expect(writer.flush()).rejects.toThrow(DependencyError)
    await clock.advance(100)
    await writer.close()
    await flushed
  })
})
