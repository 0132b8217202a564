import { describe, expect, it } from 'vitest'
import { murmur3Vectors as vectors } from '../vectors/vectors.ts'
import { murmur3After, murmur3Prefix, murmur3x86_32 } from './murmur3.ts'

const encoder = new TextEncoder()

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

describe('murmur3x86_32', () => {
  it.each(vectors.families)('agrees with mmh3 on $count keys "$keyPrefix…" with seed $seed', (family) => {
    expect(family.hashes.length).toBe(8 * family.count)
    const wrong: string[] = []
    for (let i = 0; i < family.count; i++) {
      const key = encoder.encode(`${family.keyPrefix}${i}`)
      const expected = Number.parseInt(family.hashes.slice(8 * i, 8 * i + 8), 16)
      if (murmur3x86_32(key, 0, key.length, family.seed) !== expected) wrong.push(`${family.keyPrefix}${i}`)
    }
    expect(wrong).toEqual([])
  })

  it('agrees with mmh3 on every length up to 67 bytes, on non-ASCII text and on seeds with the top bit set', () => {
    for (const { keyHex, seed, hash } of vectors.cases) {
      const key = fromHex(keyHex)
      expect(murmur3x86_32(key, 0, key.length, seed), `${keyHex} seed ${seed}`).toBe(hash)
    }
    expect(vectors.cases.some((c) => c.keyHex === '')).toBe(true)
  })

  it('agrees with mmh3 on long keys', () => {
    for (const { keyHex, times, seed, hash } of vectors.repeated) {
      const key = fromHex(keyHex.repeat(times))
      expect(murmur3x86_32(key, 0, key.length, seed)).toBe(hash)
    }
  })

  it('hashes the named part of a larger buffer and nothing around it', () => {
    for (const { keyHex, seed, hash } of vectors.cases) {
      const key = fromHex(keyHex)
      const buffer = new Uint8Array(key.length + 9).fill(0xa5)
      buffer.set(key, 5)
      expect(murmur3x86_32(buffer, 5, key.length, seed)).toBe(hash)
    }
  })

  it('gives the same for every cut between a prefix and the rest', () => {
    for (const { keyHex, seed, hash } of vectors.cases.slice(0, 200)) {
      const key = fromHex(keyHex)
      for (let cut = 0; cut <= key.length; cut++) {
        const prefix = murmur3Prefix(key.subarray(0, cut), seed)
        expect(murmur3After(prefix, key, cut, key.length - cut), `${keyHex} cut at ${cut}`).toBe(hash)
      }
    }
  })

  it('refuses a part that lies outside of the buffer', () => {
    const bytes = new Uint8Array(4)
    expect(() => murmur3x86_32(bytes, 2, 3, 0)).toThrow('[2, 5) is outside of 4 bytes')
    expect(() => murmur3x86_32(bytes, 0, -1, 0)).toThrow(RangeError)
    expect(() => murmur3x86_32(bytes, -1, 1, 0)).toThrow(RangeError)
  })
})
