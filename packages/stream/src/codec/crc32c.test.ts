import { createRequire } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c } from './crc32c.ts'
import { DATA_BYTES } from './crc32c-module.ts'

const require = createRequire(import.meta.url)
const kafkajsCrc32c: (bytes: Buffer) => number = require('kafkajs/src/protocol/recordBatch/crc32C')

const ramp = Uint8Array.from({ length: 32 }, (_, i) => i)

describe('crc32c', () => {
  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', ramp, 0x46dd794e],
    ['31 to 0', ramp.toReversed(), 0x113fdb5c],
    ['nothing', new Uint8Array(0), 0],
    ['the check value of the CRC catalogue', new TextEncoder().encode('123456789'), 0xe3069283],
  ])('matches RFC 3720: %s', (_, bytes, expected) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(expected)
  })

  it('agrees with another implementation at every length up to several rounds of both streams', () => {
    const bytes = Uint8Array.from({ length: 6200 }, (_, i) => (i * 167 + (i >> 5)) & 0xff)
    for (let length = 0; length <= 6200; length += length < 70 ? 1 : 13) {
      const start = length % 19
      const end = Math.min(bytes.length, start + length)
      expect(crc32c(bytes, start, end), `length ${length}`).toBe(kafkajsCrc32c(Buffer.from(bytes.slice(start, end))))
    }
  })

  it.each([-1, 0, 1, 2048])('agrees when the input is longer than the memory, %i bytes over two fillings', (extra) => {
    const bytes = new Uint8Array(2 * DATA_BYTES + extra).map((_, i) => (i * 31) ^ (i >> 9))
    expect(crc32c(bytes, 0, bytes.length)).toBe(kafkajsCrc32c(Buffer.from(bytes)))
  })

  it('agrees on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(crc32c(bytes, 0, bytes.length)).toBe(kafkajsCrc32c(Buffer.from(bytes)))
      }),
      { seed: 20260901, numRuns: 200 },
    )
  })
})
