import {
  DEAD_LETTER_HEADERS,
  DependencyError,
  type EndpointTopics,
  type EventPosition,
  formatEventId,
  HEADERS,
} from '@sluice/contracts'
import type { CompiledPlan } from '@sluice/routing'
import { type Log, slabValue } from '@sluice/stream'
import { readControl } from '../log/read-control.ts'
import { readRanges } from '../log/read-range.ts'
import { type RecordView, viewRecord } from '../log/record-view.ts'
import { headerText, type LogRecord, slabRecord } from '../log/slab-record.ts'
import type { ValueDecoder } from '../log/value-decoder.ts'

/** Most records of one topic that are looked at for the traces of one event, from the event's time on. */
export const INSPECT_SCAN_MAX = 500_000

/** What is known of one event. */
export interface Findings {
  readonly eventId: string
  /** `null` when it is not in the log any more, or not yet. */
  readonly event: RecordView | null
  readonly assignment: {
    readonly generation: number
    readonly bucket: number
    readonly variant: string
    readonly version: number
  } | null
  readonly predictions: readonly RecordView[]
  readonly deadLetters: readonly RecordView[]
}

export interface Search {
  readonly log: Log
  readonly topics: EndpointTopics
  readonly position: EventPosition
  readonly decoder: ValueDecoder
  readonly signal: AbortSignal
}

/** Everything the log holds about one event, in its own topic and by its traces in the others. */
export async function findEvent(search: Search): Promise<Findings> {
  const { log, topics, position, decoder, signal } = search
  const event = await readOne(search)
  const { current } = await readControl(log, topics.control, signal)
  const eventId = formatEventId(position)
  const marker = Buffer.from(`.${position.partition}.${position.offset}`)
  // Without the event its time is unknown, and its traces could lie anywhere.
  const sinceMs = event?.timestampMs ?? 0
  const predictions: RecordView[] = []
  for (const topic of [topics.predictions, topics.shadows]) {
    for (const record of await scan(
      search,
      topic,
      sinceMs,
      (value) => value !== null && Buffer.from(value.buffer, value.byteOffset, value.length).includes(marker),
    )) {
      const view = await viewRecord(record, decoder)
      if (eventIdOf(view) === eventId) predictions.push(view)
    }
  }
  const deadLetters: RecordView[] = []
  for (const record of await scan(
    search,
    topics.deadLetters,
    sinceMs,
    () => true,
    (r) => isLetterOf(r, topics, position),
  )) {
    deadLetters.push(await viewRecord(record, decoder))
  }
  return {
    eventId,
    event: event === undefined ? null : await viewRecord(event, decoder),
    assignment: event === undefined || current === undefined ? null : assignmentOf(current, event),
    predictions,
    deadLetters,
  }
}

async function readOne({ log, topics, position, signal }: Search): Promise<LogRecord | undefined> {
  const offsets = await log.admin.offsets(topics.events)
  const bounds = offsets.find((o) => o.partition === position.partition)
  if (bounds === undefined) {
    throw new DependencyError('log', `${topics.events} has no partition ${position.partition}`, {
      next: `The id is of another platform: this one has partitions 0 to ${offsets.length - 1}.`,
    })
  }
  if (position.offset < bounds.earliest || position.offset >= bounds.latest) return undefined
  let found: LogRecord | undefined
  await readRanges({
    log,
    ranges: [{ topic: topics.events, partition: position.partition, from: position.offset, to: position.offset + 1n }],
    signal,
    visit: (slab, count) => {
      // The first record of a compressed batch can lie before the offset that was asked for.
      for (let i = 0; i < count; i++) {
        const record = slabRecord(slab, i)
        if (record.offset === position.offset) found = record
      }
      return true
    },
  })
  return found
}

/** Records of the event's partition of another topic, from the event's time on, that pass both tests. */
async function scan(
  { log, position, signal }: Search,
  topic: string,
  sinceMs: number,
  wantsValue: (value: Uint8Array | null) => boolean,
  wants: (record: LogRecord) => boolean = () => true,
): Promise<readonly LogRecord[]> {
  const bounds = (await log.admin.offsets(topic)).find((o) => o.partition === position.partition)
  const since = (await log.admin.offsetsForTime(topic, sinceMs)).find((o) => o.partition === position.partition)
  if (bounds === undefined || since?.offset === undefined) return []
  const limit = since.offset + BigInt(INSPECT_SCAN_MAX)
  const found: LogRecord[] = []
  await readRanges({
    log,
    ranges: [
      { topic, partition: position.partition, from: since.offset, to: limit < bounds.latest ? limit : bounds.latest },
    ],
    signal,
    visit: (slab, count) => {
      for (let i = 0; i < count; i++) {
        if (!wantsValue(slabValue(slab, i))) continue
        const record = slabRecord(slab, i)
        if (wants(record)) found.push(record)
      }
      return true
    },
  })
  return found
}

/** A dead letter of the event itself, or of the copy of it in a version topic. */
function isLetterOf(letter: LogRecord, topics: EndpointTopics, { partition, offset }: EventPosition): boolean {
  if (headerText(letter, HEADERS.origin) === `${partition}:${offset}`) return true
  return (
    headerText(letter, DEAD_LETTER_HEADERS.topic) === topics.events &&
    headerText(letter, DEAD_LETTER_HEADERS.partition) === String(partition) &&
    headerText(letter, DEAD_LETTER_HEADERS.offset) === String(offset)
  )
}

function assignmentOf(plan: CompiledPlan, event: LogRecord): Findings['assignment'] {
  const key = event.key ?? new Uint8Array(0)
  const length = event.key === null ? -1 : key.length
  const variant = plan.variants[plan.variantIndex(key, 0, length)]!
  return {
    generation: plan.generation,
    bucket: length < 0 ? -1 : plan.bucket(key, 0, length),
    variant: variant.name,
    version: variant.version,
  }
}

function fieldOf(view: RecordView, name: string): unknown {
  return typeof view.value === 'object' && view.value !== null
    ? (view.value as Record<string, unknown>)[name]
    : undefined
}
function eventIdOf(view: RecordView): unknown {
  return fieldOf(view, 'eventId')
}
export function predictionIdOf(view: RecordView): unknown {
  return fieldOf(view, 'predictionId')
}
