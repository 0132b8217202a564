import type { Settled } from './settle-facts.ts'

/** Length of a pane: predictions of one minute of event time close together. */
export const PANE_MS = 60_000

/** Whether no outcome within the horizon means that nothing happened, or that nothing is known. */
export type Absence = 'negative' | 'unknown'

export interface JoinConfig {
  /** How long after its event a prediction can still come true, in milliseconds. */
  readonly horizonMs: number
  /** How long an outcome waits for its prediction, and how late records may come, in milliseconds of event time. */
  readonly graceMs: number
  readonly absence: Absence
}

/** Every prediction is in exactly one of these states. */
export const PREDICTION_STATES = {
  matched: 'an outcome came',
  absentNegative: 'none came within the horizon, which counts as negative',
  expired: 'none came within the horizon, and the label stays unknown',
  pending: 'none came so far, and the horizon has not passed',
} as const
export type PredictionState = keyof typeof PREDICTION_STATES

/** Start of the pane of an event time. */
export function paneStartMs(eventTimeMs: number): number {
  return Math.floor(eventTimeMs / PANE_MS) * PANE_MS
}

/** When the predictions of an event time stop waiting: the horizon after the end of their pane. */
export function closesAtMs(eventTimeMs: number, horizonMs: number): number {
  return paneStartMs(eventTimeMs) + PANE_MS + horizonMs
}

/** State of a prediction at a moment of event time; it follows from times alone, never from when a record arrived. */
export function predictionState(
  eventTimeMs: number,
  settled: Settled,
  asOfMs: number,
  config: JoinConfig,
): PredictionState {
  if (settled.label !== null) return 'matched'
  if (asOfMs < closesAtMs(eventTimeMs, config.horizonMs)) return 'pending'
  return config.absence === 'negative' ? 'absentNegative' : 'expired'
}

/** Throws RangeError naming the first setting that makes no sense. */
export function checkJoinConfig({ horizonMs, graceMs }: JoinConfig): void {
  if (!(Number.isSafeInteger(horizonMs) && horizonMs > 0)) {
    throw new RangeError(`horizon ${horizonMs} ms: give a whole number of milliseconds above 0`)
  }
  if (!(Number.isSafeInteger(graceMs) && graceMs >= 0)) {
    throw new RangeError(`grace ${graceMs} ms: give a whole number of milliseconds, 0 or more`)
  }
}
