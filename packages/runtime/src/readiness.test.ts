import { expect, test } from 'vitest'
import { Readiness } from './readiness.ts'

function clockAt() {
  const clock = { now: 0, nowMs: () => clock.now, monotonicMs: () => clock.now, sleep: () => Promise.resolve() }
  return clock
}

test('a required condition counts at once, a later failure only after the grace time', () => {
  const clock = clockAt()
  const readiness = new Readiness(clock, { graceMs: 100 })
  readiness.require('broker', 'not connected yet')
  expect(readiness.problems()).toEqual([{ condition: 'broker', reason: 'not connected yet' }])
  readiness.ok('broker')
  expect(readiness.ready).toBe(true)
  readiness.failing('broker', 'connection refused')
  clock.now = 99
  expect(readiness.ready).toBe(true)
  clock.now = 100
  expect(readiness.problems()).toEqual([{ condition: 'broker', reason: 'connection refused' }])
  readiness.ok('broker')
  expect(readiness.ready).toBe(true)
})

test('failing before it ever held counts at once and keeps its start', () => {
  const clock = clockAt()
  const readiness = new Readiness(clock, { graceMs: 100 })
  readiness.require('model', 'loading')
  readiness.failing('model', 'golden rows disagree')
  expect(readiness.problems()).toEqual([{ condition: 'model', reason: 'golden rows disagree' }])
})
