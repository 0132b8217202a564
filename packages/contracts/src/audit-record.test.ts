import { expect, test } from 'vitest'
import { type AuditRecord, formatAuditRecord, readAuditRecord } from './audit-record.ts'

const record: AuditRecord = {
  atMs: 1_700_000_000_000,
  actor: 'ada',
  action: 'plan.apply',
  endpoint: 'churn',
  reason: 'v8 looks better',
  before: { generation: 3 },
  after: { generation: 4 },
}

test('a record comes back as it was written, keyed by its actor', () => {
  const { key, value } = formatAuditRecord(record)
  expect(new TextDecoder().decode(key)).toBe('ada')
  expect(readAuditRecord(value)).toEqual(record)
})

test.each<[string, Uint8Array | null]>([
  ['a tombstone', null],
  ['no JSON', Uint8Array.of(0xff)],
  ['another object', new TextEncoder().encode('{"kind":"plan"}')],
  ['an action that is no subject.verb', formatAuditRecord({ ...record, action: 'Applied' }).value],
])('%s is no audit record', (_what, value) => {
  expect(readAuditRecord(value)).toBeUndefined()
})
