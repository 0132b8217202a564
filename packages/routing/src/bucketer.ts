import { type Murmur3Prefix, murmur3After, murmur3Prefix } from './murmur3.ts'

/** A bucket is 0.01 % of all keys, one basis point. */
export const BUCKET_COUNT = 10_000

/**
 * Every decision that hashes the same key has a seed of its own. With one seed for two decisions the second would only
 * see the keys the first let through, and its shares would come out wrong.
 */
export const LAYER_SEEDS = {
  /** Which share of the keys takes part at all: the samples of shadows. */
  traffic: 1,
  /** Which variant a key belongs to: the split. */
  arm: 2,
  /** Which predictions are drawn into the random audit sample. */
  audit: 3,
  /** Sub-buckets from which variances are estimated. */
  variance: 4,
} as const
export type Layer = keyof typeof LAYER_SEEDS

/**
 * Bucket of a key, 0 to 9,999: `floor(h * 10000 / 2^32)` with `h = murmur3_x86_32(utf8(salt + ":" + key), seed of the
 * layer)`. The product stays below 2^53, so the double division is exact.
 */
export class Bucketer {
  readonly #prefix: Murmur3Prefix

  constructor(salt: string, layer: Layer) {
    this.#prefix = murmur3Prefix(new TextEncoder().encode(`${salt}:`), LAYER_SEEDS[layer])
  }

  /** The key is the bytes `[start, start + length)`; nothing is allocated. */
  bucket(bytes: Uint8Array, start: number, length: number): number {
    return Math.floor((murmur3After(this.#prefix, bytes, start, length) * BUCKET_COUNT) / 4_294_967_296)
  }
}
