/**
 * The partition Kafka's own Java client gives a key: `(murmur2(key) & 0x7fffffff) % partitions`. Records that Sluice itself
 * puts into a company's topic go there, so that a key lies in one partition whoever produced it.
 *
 * Source: MurmurHash2 as in org.apache.kafka.common.utils.Utils.murmur2 (seed 0x9747b28c).
 */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

const M = 0x5bd1e995

/** MurmurHash2 as Kafka uses it, as a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let h = 0x9747b28c ^ length
  const blockBytes = length & ~3
  for (let i = 0; i < blockBytes; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    k = Math.imul(k, M)
    k = Math.imul(k ^ (k >>> 24), M)
    h = Math.imul(h, M) ^ k
  }
  if (blockBytes < length) {
    for (let i = length - 1; i >= blockBytes; i--) h ^= bytes[i]! << (8 * (i - blockBytes))
    h = Math.imul(h, M)
  }
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}
