import type { ConfigProblem } from '@sluice/contracts'
import { z } from 'zod'
import { issueProblem, parseRoutePlan, type RoutePlan } from './route-plan.ts'

/** Largest key and value of a control record, in bytes: a plan of 32 variants and 32 shadows has about 10 kB. */
export const MAX_CONTROL_KEY_BYTES = 256
export const MAX_CONTROL_VALUE_BYTES = 65_536

const READY_KEY = /^ready:(\d{1,9}):([A-Za-z0-9._-]{1,128})$/

const scorerReady = z.strictObject({
  kind: z.literal('scorer-ready'),
  version: z.int().min(0).max(999_999_999),
  /** Name of the process, unique among the scorers that run. */
  instance: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1 to 128 letters, digits, ".", "_" and "-"'),
  ready: z.boolean(),
  /** Base address of its HTTP interface. */
  url: z.url({ protocol: /^https?$/ }).max(2048),
  /** When it became so, in milliseconds since the Unix epoch. */
  since: z.int().min(0),
})

/** A scorer says that it can, or can no longer, score a version. */
export type ScorerReady = z.infer<typeof scorerReady>

export type ControlRecord = { readonly kind: 'plan'; readonly plan: RoutePlan } | ScorerReady

/** What a record of a control topic says. */
export type ControlReading =
  | ControlRecord
  /** The tombstone of a readiness announcement. */
  | { readonly kind: 'scorer-gone'; readonly version: number; readonly instance: string }
  /** Of a kind that the reader does not follow, such as the events of a rollout. */
  | { readonly kind: 'other' }
  | { readonly kind: 'refused'; readonly problems: readonly ConfigProblem[] }

export interface ControlBytes {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Key and value of a control record. Later records with the same key replace it when the topic is compacted. */
export function formatControlRecord(record: ControlRecord): ControlBytes {
  const encoder = new TextEncoder()
  if (record.kind === 'plan') {
    return {
      key: encoder.encode(record.plan.endpoint),
      value: encoder.encode(JSON.stringify({ kind: 'plan', ...record.plan })),
    }
  }
  return { key: encoder.encode(readyKey(record)), value: encoder.encode(JSON.stringify(record)) }
}

export function readyKey(scorer: { readonly version: number; readonly instance: string }): string {
  return `ready:${scorer.version}:${scorer.instance}`
}

/** Reads one record of a control topic. Never throws: a record that cannot be read is `refused`, with the reasons. */
export function readControlRecord(key: Uint8Array | null, value: Uint8Array | null): ControlReading {
  if (key === null || key.length > MAX_CONTROL_KEY_BYTES) {
    return refused('key', `must have 1 to ${MAX_CONTROL_KEY_BYTES} bytes`)
  }
  const keyText = new TextDecoder().decode(key)
  if (value === null) {
    const ready = READY_KEY.exec(keyText)
    if (ready === null) return { kind: 'other' }
    return { kind: 'scorer-gone', version: Number(ready[1]), instance: ready[2]! }
  }
  if (value.length > MAX_CONTROL_VALUE_BYTES) {
    return refused('value', `has ${value.length} bytes, more than ${MAX_CONTROL_VALUE_BYTES}`)
  }
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value))
  } catch {
    return refused('value', 'is not JSON in UTF-8')
  }
  if (typeof json !== 'object' || json === null || !('kind' in json)) {
    return refused('value.kind', 'is missing')
  }
  if (json.kind === 'plan') return readPlan(keyText, json)
  if (json.kind === 'scorer-ready') return readReady(keyText, json)
  return { kind: 'other' }
}

function readPlan(keyText: string, json: object): ControlReading {
  const { kind: _kind, ...fields } = json as Record<string, unknown>
  const result = parseRoutePlan(fields)
  if (!result.ok) return { kind: 'refused', problems: result.problems }
  if (result.plan.endpoint !== keyText) return refused('key', `is not the endpoint of its plan`)
  return { kind: 'plan', plan: result.plan }
}

function readReady(keyText: string, json: object): ControlReading {
  const parsed = scorerReady.safeParse(json)
  if (!parsed.success) return { kind: 'refused', problems: parsed.error.issues.map(issueProblem) }
  if (readyKey(parsed.data) !== keyText) return refused('key', 'does not name the version and instance of its value')
  return parsed.data
}

function refused(path: string, problem: string): ControlReading {
  return { kind: 'refused', problems: [{ path, problem, fix: 'Publish a corrected record with the same key' }] }
}
