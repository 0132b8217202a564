import { BatchDecoder, HeaderBlockBuilder, RecordBatchBuilder, type Slab } from '@sluice/stream'
import { expect, test } from 'vitest'
import { CE_ID_BYTES_MAX, EventHeaders } from './event-headers.ts'

function slabWith(headers: readonly (readonly [string, string])[], partition = 3): Slab {
  const block = new HeaderBlockBuilder()
  for (const [name, value] of headers) block.text(name, value)
  const builder = new RecordBatchBuilder()
  builder.extraHeaders(block)
  builder.add(1)
  return new BatchDecoder().decode(builder.seal(), {
    topic: 't',
    partition,
    fetchOffset: 0n,
    isolation: 'read_committed',
  })
}

const ROUTER = [
  ['sluice-origin', '3:812'],
  ['sluice-plan', '7'],
  ['sluice-mode', 'live'],
] as const

const text = (slab: Slab, span: { start: number; length: number }) =>
  span.length < 0
    ? undefined
    : Buffer.from(slab.bytes.subarray(span.start, span.start + span.length)).toString('latin1')

test("the router's headers are read and can be copied as one stretch", () => {
  const headers = new EventHeaders()
  const slab = slabWith([['ce_id', 'abc'], ['traceparent', '00-1-2-01'], ...ROUTER])
  expect(headers.read(slab, 0)).toBe(true)
  expect([headers.plan, headers.mode]).toEqual([7, 'live'])
  expect(text(slab, headers.ceId)).toBe('abc')
  expect(text(slab, headers.traceparent)).toContain('traceparent')
  expect(text(slab, headers.router)).toMatch(/sluice-origin.*3:812.*sluice-plan.*7.*sluice-mode.*live$/s)
  const { bytes, offsetStart, offsetLength } = headers.origin
  expect(Buffer.from(bytes.subarray(offsetStart, offsetStart + offsetLength)).toString()).toBe('812')
})

test('what a producer wrote under our names does not win', () => {
  const headers = new EventHeaders()
  expect(
    headers.read(slabWith([['sluice-origin', '3:1'], ['sluice-plan', '99'], ['sluice-mode', 'shadow'], ...ROUTER]), 0),
  ).toBe(true)
  expect([headers.plan, headers.mode]).toEqual([7, 'live'])
})

test.each([
  ['nothing', []],
  ['no plan', [ROUTER[0], ROUTER[2]]],
  ['another partition', [['sluice-origin', '4:812'], ROUTER[1], ROUTER[2]]],
  ['no colon', [['sluice-origin', '3812'], ROUTER[1], ROUTER[2]]],
  ['a leading zero', [['sluice-origin', '3:0812'], ROUTER[1], ROUTER[2]]],
  ['a sign', [['sluice-origin', '3:-1'], ROUTER[1], ROUTER[2]]],
  ['an offset of twenty digits', [['sluice-origin', '3:99999999999999999999'], ROUTER[1], ROUTER[2]]],
  ['a plan that is no number', [ROUTER[0], ['sluice-plan', 'x'], ROUTER[2]]],
  ['a header between them', [ROUTER[0], ['other', ''], ROUTER[1], ROUTER[2]]],
] as const)('%s is refused', (_name, given) => {
  expect(new EventHeaders().read(slabWith(given as readonly (readonly [string, string])[]), 0)).toBe(false)
})

test('the largest offset of the protocol is taken', () => {
  expect(new EventHeaders().read(slabWith([['sluice-origin', '3:9223372036854775807'], ROUTER[1], ROUTER[2]]), 0)).toBe(
    true,
  )
})

test.each([
  [CE_ID_BYTES_MAX, CE_ID_BYTES_MAX],
  [CE_ID_BYTES_MAX + 1, -1],
])('a ce_id of %d bytes is carried with length %d', (bytes, length) => {
  const headers = new EventHeaders()
  headers.read(slabWith([['ce_id', 'x'.repeat(bytes)], ...ROUTER]), 0)
  expect(headers.ceId.length).toBe(length)
})

test('nothing of the record before is left', () => {
  const headers = new EventHeaders()
  headers.read(slabWith([['ce_id', 'abc'], ['tracestate', 'a=b'], ...ROUTER]), 0)
  expect(headers.read(slabWith(ROUTER), 0)).toBe(true)
  expect([headers.ceId.length, headers.tracestate.length]).toEqual([-1, -1])
  expect(headers.read(slabWith([]), 0)).toBe(false)
})
