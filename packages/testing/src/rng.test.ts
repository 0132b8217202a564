import { expect, test } from 'vitest'
import { rng } from './rng.ts'

const draw = (r: ReturnType<typeof rng>, n: number): number[] => Array.from({ length: n }, () => r.next())

test('the same seed gives the same numbers, another seed others', () => {
  expect(draw(rng(1), 5)).toEqual(draw(rng(1), 5))
  expect(draw(rng(1), 5)).not.toEqual(draw(rng(2), 5))
})

test('drawing from a child does not shift its parent', () => {
  const parent = rng(3)
  draw(parent.child('x'), 100)
  expect(draw(parent, 3)).toEqual(draw(rng(3), 3))
})

test('numbers are spread evenly: 16 cells of 16,000 draws pass a chi-square test at 0.1 %', () => {
  const cells = new Array<number>(16).fill(0)
  for (const x of draw(rng(4), 16_000)) cells[Math.floor(x * 16)]!++
  const chi2 = cells.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)
  expect(chi2).toBeLessThan(37.7) // Critical value of chi-square with 15 degrees of freedom at 0.001.
})

test('integers reach both ends', () => {
  const r = rng(5)
  const seen = new Set(Array.from({ length: 200 }, () => r.int(2, 4)))
  expect([...seen].sort()).toEqual([2, 3, 4])
})
