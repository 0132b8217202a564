import { expect, test } from 'vitest'
import { featureList } from './feature-spec.ts'
import { compileRowDecoder } from './row-decoder.ts'
import { RowMajorBatch } from './row-major-batch.ts'

const SPECS = featureList.parse([
  { name: 'account.age', type: 'number', source: 'customer.age', nonFinite: 'allow' },
  { name: 'b', type: 'boolean', missing: 'reject' },
  { name: 'c', type: 'category', categories: ['x', '3'], unseen: 'reject' },
])

function decode(row: object, options = {}) {
  const batch = new RowMajorBatch(2, 3)
  const fault = compileRowDecoder(SPECS, options).decodeRow(row as Record<string, unknown>, batch, 1)
  expect([...batch.values.subarray(0, 3)]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  return fault === 0 ? [...batch.values.subarray(3)] : fault
}

test('rows carry features by name, not by where an event has them', () => {
  expect(decode({ 'account.age': 0.1, b: true, c: 'x', label: 'churned' })).toEqual([Math.fround(0.1), 1, 0])
  expect(decode({ 'account.age': null, b: 0, c: 3 })).toEqual([Number.NaN, 0, 1])
  expect(decode({ customer: { age: 4 }, b: false })).toEqual([Number.NaN, 0, Number.NaN])
})

test.each([
  [{ c: 'x' }, { code: 'E_FEATURE_MISSING', at: 'b' }],
  [{ b: 'true' }, { code: 'E_FEATURE_TYPE', at: 'b' }],
  [
    { b: true, 'account.age': '1' },
    { code: 'E_FEATURE_TYPE', at: 'account.age' },
  ],
  [
    { b: true, 'account.age': 1n },
    { code: 'E_FEATURE_TYPE', at: 'account.age' },
  ],
  [
    { b: true, c: 'y' },
    { code: 'E_FEATURE_UNSEEN_CATEGORY', at: 'c' },
  ],
  [
    { b: true, c: 1.5 },
    { code: 'E_FEATURE_TYPE', at: 'c' },
  ],
  [Object.create({ b: true }), { code: 'E_FEATURE_MISSING', at: 'b' }],
])('row %# has its fault', (row, fault) => {
  expect(decode(row)).toEqual(fault)
})

test('text that stands for no number is read where that is asked for', () => {
  for (const [text, value] of [
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
  ] as const) {
    expect(decode({ 'account.age': text, b: true })).toEqual({ code: 'E_FEATURE_TYPE', at: 'account.age' })
    expect(decode({ 'account.age': text, b: true }, { nonFiniteText: true })).toEqual([value, 1, Number.NaN])
  }
})
