/**
 * MurmurHash3 x86 32-bit by Austin Appleby (public domain; github.com/aappleby/smhasher), split in two so that the bytes
 * every key has in front of it, the salt, are hashed once and not per key.
 */
export interface Murmur3Prefix {
  /** State after the whole 4-byte blocks of the prefix. */
  readonly state: number
  /** The 0 to 3 bytes after the last whole block, little endian. */
  readonly tail: number
  readonly tailBits: number
  readonly length: number
}

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

function scramble(block: number): number {
  const k = Math.imul(block, C1)
  return Math.imul((k << 15) | (k >>> 17), C2)
}

function mix(state: number, block: number): number {
  const h = state ^ scramble(block)
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** What is the same in front of every key, ready to be continued by `murmur3After`. */
export function murmur3Prefix(prefix: Uint8Array, seed: number): Murmur3Prefix {
  const blockBytes = prefix.length & ~3
  let state = seed | 0
  for (let i = 0; i < blockBytes; i += 4) {
    state = mix(state, prefix[i]! | (prefix[i + 1]! << 8) | (prefix[i + 2]! << 16) | (prefix[i + 3]! << 24))
  }
  let tail = 0
  for (let i = blockBytes; i < prefix.length; i++) tail |= prefix[i]! << (8 * (i - blockBytes))
  return { state, tail, tailBits: 8 * (prefix.length - blockBytes), length: prefix.length }
}

/** Hash of the prefix followed by `bytes[start, start + length)`, 0 to 2^32 - 1. Allocates nothing. */
export function murmur3After(prefix: Murmur3Prefix, bytes: Uint8Array, start: number, length: number): number {
  return finish(prefix.state, prefix.tail, prefix.tailBits, prefix.length, bytes, start, length)
}

/** MurmurHash3_x86_32 of `bytes[start, start + length)`, 0 to 2^32 - 1. Allocates nothing. */
export function murmur3x86_32(bytes: Uint8Array, start: number, length: number, seed: number): number {
  return finish(seed | 0, 0, 0, 0, bytes, start, length)
}

function finish(
  prefixState: number,
  tail: number,
  tailBits: number,
  prefixLength: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): number {
  if (start < 0 || length < 0 || start + length > bytes.length) {
    throw new RangeError(`murmur3: [${start}, ${start + length}) is outside of ${bytes.length} bytes`)
  }
  let state = prefixState
  let pending = tail
  let pendingBits = tailBits
  const end = start + length
  let i = start
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    // A shift by 32 is a shift by 0 in JavaScript, hence the case of its own for an aligned prefix.
    if (pendingBits === 0) {
      state = mix(state, word)
    } else {
      state = mix(state, pending | (word << pendingBits))
      pending = word >>> (32 - pendingBits)
    }
  }
  for (; i < end; i++) {
    pending |= bytes[i]! << pendingBits
    pendingBits += 8
    if (pendingBits === 32) {
      state = mix(state, pending)
      pending = 0
      pendingBits = 0
    }
  }
  let h = state ^ scramble(pending) ^ (prefixLength + length)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
