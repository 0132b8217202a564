import { expect } from 'vitest'

/** Relative error of `actual`, absolute where 0 or null is expected. */
export function expectWithin(
  actual: number | null | undefined,
  expected: number | null,
  tolerance: number,
  what = '',
): void {
  if (expected === null || typeof actual !== 'number') {
    expect(actual, what).toBe(expected)
    return
  }
  const error = Math.abs(actual - expected) / (expected === 0 ? 1 : Math.abs(expected))
  expect(error, `${what}: ${actual} instead of ${expected}`).toBeLessThanOrEqual(tolerance)
}
