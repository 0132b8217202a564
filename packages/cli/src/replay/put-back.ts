import { DEAD_LETTER_PREFIX, HEADERS } from '@sluice/contracts'
import { HeaderBlockBuilder, OutputBatches, type UnitOfWork } from '@sluice/stream'
import type { Letter } from './replay-filter.ts'

/** Bytes of a batch's own header beside its records, which `max.message.bytes` counts too. */
const BATCH_SLACK_BYTES = 64

/**
 * Writes dead letters back into their topics: key, value, time and partition as they were, the headers that made them dead
 * letters removed, and one added that says from which dead letter the record came.
 */
export class PutBack {
  readonly #outputs: ReadonlyMap<string, OutputBatches>
  readonly #headers = new HeaderBlockBuilder()

  /** `maxBytes` is `max.message.bytes` of each topic that records may go back to. */
  constructor(maxBytes: ReadonlyMap<string, number>) {
    this.#outputs = new Map(
      [...maxBytes].map(([topic, bytes]) => [topic, new OutputBatches(bytes - BATCH_SLACK_BYTES)]),
    )
  }

  begin(work: UnitOfWork): void {
    for (const outputs of this.#outputs.values()) outputs.begin(work)
  }

  /** False when the record is larger than its topic takes. */
  add({ record, topic, partition, timestampMs }: Letter): boolean {
    const headers = this.#headers
    headers.clear()
    for (const { name, value } of record.headers) {
      if (!name.startsWith(DEAD_LETTER_PREFIX) && name !== HEADERS.replay) headers.binary(name, value)
    }
    headers.text(HEADERS.replay, `${record.partition}:${record.offset}`)
    const keyLength = record.key?.length ?? -1
    const valueLength = record.value?.length ?? -1
    const builder = this.#outputs.get(topic)!.room(topic, partition, keyLength, valueLength, headers.length)
    if (builder === undefined) return false
    builder.key(record.key ?? NOTHING, 0, keyLength)
    builder.value(record.value ?? NOTHING, 0, valueLength)
    builder.extraHeaders(headers)
    builder.add(timestampMs)
    return true
  }

  flush(): void {
    for (const outputs of this.#outputs.values()) outputs.flush()
  }
}

const NOTHING = new Uint8Array(0)
