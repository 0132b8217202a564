import { InvariantError } from '@sluice/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { OffsetFrontier, type OffsetRange } from './offset-frontier.ts'

test('ranges that are finished in order are committable one by one', () => {
  const frontier = new OffsetFrontier(10n)
  frontier.finish(frontier.claim(15n, 30n))
  expect(frontier.committable).toBe(15n)
  frontier.finish(frontier.claim(30n, 30n))
  expect(frontier.committable).toBe(30n)
})

test('a range given back is claimed again with the next one', () => {
  const frontier = new OffsetFrontier(0n)
  frontier.release(frontier.claim(5n, 20n))
  expect(frontier.claim(20n, 20n)).toEqual({ from: 0n, to: 20n })
})

test('a range given back while a later one is out keeps the frontier until reading starts over', () => {
  const frontier = new OffsetFrontier(0n)
  const early = frontier.claim(5n, 20n)
  const late = frontier.claim(20n, 20n)
  frontier.release(early)
  frontier.finish(late)
  expect(frontier.committable).toBe(0n)
  frontier.reset(0n)
  frontier.finish(frontier.claim(20n, 20n))
  expect(frontier.committable).toBe(20n)
})

test('going back and going past what was delivered is our bug', () => {
  const frontier = new OffsetFrontier(4n)
  expect(() => frontier.claim(3n, 9n)).toThrow(InvariantError)
  expect(() => frontier.claim(10n, 9n)).toThrow(InvariantError)
  expect(frontier.claim(9n, 9n)).toEqual({ from: 4n, to: 9n })
})

test('whatever order ranges finish in, the frontier is in front of the first unfinished one', () => {
  const cases = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean()), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(cases, fc.infiniteStream(fc.nat()), (sizes, picks) => {
      const frontier = new OffsetFrontier(0n)
      const finished: boolean[] = []
      const finish = (range: OffsetRange): void => {
        frontier.finish(range)
        for (let offset = range.from; offset < range.to; offset++) finished[Number(offset)] = true
      }
      const open: OffsetRange[] = []
      let end = 0n
      for (const [size, marker] of sizes) {
        const range = { from: end, to: end + BigInt(size) }
        end = range.to
        // Markers and aborted records are finished as soon as they are read.
        if (marker) finish(range)
        else open.push(frontier.claim(range.to, range.to))
      }
      while (open.length > 0) {
        const [done] = open.splice(picks.next().value % open.length, 1)
        finish(done!)
        const firstUnfinished = [...finished, false].findIndex((each) => each !== true)
        expect(frontier.committable).toBe(BigInt(firstUnfinished))
      }
    }),
  )
})
