import { expect, test } from 'vitest'
import { compileDecision } from './decision.ts'

test('a score exactly at the threshold is positive, one float32 step below is not', () => {
  const decision = compileDecision({
    task: 'binary',
    threshold: 0.35,
    labels: { negative: 'stays', positive: 'churns' },
  })
  const at = Math.fround(0.35)
  const bits = new Int32Array(Float32Array.of(at).buffer)
  const below = new Float32Array(Int32Array.of(bits[0]! - 1).buffer)[0]!
  const scores = Float32Array.of(at, below, 1)
  expect([0, 1, 2].map((row) => decision.labels[decision.of(scores, row)])).toEqual(['churns', 'stays', 'churns'])
  expect(decision.scoreOf(scores, 2, 1)).toBe(1)
})

test('of several classes the first of the largest is decided, and its score is carried', () => {
  const decision = compileDecision({ task: 'multiclass', labels: ['a', 'b', 'c'] })
  const scores = Float32Array.of(0.25, 0.5, 0.25, 0.375, 0.25, 0.375)
  expect([decision.of(scores, 0), decision.of(scores, 1)]).toEqual([1, 0])
  expect(decision.scoreOf(scores, 1, 0)).toBe(0.375)
})

test('a regression decides nothing and carries its value', () => {
  const decision = compileDecision({ task: 'regression' })
  expect(decision.labels[decision.of(Float32Array.of(-3), 0)]).toBe('')
  expect(decision.scoreOf(Float32Array.of(-3), 0, 0)).toBe(-3)
})
