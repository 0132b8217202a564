import { expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'

const draw = (seed: number, stream: number, n: number) => {
  const random = seededRandom(seed, stream)
  return Array.from({ length: n }, () => random())
}

test.each([
  [0, 0],
  [1, 0],
  [1, 999],
  [2 ** 31 - 1, 5],
])('seed %i stream %i: 16 cells of 16,000 draws pass a chi-square test at 0.1 %', (seed, stream) => {
  const cells = new Array<number>(16).fill(0)
  for (const x of draw(seed, stream, 16_000)) cells[Math.floor(x * 16)]!++
  const chi2 = cells.reduce((sum, n) => sum + (n - 1_000) ** 2 / 1_000, 0)
  expect(chi2).toBeLessThan(37.7) // Critical value of chi-square with 15 degrees of freedom at 0.001.
})

test('neighbouring streams and seeds are not correlated', () => {
  const n = 10_000
  const correlation = (a: readonly number[], b: readonly number[]) =>
    (12 / n) * a.reduce((sum, x, i) => sum + (x - 0.5) * (b[i]! - 0.5), 0)
  // The correlation of independent draws has a standard deviation of 1/sqrt(n); four of them are 0.04.
  expect(Math.abs(correlation(draw(1, 0, n), draw(1, 1, n)))).toBeLessThan(0.04)
  expect(Math.abs(correlation(draw(1, 0, n), draw(2, 0, n)))).toBeLessThan(0.04)
  expect(draw(1, 0, 5)).toEqual(draw(1, 0, 5))
})
