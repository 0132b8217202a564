import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  EVENT_TIME_MS_MAX,
  INLINE_DELAY_MS_MAX,
  NO_DECISION,
  OPEN_BLOCK_HEADER_BYTES,
  OPEN_BLOCK_OFFSETS,
  OPEN_SLOT_BYTES,
  OpenBlock,
  type OpenSlot,
} from './open-block.ts'

const slot: OpenSlot = { score: 0.5, eventTimeMs: 1_700_000_000_123, decision: 1, outcome: 'none' }

const anySlot: fc.Arbitrary<OpenSlot> = fc.record({
  score: fc.float({ min: 0, max: 1, noNaN: true }),
  eventTimeMs: fc.integer({ min: 0, max: EVENT_TIME_MS_MAX }),
  decision: fc.constantFrom(0, 1, 62, NO_DECISION),
  outcome: fc.oneof(
    fc.constantFrom('none' as const, 'elsewhere' as const),
    fc.record({ label: fc.integer({ min: 0, max: 62 }), delayMs: fc.integer({ min: 0, max: INLINE_DELAY_MS_MAX }) }),
  ),
})

test('holds what was put in, in any order of offsets, and comes back from its bytes', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: OPEN_BLOCK_OFFSETS - 1 }), anySlot), {
        selector: ([place]) => place,
        maxLength: 200,
      }),
      (entries) => {
        const block = OpenBlock.empty(7, 3, 4_096n)
        for (const [place, value] of entries) block.insert(place, value)
        const again = OpenBlock.decode(block.encode())
        expect([again.version, again.partition, again.firstOffset]).toEqual([7, 3, 4_096n])
        const sorted = entries.toSorted(([a], [b]) => a - b)
        expect([...again.places()].map((place) => [place, again.read(place)])).toEqual(sorted)
      },
    ),
    { seed: 20_261_122, numRuns: 100 },
  )
})

test('a full block takes 16 bytes a prediction and 152 more; a sparse one only what it holds', () => {
  const full = OpenBlock.empty(7, 0, 0n)
  for (let place = OPEN_BLOCK_OFFSETS - 1; place >= 0; place--) full.insert(place, slot)
  expect(full.encode().length).toBe(152 + 16 * 1_024)
  expect([OPEN_BLOCK_HEADER_BYTES, OPEN_SLOT_BYTES]).toEqual([152, 16])
  expect(full.read(1_023)).toEqual(slot)
  const canary = OpenBlock.empty(8, 0, 0n)
  for (let place = 50; place < OPEN_BLOCK_OFFSETS; place += 100) canary.insert(place, slot)
  expect(canary.encode().length).toBe(152 + 16 * 10)
})

test('the bytes are those of the documented layout', () => {
  const block = OpenBlock.empty(7, 3, 2_048n)
  block.insert(9, {
    score: 0.25,
    eventTimeMs: 0x0123_4567_89ab,
    decision: 2,
    outcome: { label: 5, delayMs: 0x01020304 },
  })
  const bytes = Buffer.from(block.encode())
  expect(bytes.subarray(0, 26).toString('hex')).toBe('010010000100000007000000030000000008000000000000' + '0002')
  // 0.25 is 3e800000 in IEEE 754; state is 1 | 5 << 2.
  expect(bytes.subarray(152).toString('hex')).toBe('0000803e' + 'ab8967452301' + '02' + '15' + '04030201')
})

test('an outcome is written and taken back in place', () => {
  const block = OpenBlock.empty(7, 0, 0n)
  for (const place of [3, 4, 5]) block.insert(place, slot)
  block.writeOutcome(4, { label: 1, delayMs: 60_000 })
  expect([3, 4, 5].map((place) => block.read(place)!.outcome)).toEqual(['none', { label: 1, delayMs: 60_000 }, 'none'])
  block.writeOutcome(4, 'none')
  expect(block.read(4)).toEqual(slot)
  expect(block.read(6)).toBeUndefined()
})

describe('bytes that are no block are refused with the reason', () => {
  const good = (): Uint8Array => {
    const block = OpenBlock.empty(7, 0, 0n)
    block.insert(1, slot)
    return block.encode()
  }
  test.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
    ['too short for a header', (b) => b.subarray(0, 151), /the header has 152 bytes/],
    ['another format', (b) => b.fill(2, 0, 1), /format 2/],
    ['cut', (b) => b.subarray(0, -1), /1 predictions take 168 bytes/],
    ['longer', (b) => Uint8Array.of(...b, 0), /1 predictions take 168 bytes/],
    ['a bitmap that says otherwise', (b) => b.fill(0xff, 24, 25), /bitmap and its count differ/],
  ])('%s', (_what, damage, why) => {
    expect(() => OpenBlock.decode(damage(good()))).toThrow(why)
  })
})
