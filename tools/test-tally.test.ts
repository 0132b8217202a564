import { expect, test } from 'vitest'
import { addCounts, countLine, notRunLines, tally } from './test-tally.ts'

const MODULES = [
  {
    file: 'a.test.ts',
    errors: 0,
    tests: [
      { name: 'works', state: 'passed', why: undefined },
      { name: 'breaks', state: 'failed', why: undefined },
      { name: 'needs docker', state: 'skipped', why: 'no daemon answers' },
    ],
  },
  {
    file: 'b.test.ts',
    errors: 1,
    tests: [
      { name: 'never ended', state: 'pending', why: undefined },
      { name: 'also needs docker', state: 'skipped', why: 'no daemon answers' },
      { name: 'switched off', state: 'skipped', why: undefined },
    ],
  },
] as const

test('a file that fails to load, an error outside tests and a test without an end all count as failed', () => {
  expect(tally(MODULES, 2).counts).toEqual({ passed: 1, failed: 5, skipped: 3 })
  expect(tally([], 0).counts).toEqual({ passed: 0, failed: 0, skipped: 0 })
})

test('what was not run is listed under its reason', () => {
  expect(notRunLines(tally(MODULES, 0).notRun)).toEqual([
    'Not run: no daemon answers',
    '  a.test.ts: needs docker',
    '  b.test.ts: also needs docker',
    'Not run: no reason was given',
    '  b.test.ts: switched off',
  ])
  expect(notRunLines([])).toEqual([])
})

test('the closing line names skipped tests only when there are any', () => {
  expect(countLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(countLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
  const sum = addCounts({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })
  expect(sum).toEqual({ passed: 11, failed: 22, skipped: 33 })
})
