import { readFileSync } from 'node:fs'
import { type EndpointTopics, invariant } from '@sluice/contracts'
import { partitionOfKey } from '@sluice/routing'
import { type LogWriter, OutputBatches, type RecordBatchBuilder, type UnitOfWork } from '@sluice/stream'
import avsc from 'avsc'

/** Largest batch the demo writes, in bytes. */
const BATCH_BYTES_MAX = 262_144
/** Magic byte and schema id before an Avro value. */
const FRAME_BYTES = 5

/** A real customer, ready to be sent: key and Avro value in the registry's frame. */
interface EncodedCustomer {
  readonly key: Uint8Array
  readonly partition: number
  readonly value: Uint8Array
}

/**
 * Sends held-out customers of the churn example as events, in file order, again from the start when they are through.
 * `occurredAt` is the time of sending: the data set has none.
 */
export class DemoCustomers {
  readonly count: number
  readonly #customers: readonly (Record<string, unknown> & { readonly customerId: string })[]
  readonly #schemaId: number
  readonly #type: avsc.Type
  readonly #topics: EndpointTopics
  readonly #partitions: number
  readonly #writer: LogWriter
  readonly #batches = new OutputBatches(BATCH_BYTES_MAX)
  #next = 0

  constructor(options: {
    readonly file: string
    readonly schema: object
    readonly schemaId: number
    readonly topics: EndpointTopics
    readonly partitions: number
    readonly writer: LogWriter
  }) {
    this.#customers = readFileSync(options.file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    invariant(this.#customers.length > 0, `${options.file} has no customers`)
    this.count = this.#customers.length
    this.#schemaId = options.schemaId
    this.#type = avsc.Type.forSchema(options.schema as avsc.Schema)
    this.#topics = options.topics
    this.#partitions = options.partitions
    this.#writer = options.writer
  }

  /** Sends the next `count` customers and resolves when the log has acknowledged them. */
  async send(count: number, nowMs: number): Promise<void> {
    this.#batches.begin(this.#asWork())
    for (let i = 0; i < count; i++) {
      const { key, value, partition } = this.#encode(this.#customers[this.#next]!, nowMs)
      this.#next = (this.#next + 1) % this.count
      const builder = this.#batches.room(this.#topics.events, partition, key.length, value.length, 0)
      invariant(builder !== undefined, 'a customer is smaller than a batch')
      builder.key(key, 0, key.length)
      builder.value(value, 0, value.length)
      builder.add(nowMs)
    }
    this.#batches.flush()
    await this.#writer.flush()
  }

  /** The demo consumes nothing, so its batches go to the writer as they are. */
  #asWork(): Pick<UnitOfWork, 'append'> {
    return {
      append: (topic: string, partition: number, batch: RecordBatchBuilder) =>
        this.#writer.append(topic, partition, batch),
    }
  }

  #encode(customer: Record<string, unknown> & { readonly customerId: string }, nowMs: number): EncodedCustomer {
    const key = new TextEncoder().encode(customer.customerId)
    const body = this.#type.toBuffer({ ...customer, occurredAt: nowMs })
    const value = Buffer.alloc(FRAME_BYTES + body.length)
    value.writeInt32BE(this.#schemaId, 1)
    body.copy(value, FRAME_BYTES)
    return { key, value, partition: partitionOfKey(key, this.#partitions) }
  }
}
