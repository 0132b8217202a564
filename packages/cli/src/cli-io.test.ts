import { expect, test } from 'vitest'
import { toJson } from './cli-io.ts'

test('what JSON has no word for is written so that nothing is lost', () => {
  const value = {
    small: 12n,
    large: 2n ** 63n,
    bytes: Uint8Array.of(0, 1, 255),
    buffer: Buffer.from([0, 1, 255]),
    nan: Number.NaN,
    list: [Number.POSITIVE_INFINITY, 1n],
    date: new Date(0),
  }
  expect(JSON.parse(toJson(value))).toEqual({
    small: 12,
    large: '9223372036854775808',
    bytes: 'base64:AAH/',
    buffer: 'base64:AAH/',
    nan: 'NaN',
    list: ['Infinity', 1],
    date: '1970-01-01T00:00:00.000Z',
  })
})
