import { expect, test } from 'vitest'
import { decimalNumber, isFloat32Middle } from './decimal-number.ts'

/** Decimals and the bits that glibc's strtof gives them; most lie on or beside the middle of two float32. */
const STRTOF: readonly [string, number][] = [
  ['1.00000017881393432617187499', 0x3f800001],
  ['1.000000178813934326171875', 0x3f800002],
  ['1.00000017881393432617187501', 0x3f800002],
  ['-1.00000017881393432617187499', 0xbf800001],
  ['-1.00000017881393432617187501', 0xbf800002],
  ['1.00000005960464477539062499999999999', 0x3f800000],
  ['1.00000005960464477539062500000000001', 0x3f800001],
  ['16777217', 0x4b800000],
  ['16777217.0000000000000001', 0x4b800001],
  ['16777216.99999999999999', 0x4b800000],
  ['33554435.000000000000001', 0x4c000001],
  ['33554434.999999999999999', 0x4c000001],
  ['7.0064923216240853546186479164495e-46', 0x00000000],
  ['7.0064923216240853546186479164496e-46', 0x00000001],
  ['7.006492321624085354618647916449580656401309709382578858785341419448955413429303e-46', 0x00000000],
  ['2.1019476964872256063855943749348741969203929128147736e-45', 0x00000001],
  ['2.10194769648722560638559437493487419692039291281478e-45', 0x00000002],
  ['3.4028235677973366e38', 0x7f7fffff],
  ['3.40282356779733661637539395458142568447e38', 0x7f7fffff],
  ['3.40282356779733661637539395458142568449e38', 0x7f800000],
  ['3.40282e+38', 0x7f7fffee],
  ['1e-50', 0x00000000],
  ['0', 0x00000000],
  ['-0.0', 0x80000000],
  ['5E-1', 0x3f000000],
  ['9.2700234E-1', 0x3f6d5006],
  ['1.1754943508222875e-38', 0x00800000],
  ['1.17549428e-38', 0x007fffff],
  ['8589973e9', 0x59f42448],
  ['0.000061095258', 0x38802044],
  ['5.877471754111437e-39', 0x00400000],
]

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

test.each(STRTOF)('%s is read as strtof reads it', (text, expected) => {
  float[0] = decimalNumber(text)
  expect(bits[0]).toBe(expected)
})

test('rounding twice would get some of them wrong, so the table tests something', () => {
  const naive = STRTOF.filter(([text, expected]) => {
    float[0] = Number(text)
    return bits[0] !== expected
  })
  expect(naive.length).toBeGreaterThan(5)
})

test('a middle is recognised among its neighbours, normal and denormal', () => {
  expect([1 + 2 ** -24, 1 + 2 ** -23, 1 + 2 ** -24 + 2 ** -52].map(isFloat32Middle)).toEqual([true, false, false])
  expect([2 ** -150, 2 ** -149, 3 * 2 ** -150].map(isFloat32Middle)).toEqual([true, false, true])
  expect([0, Infinity, Number.NaN, 1e300].map(isFloat32Middle)).toEqual([false, false, false, false])
})
