import { describe, expect, it } from 'vitest'
import {
  formatControlRecord,
  MAX_CONTROL_KEY_BYTES,
  MAX_CONTROL_VALUE_BYTES,
  readControlRecord,
  type ScorerReady,
} from './control-record.ts'
import type { RoutePlan } from './route-plan.ts'

const plan: RoutePlan = {
  generation: 2,
  endpoint: 'churn',
  salt: 'churn',
  variants: [{ name: 'champion', model: 'churn', version: 7, weightBp: 10_000 }],
  shadows: [],
}
const ready: ScorerReady = {
  kind: 'scorer-ready',
  version: 7,
  instance: 'scorer-7-0.a_b',
  ready: true,
  url: 'http://127.0.0.1:8090',
  since: 1_700_000_000_000,
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array): string => new TextDecoder().decode(value)

describe('control records', () => {
  it('reads a plan as it was written, under the key of its endpoint', () => {
    const { key, value } = formatControlRecord({ kind: 'plan', plan })
    expect(text(key)).toBe('churn')
    expect(JSON.parse(text(value))).toEqual({ kind: 'plan', ...plan })
    expect(readControlRecord(key, value)).toEqual({ kind: 'plan', plan })
  })

  it('reads an announcement as it was written, under a key of its own', () => {
    const { key, value } = formatControlRecord(ready)
    expect(text(key)).toBe('ready:7:scorer-7-0.a_b')
    expect(readControlRecord(key, value)).toEqual(ready)
  })

  it('reads the tombstone of an announcement, and no other', () => {
    expect(readControlRecord(bytes('ready:7:pod-0'), null)).toEqual({
      kind: 'scorer-gone',
      version: 7,
      instance: 'pod-0',
    })
    expect(readControlRecord(bytes('churn'), null)).toEqual({ kind: 'other' })
  })

  it('passes over kinds it does not follow', () => {
    expect(readControlRecord(bytes('churn'), bytes('{"kind":"rollout-event","step":1}'))).toEqual({ kind: 'other' })
  })

  const announcement = (changes: object): Uint8Array => bytes(JSON.stringify({ ...ready, ...changes }))
  const readyKeyBytes = formatControlRecord(ready).key
  it.each<[string, Uint8Array | null, Uint8Array, string]>([
    ['no key', null, bytes('{}'), 'key'],
    ['no JSON', bytes('churn'), bytes('{'), 'value'],
    ['no UTF-8', bytes('churn'), new Uint8Array([0xff, 0xfe]), 'value'],
    ['no object', bytes('churn'), bytes('null'), 'value.kind'],
    ['no kind', bytes('churn'), bytes('{"generation":1}'), 'value.kind'],
    ['a plan of another endpoint', bytes('fraud'), formatControlRecord({ kind: 'plan', plan }).value, 'key'],
    ['an invalid plan', bytes('churn'), bytes(JSON.stringify({ kind: 'plan', ...plan, generation: 0 })), 'generation'],
    ['another instance', bytes('ready:7:other'), formatControlRecord(ready).value, 'key'],
    ['an address that is no HTTP', readyKeyBytes, announcement({ url: 'file:///etc/passwd' }), 'url'],
    ['an instance with a colon', readyKeyBytes, announcement({ instance: 'a:b' }), 'instance'],
    ['an unknown field', readyKeyBytes, announcement({ extra: 1 }), ''],
  ])('refuses %s', (_, key, value, path) => {
    const reading = readControlRecord(key, value)
    expect(reading.kind).toBe('refused')
    if (reading.kind === 'refused') expect(reading.problems.map((p) => p.path)).toEqual([path])
  })

  it('bounds keys and values', () => {
    const padded = (length: number): Uint8Array => bytes('{"kind":"other"}'.padEnd(length, ' '))
    expect(readControlRecord(bytes('k'.repeat(MAX_CONTROL_KEY_BYTES)), padded(MAX_CONTROL_VALUE_BYTES)).kind).toBe(
      'other',
    )
    expect(readControlRecord(bytes('k'.repeat(MAX_CONTROL_KEY_BYTES + 1)), padded(20)).kind).toBe('refused')
    expect(readControlRecord(bytes('k'), padded(MAX_CONTROL_VALUE_BYTES + 1)).kind).toBe('refused')
  })
})
