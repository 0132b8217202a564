import { invariant } from '@sluice/contracts'
import { BUCKET_COUNT } from './bucketer.ts'

/** Buckets `fromBucket <= bucket < toBucket` belong to the variant at `variantIndex` of the plan. */
export interface BucketRange {
  readonly fromBucket: number
  readonly toBucket: number
  readonly variantIndex: number
}

/**
 * Which variant owns which bucket, from the weights alone: entry `b` is the index of the variant that owns bucket `b`.
 *
 * Rule    The buckets are a circle. Index 0 is the champion, the others are candidates and come in pairs. Pair 1 starts at
 *         bucket 0, pair 2 at 5,000, then 2,500, 7,500, 1,250 and so on (the van der Corput sequence). The first of a pair
 *         claims buckets downwards from there, the second upwards, each as many as its weight, and steps over what an
 *         earlier candidate has claimed. What nobody claims is the champion's.
 *
 * So      The start and the direction of a candidate depend on its place in the plan and on nothing else, therefore:
 *         - 90/10 gives the candidate [9000, 10000); 34/33/33 gives [6700, 10000) and [0, 3300).
 *         - Raising a weight moves exactly the difference, from the champion to that candidate; lowering it moves exactly
 *           those keys back; a weight that returns to an old value brings back the old keys. This holds for any weights
 *           of up to two candidates, and for more as long as their claims do not touch.
 *         - A candidate that is appended moves nobody else's keys.
 *         - Where claims touch, the earlier candidate is served first. A bucket that a candidate holds never goes back to
 *           the champion because another weight rose. Up to four candidates a change moves at most twice the difference
 *           and no key between two variants whose weights did not change.
 *
 * Why not more: no rule that looks at the weights alone can move only the difference for any weights of three candidates.
 * Each candidate's buckets would depend on its own weight alone, `S(w)`. With weights 10000 - 2w, w and w, both `T(w)` and
 * `U(w)` would have to lie in the complement of `S(10000 - w)`, which has w buckets, and thus be the same. A rule that also
 * looks at the plan before could, but then a key's variant would depend on the history of the endpoint.
 *
 * `weights` are in basis points, sum to 10,000, none negative.
 */
export function bucketOwners(weights: readonly number[]): Uint8Array {
  invariant(weights.length >= 1 && weights.length <= 256, 'a plan has 1 to 256 variants')
  const owners = new Uint8Array(BUCKET_COUNT)
  const claimed = new Uint8Array(BUCKET_COUNT)
  for (let index = 1; index < weights.length; index++) {
    const downwards = index % 2 === 1
    const point = startPoint((index - 1) >> 1)
    let bucket = downwards ? (point + BUCKET_COUNT - 1) % BUCKET_COUNT : point
    let missing = weights[index]!
    for (let step = 0; step < BUCKET_COUNT && missing > 0; step++) {
      if (claimed[bucket] === 0) {
        claimed[bucket] = 1
        owners[bucket] = index
        missing--
      }
      bucket = (bucket + (downwards ? BUCKET_COUNT - 1 : 1)) % BUCKET_COUNT
    }
    invariant(missing === 0, 'the weights of a plan sum to 10000')
  }
  return owners
}

/** Term `n` of the base-2 van der Corput sequence (0, 1/2, 1/4, 3/4, 1/8, ...) as a bucket. */
function startPoint(n: number): number {
  let fraction = 0
  let place = 0.5
  for (let rest = n; rest > 0; rest >>= 1) {
    if ((rest & 1) === 1) fraction += place
    place /= 2
  }
  return Math.floor(fraction * BUCKET_COUNT)
}

/** The same as disjoint half-open ranges that cover all buckets, in bucket order. */
export function bucketRanges(owners: Uint8Array): readonly BucketRange[] {
  const ranges: BucketRange[] = []
  let fromBucket = 0
  for (let bucket = 1; bucket <= owners.length; bucket++) {
    if (bucket < owners.length && owners[bucket] === owners[fromBucket]) continue
    ranges.push({ fromBucket, toBucket: bucket, variantIndex: owners[fromBucket]! })
    fromBucket = bucket
  }
  return ranges
}
