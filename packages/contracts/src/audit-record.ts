import { z } from 'zod'

/** One change that somebody made, in the endpoint's `audit` topic as JSON. Key: the actor. */
export const auditRecord = z.strictObject({
  /** When, in milliseconds since the Unix epoch. */
  atMs: z.number(),
  /** Person or service. */
  actor: z.string().min(1).max(256),
  /** What was done, `plan.apply` and the like. */
  action: z.string().regex(/^[a-z]+(\.[a-z-]+)+$/, 'write subject.verb'),
  endpoint: z.string().min(1),
  /** Why, in the actor's words. */
  reason: z.string().max(4096).optional(),
  /** State before and after, as far as the action has one. */
  before: z.unknown().optional(),
  after: z.unknown().optional(),
})
export type AuditRecord = z.infer<typeof auditRecord>

/** Reads a record of an audit topic; `undefined` when it is none. */
export function readAuditRecord(value: Uint8Array | null): AuditRecord | undefined {
  if (value === null) return undefined
  try {
    const parsed = auditRecord.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value)))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined // Bytes that are no JSON are no audit record; the topic may hold records of later versions.
  }
}

export function formatAuditRecord(record: AuditRecord): { readonly key: Uint8Array; readonly value: Uint8Array } {
  const encoder = new TextEncoder()
  return { key: encoder.encode(record.actor), value: encoder.encode(JSON.stringify(record)) }
}
