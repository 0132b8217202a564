const { fround } = Math

/** Steps of the kernel's first look: `bucket(x) = round(clamp(key(x) * scale + shift, 0, last))`. */
export interface Buckets {
  /** Whether the key is the float's logarithm-like order instead of its value. */
  readonly keyed: boolean
  readonly scale: number
  readonly shift: number
  readonly last: number
  /** Thresholds that share the fullest bucket. */
  readonly crowd: number
  /** Thresholds per bucket. */
  readonly counts: Uint32Array
}

const LAST_BUCKETS = [127, 255, 511, 1023, 2047] as const
/** Shares of the thresholds left out at either end, so that a few outliers do not stretch all buckets. */
const TRIMS = [0, 0.02, 0.1, 0.25] as const

/**
 * Finds buckets in which few thresholds meet, because each doubling of the crowd costs one more compare per value.
 * Every choice is exact (the kernel compares with the real thresholds in the end); only the speed differs.
 *
 * @param thresholds ascending and distinct float32, at least one, without -0
 */
export function searchBuckets(thresholds: Float32Array): Buckets {
  let best: Buckets | undefined
  let bestCost = Infinity
  for (const last of LAST_BUCKETS) {
    for (const keyed of [false, true]) {
      const keys = keyed ? thresholds.map(orderKey) : thresholds
      for (const [low, high] of spans(keys)) {
        const buckets = fill(keys, keyed, last, low, high)
        // One more compare costs about four times as much as the key, and large tables push others out of the cache.
        const cost = 100 * searchSteps(buckets.crowd) + (keyed ? 25 : 0) + last / 24
        if (cost < bestCost) [best, bestCost] = [buckets, cost]
      }
    }
    if (best?.crowd === 1) break
  }
  return best!
}

/** Compares needed to place a value among `crowd` thresholds. */
export function searchSteps(crowd: number): number {
  return Math.ceil(Math.log2(crowd + 1))
}

/** The kernel's bucket of a key, with its float32 roundings. */
export function bucketOf(key: number, { scale, shift, last }: Pick<Buckets, 'scale' | 'shift' | 'last'>): number {
  const raw = fround(fround(key * scale) + shift)
  const clamped = Math.min(Math.max(raw, 0), last)
  return fround(clamped + 8_388_608) - 8_388_608
}

const float = new Float32Array(1)
const int = new Int32Array(float.buffer)

/** The kernel's key: the bits of the float as a number that rises with its value. */
export function orderKey(value: number): number {
  float[0] = value + 0 // -0 becomes +0
  const bits = int[0]!
  return fround(bits ^ ((bits >> 31) >>> 1))
}

function spans(keys: Float32Array): [number, number][] {
  const end = keys.length - 1
  return TRIMS.flatMap((trim) => {
    const low = keys[Math.floor(end * trim)]!
    const high = keys[Math.ceil(end * (1 - trim))]!
    const trimmed: [number, number][] = [
      [low, high],
      [keys[0]!, high],
      [low, keys[end]!],
    ]
    return trim === 0 ? trimmed.slice(0, 1) : trimmed
  })
}

function fill(keys: Float32Array, keyed: boolean, last: number, low: number, high: number): Buckets {
  let scale = fround((last - 1) / (high - low))
  let shift = fround(0.5 - low * scale)
  // Thresholds at the ends of float32 can overflow the line: then everything shares bucket 0, which is slow but exact.
  if (!Number.isFinite(scale) || !Number.isFinite(shift)) [scale, shift] = [0, 0]
  const counts = new Uint32Array(last + 1)
  let crowd = 0
  for (const key of keys) {
    const bucket = bucketOf(key, { scale, shift, last })
    const count = counts[bucket]! + 1
    counts[bucket] = count
    crowd = Math.max(crowd, count)
  }
  return { keyed, scale, shift, last, crowd, counts }
}
