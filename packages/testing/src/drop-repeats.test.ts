import { expect, test } from 'vitest'
import { dropRepeats } from './drop-repeats.ts'

const ids = (...predictionIds: string[]): { predictionId: string }[] =>
  predictionIds.map((predictionId) => ({ predictionId }))

test('a run that comes again is passed over, per version and partition', () => {
  const seen = ids('c.7.0.0', 'c.7.0.2', 'c.8.0.1', 'c.7.0.0', 'c.7.0.2', 'c.7.1.0', 'c.7.0.3', 'c.8.0.1')
  expect(dropRepeats(seen).map((p) => p.predictionId)).toEqual(['c.7.0.0', 'c.7.0.2', 'c.8.0.1', 'c.7.1.0', 'c.7.0.3'])
})

test('offsets are compared as whole 64-bit numbers', () => {
  const seen = ids('c.7.0.9007199254740993', 'c.7.0.9007199254740992', 'c.7.0.9007199254740994')
  expect(dropRepeats(seen).map((p) => p.predictionId)).toEqual(['c.7.0.9007199254740993', 'c.7.0.9007199254740994'])
})

test('what is no prediction id is an error', () => {
  expect(() => dropRepeats(ids('c.0.1'))).toThrow('`c.0.1` is no prediction id')
})
