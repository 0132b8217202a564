import { expect, test } from 'vitest'
import { float32Log } from './float32-log.ts'

/** Bits of x and of logf(x) in glibc 2.36. */
const LOGF: readonly [number, number][] = [
  [0x3f000000, 0xbf317218],
  [0x3f800000, 0x00000000],
  [0x3e99999a, 0xbf9a1bc8],
  [0x3faaaaab, 0x3e934b12],
  [0x3f4ccccb, 0xbe647fc7],
  [0x3f6e147b, 0xbd949ff0],
  [0x3f8ccccd, 0x3dc331ff],
  [0x40000000, 0x3f317218],
  [0x42c80000, 0x40935d8e],
  [0x3c23d70a, 0xc0935d8e],
  [0x358637bd, 0xc15d0c55],
  [0x3f7fffef, 0xb5880005],
  [0x7f7fffff, 0x42b17218],
  [0x00800000, 0xc2aeac50],
  [0x00000001, 0xc2ce8ed0],
  [0x000571cc, 0xc2b4fce9],
  [0x3f8336ba, 0x3ccb2459],
  [0x3f8ad7ad, 0x3da685c2],
]

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

function fromBits(value: number): number {
  bits[0] = value
  return float[0]!
}

test.each(LOGF)('the bits %i have the logarithm that the C library gives them', (x, expected) => {
  expect(float32Log(fromBits(x))).toBe(fromBits(expected))
})

test('Math.log rounded to float32 differs on some of them, so the table tests something', () => {
  expect(LOGF.some(([x, y]) => Math.fround(Math.log(fromBits(x))) !== fromBits(y))).toBe(true)
})

test('ends of the domain', () => {
  expect([0, -0, Infinity].map(float32Log)).toEqual([-Infinity, -Infinity, Infinity])
  expect([-1, Number.NaN, -Infinity].map(float32Log)).toEqual([Number.NaN, Number.NaN, Number.NaN])
})
