import { ConfigError } from '@sluice/contracts'
import { type BucketRange, bucketOwners, bucketRanges } from './bucket-layout.ts'
import { BUCKET_COUNT, Bucketer } from './bucketer.ts'
import { type PlanShadow, type PlanVariant, parseRoutePlan, type RoutePlan } from './route-plan.ts'

/** Index of the champion in a plan's variants; it also gets the events without a key. */
export const CHAMPION_INDEX = 0

/** A plan ready to assign keys: the same key gets the same answer from every router that holds the same plan. */
export class CompiledPlan {
  readonly plan: RoutePlan
  readonly generation: number
  readonly variants: readonly PlanVariant[]
  readonly shadows: readonly PlanShadow[]
  /** Disjoint half-open ranges that cover all buckets, in bucket order. */
  readonly ranges: readonly BucketRange[]
  readonly #owners: Uint8Array
  readonly #armLayer: Bucketer
  readonly #trafficLayer: Bucketer

  /** Throws ConfigError with every problem of the plan. */
  constructor(plan: RoutePlan) {
    const result = parseRoutePlan(plan)
    if (!result.ok) throw new ConfigError(result.problems)
    this.plan = result.plan
    this.generation = plan.generation
    this.variants = result.plan.variants
    this.shadows = result.plan.shadows
    this.#owners = bucketOwners(this.variants.map((variant) => variant.weightBp))
    this.ranges = bucketRanges(this.#owners)
    this.#armLayer = new Bucketer(plan.salt, 'arm')
    this.#trafficLayer = new Bucketer(plan.salt, 'traffic')
  }

  get champion(): PlanVariant {
    return this.variants[CHAMPION_INDEX]!
  }

  /** Bucket of the split, 0 to 9,999. The key is the bytes `[start, start + length)`. */
  bucket(bytes: Uint8Array, start: number, length: number): number {
    return this.#armLayer.bucket(bytes, start, length)
  }

  /** Index in `variants` of the variant that owns the key. A length of -1, no key, is the champion's. */
  variantIndex(bytes: Uint8Array, start: number, length: number): number {
    if (length < 0) return CHAMPION_INDEX
    return this.#owners[this.#armLayer.bucket(bytes, start, length)]!
  }

  /**
   * A shadow gets a copy when this is below its `percentBp`. All shadows read the same number, so a smaller sample lies
   * within a larger one and two shadows can be compared on the same keys. An event without a key cannot be sampled by its
   * key: its number is the highest, and only a shadow of all keys gets a copy.
   */
  shadowBucket(bytes: Uint8Array, start: number, length: number): number {
    if (length < 0) return BUCKET_COUNT - 1
    return this.#trafficLayer.bucket(bytes, start, length)
  }
}
