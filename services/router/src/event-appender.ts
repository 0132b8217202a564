import type { Clock } from '@sluice/contracts'
import { partitionOfKey } from '@sluice/routing'
import { RequestRefused } from '@sluice/runtime'
import { type HeaderBlock, type LogWriter, RecordBatchBuilder } from '@sluice/stream'

/** Most events that wait for the log at one time; beyond, requests are refused rather than queued. */
export const MAX_WAITING_EVENTS = 10_000

export interface AppendedEvent {
  readonly partition: number
  readonly offset: bigint
}

export interface EventToAppend {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly headers: HeaderBlock
}

interface Waiting {
  readonly events: readonly EventToAppend[]
  readonly positions: AppendedEvent[]
  readonly resolve: (positions: readonly AppendedEvent[]) => void
  readonly reject: (error: unknown) => void
}

interface Slot {
  readonly waiting: Waiting
  readonly index: number
}

export interface EventAppenderOptions {
  readonly writer: LogWriter
  readonly topic: string
  readonly partitions: number
  readonly clock: Clock
  /** Largest batch that the topic accepts, in bytes. */
  readonly maxBatchBytes: number
}

/**
 * Appends events to a topic and tells where each came to lie. While one batch is on its way to the log, what arrives is
 * gathered for the next: requests share round trips, and one at a time is in flight, so positions belong to their requests.
 */
export class EventAppender {
  readonly #options: EventAppenderOptions
  readonly #empty: RecordBatchBuilder
  #waiting: Waiting[] = []
  #waitingEvents = 0
  #isWriting = false

  constructor(options: EventAppenderOptions) {
    this.#options = options
    this.#empty = new RecordBatchBuilder({ maxBytes: options.maxBatchBytes })
  }

  /**
   * Resolves with the positions, in the order of the events, once all are acknowledged. Rejects with RequestRefused when an
   * event is too large or too many wait, and with the log's DependencyError: then some of the events may have been written.
   */
  async append(events: readonly EventToAppend[]): Promise<readonly AppendedEvent[]> {
    for (const { key, value, headers } of events) {
      if (this.#empty.fits(key.length, value.length, headers.length)) continue
      throw new RequestRefused(
        413,
        'event-too-large',
        'inputs',
        `inputs: an event of ${value.length} bytes does not fit into the log; send fewer or shorter fields`,
      )
    }
    if (this.#waitingEvents + events.length > MAX_WAITING_EVENTS) {
      throw new RequestRefused(
        503,
        'overloaded',
        '',
        `${this.#waitingEvents} events wait for the log; try again later, nothing was recorded`,
      )
    }
    this.#waitingEvents += events.length
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, positions: new Array(events.length), resolve, reject })
      void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    if (this.#isWriting) return
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const taken = this.#waiting
      this.#waiting = []
      try {
        await this.#write(taken)
        for (const { resolve, positions } of taken) resolve(positions)
      } catch (error) {
        for (const { reject } of taken) reject(error)
      }
      for (const { events } of taken) this.#waitingEvents -= events.length
    }
    this.#isWriting = false
  }

  async #write(taken: readonly Waiting[]): Promise<void> {
    const { writer, topic, partitions, clock } = this.#options
    const builders = new Map<number, { readonly builder: RecordBatchBuilder; slots: Slot[] }>()
    const appended: Slot[][] = []
    const send = (partition: number, batch: { readonly builder: RecordBatchBuilder; slots: Slot[] }): void => {
      writer.append(topic, partition, batch.builder)
      appended.push(batch.slots)
      batch.builder.reset()
      batch.slots = []
    }
    const nowMs = clock.nowMs()
    for (const waiting of taken) {
      for (const [index, { key, value, headers }] of waiting.events.entries()) {
        const partition = partitionOfKey(key, partitions)
        let batch = builders.get(partition)
        if (batch === undefined) {
          batch = { builder: new RecordBatchBuilder({ maxBytes: this.#options.maxBatchBytes }), slots: [] }
          builders.set(partition, batch)
        }
        if (!batch.builder.fits(key.length, value.length, headers.length)) send(partition, batch)
        batch.builder.key(key, 0, key.length)
        batch.builder.value(value, 0, value.length)
        batch.builder.extraHeaders(headers)
        batch.builder.add(nowMs)
        batch.slots.push({ waiting, index })
      }
    }
    for (const [partition, batch] of builders) send(partition, batch)
    const positions = await writer.flush()
    positions.forEach(({ partition, baseOffset }, i) => {
      for (const [record, { waiting, index }] of appended[i]!.entries()) {
        waiting.positions[index] = { partition, offset: baseOffset + BigInt(record) }
      }
    })
  }
}
