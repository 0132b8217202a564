import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OffsetSet } from './offset-set.ts'

test('neighbours and overlaps become one range', () => {
  const set = new OffsetSet()
  set.add(10n, 12n)
  set.add(20n, 20n)
  set.add(13n, 13n)
  expect(set.ranges).toEqual([
    [10n, 13n],
    [20n, 20n],
  ])
  set.add(12n, 30n)
  expect(set.ranges).toEqual([[10n, 30n]])
  set.add(0n, 8n)
  expect(set.ranges).toEqual([
    [0n, 8n],
    [10n, 30n],
  ])
})

test('it holds what a plain set of offsets holds', () => {
  const range = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 8 }))
  fc.assert(
    fc.property(fc.array(range, { maxLength: 20 }), (ranges) => {
      const [ours, plain] = [new OffsetSet(), new Set<number>()]
      for (const [from, length] of ranges) {
        ours.add(BigInt(from), BigInt(from + length))
        for (let i = from; i <= from + length; i++) plain.add(i)
      }
      for (let i = 0; i < 70; i++) expect(ours.has(BigInt(i)), String(i)).toBe(plain.has(i))
      for (const [i, [low, high]] of ours.ranges.entries()) {
        expect(low <= high).toBe(true)
        if (i > 0) expect(low - ours.ranges[i - 1]![1] > 1n, 'disjoint, in order, not adjacent').toBe(true)
      }
    }),
    { seed: 20_261_127, numRuns: 1_000 },
  )
})
