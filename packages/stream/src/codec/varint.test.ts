import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  MAX_VARINT_BYTES,
  MAX_VARLONG_BYTES,
  readVarint,
  readVarlong,
  varintLength,
  varintSize,
  writeVarint,
  writeVarlong,
} from './varint.ts'

const require = createRequire(import.meta.url)
const KafkajsEncoder = require('kafkajs/src/protocol/encoder')
const Long = require('kafkajs/src/utils/long')

const SEED = 20260903
const anyInt32 = fc.oneof(
  fc.integer(),
  // Both sides of every length, where the zigzag value reaches 2^7, 2^14, 2^21 and 2^28.
  fc.tuple(fc.constantFrom(6, 13, 20, 27, 30), fc.integer({ min: -2, max: 2 })).map(([bits, by]) => 2 ** bits + by),
  fc.tuple(fc.constantFrom(6, 13, 20, 27, 30), fc.integer({ min: -2, max: 2 })).map(([bits, by]) => -(2 ** bits) + by),
)

describe('varints', () => {
  // The table in the protocol buffers documentation, "Signed Integers".
  it.each([
    [0, [0]],
    [-1, [1]],
    [1, [2]],
    [-2, [3]],
    [0x7fff_ffff, [0xfe, 0xff, 0xff, 0xff, 0x0f]],
    [-0x8000_0000, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('%i', (value, expected) => {
    const bytes = new Uint8Array(8)
    expect(writeVarint(bytes, 1, value)).toBe(1 + expected.length)
    expect([...bytes.subarray(1, 1 + expected.length)]).toEqual(expected)
    expect(varintSize(value)).toBe(expected.length)
    expect(varintLength(bytes, 1, MAX_VARINT_BYTES)).toBe(expected.length)
    expect(readVarint(bytes, 1, expected.length)).toBe(value)
  })

  it('are written as kafkajs writes them, and read back', () => {
    fc.assert(
      fc.property(anyInt32, (value) => {
        const expected: Buffer = new KafkajsEncoder().writeVarInt(value).buffer
        const bytes = new Uint8Array(MAX_VARINT_BYTES)
        const length = writeVarint(bytes, 0, value)
        expect(Buffer.from(bytes.subarray(0, length))).toEqual(expected)
        expect(varintSize(value)).toBe(length)
        expect(readVarint(bytes, 0, length)).toBe(value)
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })

  it('has no length when it does not end within its limit or within the bytes', () => {
    expect(varintLength(new Uint8Array([0x80, 0x80, 0x80, 0x80, 0x80, 0]), 0, MAX_VARINT_BYTES)).toBe(0)
    expect(varintLength(new Uint8Array([0x80, 0x80, 0x80, 0x80, 0]), 0, MAX_VARINT_BYTES)).toBe(5)
    expect(varintLength(new Uint8Array([0x80, 0x80]), 0, MAX_VARINT_BYTES)).toBe(0)
  })
})

describe('varlongs', () => {
  const anyLong = fc.oneof(
    anyInt32,
    fc.maxSafeInteger(),
    fc.tuple(fc.constantFrom(31, 32, 34, 41, 48), fc.integer({ min: -2, max: 2 })).map(([bits, by]) => 2 ** bits + by),
    fc.tuple(fc.constantFrom(31, 32, 34, 41, 48), fc.integer({ min: -2, max: 2 })).map(([bits, by]) => by - 2 ** bits),
  )

  it('are written as kafkajs writes them, and read back', () => {
    fc.assert(
      fc.property(anyLong, (value) => {
        const expected: Buffer = new KafkajsEncoder().writeVarLong(Long.fromNumber(value)).buffer
        const bytes = new Uint8Array(MAX_VARLONG_BYTES)
        const length = writeVarlong(bytes, 0, value)
        expect(Buffer.from(bytes.subarray(0, length))).toEqual(expected)
        expect(varintLength(bytes, 0, MAX_VARLONG_BYTES)).toBe(length)
        expect(readVarlong(bytes, 0, length)).toBe(value)
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })

  it('beyond 53 bits come out as the nearest number', () => {
    const anyBigLong = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    fc.assert(
      fc.property(anyBigLong, (value) => {
        const encoded: Buffer = new KafkajsEncoder().writeVarLong(Long.fromString(String(value))).buffer
        const read = readVarlong(encoded, 0, varintLength(encoded, 0, MAX_VARLONG_BYTES))
        // The error of one rounding.
        expect(Math.abs(read - Number(value))).toBeLessThanOrEqual(1024)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})
