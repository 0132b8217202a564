import { describe, expect, it } from 'vitest'
import { assignmentVectors as vectors } from '../vectors/vectors.ts'
import { BUCKET_COUNT, Bucketer, LAYER_SEEDS, type Layer } from './bucketer.ts'

const encoder = new TextEncoder()

function bucketOf(bucketer: Bucketer, key: string): number {
  const bytes = encoder.encode(key)
  return bucketer.bucket(bytes, 0, bytes.length)
}

/** Pearson's statistic of a table of counts against equal shares of its rows and columns. */
function chiSquare(table: readonly (readonly number[])[]): number {
  const rowSums = table.map((row) => row.reduce((a, b) => a + b, 0))
  const columnSums = table[0]!.map((_, j) => table.reduce((a, row) => a + row[j]!, 0))
  const total = rowSums.reduce((a, b) => a + b, 0)
  let statistic = 0
  table.forEach((row, i) => {
    row.forEach((count, j) => {
      const expected = (rowSums[i]! * columnSums[j]!) / total
      statistic += (count - expected) ** 2 / expected
    })
  })
  return statistic
}

describe('Bucketer', () => {
  it.each(vectors.layers)('agrees with mmh3 on the $layer layer of salt "$salt"', (vector) => {
    expect(LAYER_SEEDS[vector.layer as Layer]).toBe(vector.seed)
    const bucketer = new Bucketer(vector.salt, vector.layer as Layer)
    for (let i = 0; i < vector.count; i++) {
      const expected = Number(vector.buckets.slice(4 * i, 4 * i + 4))
      expect(bucketOf(bucketer, `${vector.keyPrefix}${i}`)).toBe(expected)
    }
  })

  it('agrees with mmh3 on empty, long and non-ASCII keys', () => {
    for (const { salt, seed, key, bucket } of vectors.cases) {
      const layer = (Object.keys(LAYER_SEEDS) as Layer[]).find((name) => LAYER_SEEDS[name] === seed)!
      expect(bucketOf(new Bucketer(salt, layer), key)).toBe(bucket)
    }
  })

  it('has a seed of its own for every layer', () => {
    expect(new Set(Object.values(LAYER_SEEDS)).size).toBe(Object.keys(LAYER_SEEDS).length)
  })

  // Critical values of chi-square at p = 0.001: 10.828 (1 degree of freedom), 148.230 (99).
  it('spreads sequential keys evenly', () => {
    const bucketer = new Bucketer('churn', 'arm')
    const observed = new Array<number>(100).fill(0)
    const keys = 50_000
    for (let i = 0; i < keys; i++) observed[Math.floor(bucketOf(bucketer, `customer-${i}`) / 100)]! += 1
    const expected = keys / 100
    const statistic = observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(statistic).toBeLessThan(148.23)
  })

  it.each([
    ['two experiments with salts alike', new Bucketer('model-v1', 'arm'), new Bucketer('model-v2', 'arm')],
    ['the sample of shadows and the split', new Bucketer('churn', 'traffic'), new Bucketer('churn', 'arm')],
    ['the audit sample and the split', new Bucketer('churn', 'audit'), new Bucketer('churn', 'arm')],
  ])('decides independently: %s', (_, first, second) => {
    const table = [
      [0, 0],
      [0, 0],
    ]
    for (let i = 0; i < 50_000; i++) {
      const key = `customer-${i}`
      const row = bucketOf(first, key) < BUCKET_COUNT / 2 ? 0 : 1
      const column = bucketOf(second, key) < BUCKET_COUNT / 2 ? 0 : 1
      table[row]![column]! += 1
    }
    expect(chiSquare(table)).toBeLessThan(10.828)
  })
})
