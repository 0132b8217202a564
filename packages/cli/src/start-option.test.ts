import { expect, test } from 'vitest'
import { momentMs, parseStart, type Start } from './start-option.ts'

test.each<[string, Start]>([
  ['earliest', { kind: 'earliest' }],
  ['latest', { kind: 'latest' }],
  ['9007199254740993', { kind: 'offset', offset: 9007199254740993n }],
  ['10m', { kind: 'age', ageMs: 600_000 }],
  ['2d', { kind: 'age', ageMs: 172_800_000 }],
  ['1970-01-01T00:00:01Z', { kind: 'time', timeMs: 1_000 }],
  ['1970-01-02', { kind: 'time', timeMs: 86_400_000 }],
])('%s', (text, start) => {
  expect(parseStart(text)).toEqual(start)
})

test.each(['', 'now', '-5', '10 m', '2026-13-01', '1.5h'])('`%s` is no start', (text) => {
  expect(() => parseStart(text)).toThrow(/write a time/)
})

test('an age counts back from now', () => {
  expect(momentMs({ kind: 'age', ageMs: 5 }, 100)).toBe(95)
  expect(momentMs({ kind: 'time', timeMs: 5 }, 100)).toBe(5)
})
