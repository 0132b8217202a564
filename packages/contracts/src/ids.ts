/**
 * Self-locating ids: a position in the log, written down. They are the same under redelivery, cost no hashing, and lead
 * straight to the bytes they name.
 *
 * Offsets are bigint: a Kafka offset is a 64-bit integer and may pass 2^53.
 */

/** Where a record of an endpoint's `events` topic lies. */
export interface EventPosition {
  readonly endpoint: string
  readonly partition: number
  readonly offset: bigint
}

/** An event's position plus the model version that scored it. */
export interface PredictionPosition extends EventPosition {
  readonly version: number
}

/** What endpoint and model names may look like: they become topic names, metric labels and parts of ids, so no dots. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/

export function formatEventId(p: EventPosition): string {
  return `${p.endpoint}.${p.partition}.${p.offset}`
}

export function formatPredictionId(p: PredictionPosition): string {
  return `${p.endpoint}.${p.version}.${p.partition}.${p.offset}`
}

const EVENT_ID = /^([a-z0-9][a-z0-9_-]{0,62})\.(\d{1,9})\.(\d{1,19})$/
const PREDICTION_ID = /^([a-z0-9][a-z0-9_-]{0,62})\.(\d{1,9})\.(\d{1,9})\.(\d{1,19})$/

/** The position an event id names, or `undefined` when the text is not an event id. */
export function parseEventId(id: string): EventPosition | undefined {
  const m = EVENT_ID.exec(id)
  if (m === null) return undefined
  return { endpoint: m[1]!, partition: Number(m[2]), offset: BigInt(m[3]!) }
}

/** The position a prediction id names, or `undefined` when the text is not a prediction id. */
export function parsePredictionId(id: string): PredictionPosition | undefined {
  const m = PREDICTION_ID.exec(id)
  if (m === null) return undefined
  return { endpoint: m[1]!, version: Number(m[2]), partition: Number(m[3]), offset: BigInt(m[4]!) }
}
