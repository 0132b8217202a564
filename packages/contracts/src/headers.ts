/** Record headers that Sluice adds. Producers' own headers are kept byte for byte and in order; these come after them. */
export const HEADERS = {
  /** `partition:offset` of the record in the endpoint's `events` topic. */
  origin: 'sluice-origin',
  /** Generation of the route plan that assigned the record. */
  plan: 'sluice-plan',
  /** `live` or `shadow`. */
  mode: 'sluice-mode',
  /** Pinned plan generation of an event that came in over REST: the stream must assign it as REST did. */
  pinnedPlan: 'sluice-pinned-plan',
  /** `partition:offset` in the dead-letter topic of a record that was put back from there. */
  replay: 'sluice-replay',
} as const

/** Headers of a dead letter; together with the untouched key, value and headers they allow a replay. */
export const DEAD_LETTER_HEADERS = {
  topic: 'sluice-dlq-topic',
  partition: 'sluice-dlq-partition',
  offset: 'sluice-dlq-offset',
  timestamp: 'sluice-dlq-timestamp',
  stage: 'sluice-dlq-stage',
  code: 'sluice-dlq-code',
  message: 'sluice-dlq-message',
  attempts: 'sluice-dlq-attempts',
} as const

/** Header prefix that a replay strips before it puts a dead letter back. */
export const DEAD_LETTER_PREFIX = 'sluice-dlq-'

export type Mode = 'live' | 'shadow'
