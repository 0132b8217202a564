import { describe, expect, it } from 'vitest'
import { assignmentVectors as vectors } from '../vectors/vectors.ts'
import { murmur2, partitionOfKey } from './partition-of-key.ts'

const encoder = new TextEncoder()

describe('partitionOfKey', () => {
  it('agrees with kafka-python on hash and partition', () => {
    for (const { key, murmur2: hash, partition12 } of vectors.partitions.cases) {
      const bytes = encoder.encode(key)
      expect(murmur2(bytes) >>> 0, key).toBe(hash)
      expect(partitionOfKey(bytes, 12), key).toBe(partition12)
    }
  })

  // The table of testMurmur2 in org.apache.kafka.common.utils.UtilsTest.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('agrees with the Java client on %s', (key, hash) => {
    expect(murmur2(encoder.encode(key))).toBe(hash)
  })
})
