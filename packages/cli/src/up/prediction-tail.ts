import type { EndpointTopics } from '@sluice/contracts'
import type { Log, LogReader, Slab } from '@sluice/stream'
import { slabKey } from '@sluice/stream'
import avsc from 'avsc'
import type { SeenPrediction } from './prediction-stats.ts'

/** Bytes of the registry's frame before an Avro value. */
const FRAME_BYTES = 5
const POLL_MS = 100

interface PredictionValue {
  readonly predictionId: string
  readonly eventId: string
  readonly version: number
  readonly variant: string
  readonly mode: 'live' | 'shadow'
  readonly score: number
  readonly decision: string
  readonly eventTime: number
}

/** Follows the predictions and shadows of an endpoint as a consumer would, from the newest on. */
export class PredictionTail {
  readonly #reader: LogReader
  readonly #type: avsc.Type
  readonly #visit: (prediction: SeenPrediction) => void

  private constructor(reader: LogReader, schema: object, visit: (prediction: SeenPrediction) => void) {
    this.#reader = reader
    this.#type = avsc.Type.forSchema(schema as avsc.Schema)
    this.#visit = visit
  }

  static async open(
    log: Log,
    topics: EndpointTopics,
    partitions: number,
    schema: object,
    visit: (prediction: SeenPrediction) => void,
  ): Promise<PredictionTail> {
    const reader = await log.openReader({
      partitions: [topics.predictions, topics.shadows].flatMap((topic) =>
        Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 'latest' as const })),
      ),
      isolation: 'read_committed',
    })
    return new PredictionTail(reader, schema, visit)
  }

  /** Reads until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const slab of await this.#reader.poll({ maxWaitMs: POLL_MS, signal })) this.#read(slab)
    }
  }

  async close(): Promise<void> {
    await this.#reader.close()
  }

  #read(slab: Slab): void {
    const bytes = Buffer.from(slab.bytes.buffer, slab.bytes.byteOffset, slab.bytes.byteLength)
    for (let i = 0; i < slab.count; i++) {
      const start = slab.valueStarts[i]! + FRAME_BYTES
      const value = this.#type.fromBuffer(
        bytes.subarray(start, slab.valueStarts[i]! + slab.valueLengths[i]!),
      ) as PredictionValue
      const key = slabKey(slab, i)
      this.#visit({
        predictionId: value.predictionId,
        eventId: value.eventId,
        key: key === null ? '(none)' : Buffer.from(key).toString(),
        version: value.version,
        variant: value.variant,
        mode: value.mode,
        score: value.score,
        decision: value.decision,
        eventTimeMs: value.eventTime,
        latencyMs: slab.timestamps[i]! - value.eventTime,
      })
    }
  }
}
