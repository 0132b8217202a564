import { describe, test } from 'vitest'
import vectors from '../../../../schemas/vectors/statistics/special-functions.json' with { type: 'json' }
import { expectWithin } from '../testing/expect-within.ts'
import { logBeta, regularizedBeta } from './beta.ts'
import { chiSquareSf, chiSquareUpperQuantile } from './chi-square.ts'
import { logGamma } from './gamma.ts'
import { gaussLegendre } from './gauss-legendre.ts'
import { kolmogorovSf } from './kolmogorov.ts'
import { normalSf, normalUpperQuantile } from './normal.ts'
import { tSf, tUpperQuantile } from './student-t.ts'

/** Each row ends with the expected value; the rest are the arguments. */
function agrees(rows: readonly (readonly number[])[], compute: (...x: number[]) => number, tolerance: number): void {
  for (const row of rows) {
    const args = row.slice(0, -1)
    expectWithin(compute(...args), row.at(-1)!, tolerance, `(${args.join(', ')})`)
  }
}

describe('special functions agree with 60-digit arithmetic and scipy, tails included', () => {
  test('normal', () => {
    agrees(vectors.normalUpperTail, normalSf, 1e-12)
    agrees(vectors.normalUpperQuantile, normalUpperQuantile, 1e-12)
  })
  test('Student t, from 1 to 10^9 degrees of freedom', () => {
    agrees(vectors.tUpperTail, tSf as (...x: number[]) => number, 1e-10)
    agrees(vectors.tUpperQuantile, tUpperQuantile as (...x: number[]) => number, 1e-10)
  })
  test('chi-square', () => {
    agrees(vectors.chiSquareUpperTail, chiSquareSf as (...x: number[]) => number, 1e-11)
    agrees(vectors.chiSquareUpperQuantile, chiSquareUpperQuantile as (...x: number[]) => number, 1e-11)
  })
  test('beta and gamma', () => {
    agrees(vectors.regularizedBeta, (a, b, x) => regularizedBeta(a!, b!, x!), 1e-11)
    agrees(vectors.logBeta, logBeta as (...x: number[]) => number, 1e-12)
    agrees(vectors.logGamma, logGamma, 1e-12)
  })
  test('Kolmogorov', () => agrees(vectors.kolmogorovUpperTail, kolmogorovSf, 1e-10))

  test('Gauss–Legendre integrates what polynomials of its degree integrate to', () => {
    for (const count of [1, 2, 7, 64, 301]) {
      const { nodes, weights } = gaussLegendre(count)
      for (const degree of [0, 1, 2, Math.min(40, 2 * count - 1)]) {
        if (degree > 2 * count - 1) continue
        const integral = nodes.reduce((sum, x, i) => sum + weights[i]! * x ** degree, 0)
        expectWithin(1 + integral, 1 + (degree % 2 === 0 ? 2 / (degree + 1) : 0), 1e-13, `${count} nodes, x^${degree}`)
      }
    }
  })
})
