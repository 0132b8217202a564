import { crc32c, partitionName, type RecordBatchBuilder, type TopicPartition } from '@sluice/stream'

/** Who writes, as the broker gave it out. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A sealed batch and the identity and sequence number it was sealed with. */
export interface SealedBatch extends TopicPartition {
  readonly bytes: Uint8Array
  readonly count: number
  identity: ProducerIdentity | undefined
  sequence: number
}

/** Byte positions in the record batch format v2 (Kafka protocol, "Record Batch"); the checksum covers from `attributes` on. */
const CHECKSUM_AT = 17
const ATTRIBUTES_AT = 21
const PRODUCER_ID_AT = 43
const PRODUCER_EPOCH_AT = 51
const BASE_SEQUENCE_AT = 53
const INT32_MAX = 0x7fff_ffff

/**
 * Sequence numbers of an idempotent producer, one series per partition. A batch is sealed when it is appended, with the
 * number it will have if everything sealed before it is sent; when that turns out wrong (a unit of work was given up, the
 * identity changed), the batch is stamped anew before it is sent.
 */
export class SequenceBook {
  #identity: ProducerIdentity | undefined
  readonly #series = new Map<string, { expected: number; sent: number; sealed: number }>()

  get identity(): ProducerIdentity | undefined {
    return this.#identity
  }

  /** Starts all series over under a new identity; `undefined` until there is one. */
  begin(identity: ProducerIdentity | undefined): void {
    this.#identity = identity
    for (const series of this.#series.values()) {
      series.expected = 0
      series.sent = 0
    }
  }

  seal(topic: string, partition: number, builder: RecordBatchBuilder): SealedBatch {
    const series = this.#seriesOf({ topic, partition })
    // What was sealed and dropped leaves a gap in what is expected; with nothing on the way it can be closed.
    if (series.sealed === 0) series.expected = series.sent
    const sequence = series.expected
    const { count } = builder
    series.expected = nextSequence(sequence, count)
    series.sealed++
    const identity = this.#identity
    const bytes = builder.seal(identity === undefined ? {} : { ...identity, baseSequence: sequence }).slice()
    return { topic, partition, bytes, count, identity, sequence }
  }

  /** The batch will not be sent. */
  drop(batch: SealedBatch): void {
    this.#seriesOf(batch).sealed--
  }

  /** The batch is sent now, for the first time or again under a new identity: gives it its final number. */
  stamp(batch: SealedBatch): void {
    const identity = this.#identity!
    const series = this.#seriesOf(batch)
    if (batch.identity !== identity || batch.sequence !== series.sent) {
      batch.identity = identity
      batch.sequence = series.sent
      restamp(batch)
    }
  }

  /** The broker has the batch. */
  acknowledge(batch: SealedBatch): void {
    const series = this.#seriesOf(batch)
    series.sent = nextSequence(batch.sequence, batch.count)
    series.sealed--
  }

  #seriesOf(partition: TopicPartition): { expected: number; sent: number; sealed: number } {
    const name = partitionName(partition)
    let series = this.#series.get(name)
    if (series === undefined) {
      series = { expected: 0, sent: 0, sealed: 0 }
      this.#series.set(name, series)
    }
    return series
  }
}

/** Sequence numbers start over at 0 after the largest int32. */
export function nextSequence(sequence: number, count: number): number {
  return sequence > INT32_MAX - count ? count - (INT32_MAX - sequence) - 1 : sequence + count
}

function restamp({ bytes, identity, sequence }: SealedBatch): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setBigInt64(PRODUCER_ID_AT, identity!.producerId)
  view.setInt16(PRODUCER_EPOCH_AT, identity!.producerEpoch)
  view.setInt32(BASE_SEQUENCE_AT, sequence)
  view.setUint32(CHECKSUM_AT, crc32c(bytes, ATTRIBUTES_AT, bytes.length))
}
