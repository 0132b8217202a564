import {
  DEAD_LETTER_HEADERS,
  type EndpointConfig,
  type EndpointTopics,
  type FaultCode,
  RECORD_FAULTS,
} from '@sluice/contracts'
import type { Slab } from '@sluice/stream'
import { headerText, type LogRecord, slabRecord } from '../log/slab-record.ts'

/** Which dead letters are meant; an absent field means all. */
export interface ReplayFilter {
  readonly code?: string
  readonly stage?: string
  /** Bounds of the dead letter's own time, `[sinceMs, untilMs)`. */
  readonly sinceMs?: number
  readonly untilMs?: number
}

/** A dead letter that can go back where it came from. */
export interface Letter {
  readonly record: LogRecord
  readonly topic: string
  readonly partition: number
  /** Record time of the original. */
  readonly timestampMs: number
  readonly stage: string
  readonly code: string
}

/** What a filter makes of one dead letter. */
export type Selection =
  | { readonly kind: 'selected'; readonly letter: Letter }
  | { readonly kind: 'other' }
  /** It cannot go back: its headers are damaged, or its topic is not of this endpoint any more. */
  | { readonly kind: 'stuck'; readonly why: string }

export function selectLetter(slab: Slab, index: number, filter: ReplayFilter, homes: ReadonlySet<string>): Selection {
  const record = slabRecord(slab, index)
  const stage = headerText(record, DEAD_LETTER_HEADERS.stage) ?? ''
  const code = headerText(record, DEAD_LETTER_HEADERS.code) ?? ''
  if (filter.code !== undefined && filter.code !== code) return { kind: 'other' }
  if (filter.stage !== undefined && filter.stage !== stage) return { kind: 'other' }
  if (filter.sinceMs !== undefined && record.timestampMs < filter.sinceMs) return { kind: 'other' }
  if (filter.untilMs !== undefined && record.timestampMs >= filter.untilMs) return { kind: 'other' }
  const topic = headerText(record, DEAD_LETTER_HEADERS.topic)
  const partition = wholeNumber(headerText(record, DEAD_LETTER_HEADERS.partition))
  const timestampMs = wholeNumber(headerText(record, DEAD_LETTER_HEADERS.timestamp))
  if (topic === undefined || partition === undefined || timestampMs === undefined) {
    return { kind: 'stuck', why: 'its headers do not say where it came from' }
  }
  if (!homes.has(topic)) return { kind: 'stuck', why: `${topic} is not a topic of the configured versions` }
  return { kind: 'selected', letter: { record, topic, partition, timestampMs, stage, code } }
}

/** Topics that dead letters of an endpoint go back to: the events, and the configured versions'. */
export function homeTopics(topics: EndpointTopics, endpoint: EndpointConfig): ReadonlySet<string> {
  return new Set([topics.events, ...[...endpoint.variants, ...endpoint.shadows].map((v) => topics.version(v.version))])
}

export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(RECORD_FAULTS, text)
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}
