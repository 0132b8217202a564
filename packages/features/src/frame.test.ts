import { expect, test } from 'vitest'
import { newFrame, readFrame } from './frame.ts'

/** The value stands at 3 in a larger array. */
function read(...value: number[]) {
  const frame = newFrame()
  const fault = readFrame(Uint8Array.from([9, 9, 9, ...value, 9]), 3, value.length, frame)
  return fault === 0 ? frame : fault.code
}

test('a registry frame has a magic byte 0 and a big-endian schema id', () => {
  expect(read(0, 0x01, 0x02, 0x03, 0x04, 5)).toEqual({ kind: 'registry', schemaId: 0x01020304, bodyStart: 8 })
  expect(read(0, 0, 0, 0, 1)).toEqual({ kind: 'registry', schemaId: 1, bodyStart: 8 })
})

test.each([0x7b, 0x20, 0x09, 0x0a, 0x0d])('a value that starts with byte %i is JSON', (first) => {
  expect(read(first, 0x7d)).toEqual({ kind: 'json', schemaId: -1, bodyStart: 3 })
})

test.each([
  ['E_FRAME_TRUNCATED', []],
  ['E_FRAME_TRUNCATED', [0]],
  ['E_FRAME_TRUNCATED', [0, 0, 0, 1]],
  ['E_FRAME_GUID', [1, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['E_FRAME_MAGIC', [2, 0, 0, 0, 1]],
  ['E_FRAME_MAGIC', [0x5b, 0x5d]],
  ['E_FRAME_MAGIC', [0xef, 0xbb, 0xbf, 0x7b, 0x7d]],
])('%s for %j', (code, value) => {
  expect(read(...value)).toBe(code)
})
