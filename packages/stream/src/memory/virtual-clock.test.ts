import { expect, test } from 'vitest'
import { VirtualClock } from './virtual-clock.ts'

test('sleepers wake at their own times, in order, with what they set in motion', async () => {
  const clock = new VirtualClock(100)
  const woken: string[] = []
  const sleeper = async (name: string, ...naps: number[]): Promise<void> => {
    for (const ms of naps) {
      await clock.sleep(ms)
      woken.push(`${name} at ${clock.nowMs()}`)
    }
  }
  void sleeper('a', 30, 5)
  void sleeper('b', 10, 20)
  void sleeper('c', 10)
  await clock.advance(34)
  expect(woken).toEqual(['b at 110', 'c at 110', 'a at 130', 'b at 130'])
  expect(clock.nowMs()).toBe(134)
  expect(clock.monotonicMs()).toBe(34)
  await clock.advance(1)
  expect(woken.at(-1)).toBe('a at 135')
  expect(clock.sleeping).toBe(0)
})

test('a signal ends a sleep early, also one aborted before', async () => {
  const clock = new VirtualClock()
  const stop = new AbortController()
  const sleep = clock.sleep(1_000, stop.signal)
  stop.abort()
  await sleep
  await clock.sleep(1_000, stop.signal)
  expect([clock.nowMs(), clock.sleeping]).toEqual([0, 0])
})

test('running until a condition stops there, at the limit, or when nobody sleeps', async () => {
  const clock = new VirtualClock()
  let ticks = 0
  const loop = (async () => {
    while (ticks < 10) {
      await clock.sleep(7)
      ticks++
    }
  })()
  expect(await clock.runUntil(() => ticks === 3, 1_000)).toBe(true)
  expect(clock.nowMs()).toBe(21)
  expect(await clock.runUntil(() => ticks === 9, 30)).toBe(false)
  expect(await clock.runUntil(() => false, 1_000)).toBe(false)
  expect([ticks, clock.nowMs()]).toEqual([10, 70])
  await loop
})
