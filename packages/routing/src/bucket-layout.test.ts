import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOwners, bucketRanges } from './bucket-layout.ts'
import { BUCKET_COUNT } from './bucketer.ts'

/** Weights of `variants` variants that sum to 10,000; zeros and ones with extra odds. */
function weightsOf(variants: number): fc.Arbitrary<number[]> {
  const cut = fc.oneof(fc.integer({ min: 0, max: BUCKET_COUNT }), fc.constantFrom(0, 1, 5000, 9999, BUCKET_COUNT))
  return fc.array(cut, { minLength: variants - 1, maxLength: variants - 1 }).map((cuts) => {
    const points = [0, ...cuts.sort((a, b) => a - b), BUCKET_COUNT]
    return points.slice(1).map((point, i) => point - points[i]!)
  })
}

interface Ramp {
  readonly before: number[]
  readonly after: number[]
  readonly index: number
}

/** A plan of `variants` variants and the same plan with one candidate's weight changed at the champion's cost. */
function rampOf(variants: number): fc.Arbitrary<Ramp> {
  return weightsOf(variants).chain((before) =>
    fc.integer({ min: 1, max: variants - 1 }).chain((index) =>
      fc.integer({ min: 0, max: before[0]! + before[index]! }).map((weight) => {
        const after = [...before]
        after[0] = before[0]! + before[index]! - weight
        after[index] = weight
        return { before, after, index }
      }),
    ),
  )
}

interface Move {
  readonly from: number
  readonly to: number
}

function moves(before: Uint8Array, after: Uint8Array): Move[] {
  const out: Move[] = []
  before.forEach((from, bucket) => {
    if (from !== after[bucket]) out.push({ from, to: after[bucket]! })
  })
  return out
}

function counts(owners: Uint8Array, variants: number): number[] {
  const out = new Array<number>(variants).fill(0)
  for (const owner of owners) out[owner]! += 1
  return out
}

const variantCounts = fc.integer({ min: 2, max: 32 })

describe('bucketOwners', () => {
  it('lays out the plain splits', () => {
    const ranges = (weights: number[]) =>
      bucketRanges(bucketOwners(weights)).map((r) => [r.variantIndex, r.fromBucket, r.toBucket])
    expect(ranges([10_000])).toEqual([[0, 0, 10_000]])
    expect(ranges([9000, 1000])).toEqual([
      [0, 0, 9000],
      [1, 9000, 10_000],
    ])
    expect(ranges([5000, 5000])).toEqual([
      [0, 0, 5000],
      [1, 5000, 10_000],
    ])
    expect(ranges([3400, 3300, 3300])).toEqual([
      [2, 0, 3300],
      [0, 3300, 6700],
      [1, 6700, 10_000],
    ])
    expect(ranges([0, 10_000])).toEqual([[1, 0, 10_000]])
    expect(ranges([7000, 1000, 1000, 1000])).toEqual([
      [2, 0, 1000],
      [0, 1000, 4000],
      [3, 4000, 5000],
      [0, 5000, 9000],
      [1, 9000, 10_000],
    ])
  })

  it('gives every variant exactly its weight, and none to weight zero', () => {
    fc.assert(
      fc.property(variantCounts.chain(weightsOf), (weights) => {
        expect(counts(bucketOwners(weights), weights.length)).toEqual(weights)
      }),
    )
  })

  it('moves exactly the difference, whatever the weights of up to two candidates', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 3 }).chain(rampOf), ({ before, after, index }) => {
        const moved = moves(bucketOwners(before), bucketOwners(after))
        const difference = after[index]! - before[index]!
        expect(moved.length).toBe(Math.abs(difference))
        const expected = difference > 0 ? { from: 0, to: index } : { from: index, to: 0 }
        expect(moved.filter(({ from, to }) => from !== expected.from || to !== expected.to)).toEqual([])
      }),
    )
  })

  it('moves exactly the difference for any number of candidates while their claims do not touch', () => {
    // The start points of 31 candidates are at least 10000/16 apart, shared by two claims: 312 buckets each.
    const small = fc
      .integer({ min: 2, max: 32 })
      .chain((variants) =>
        fc.tuple(
          fc.array(fc.integer({ min: 0, max: 312 }), { minLength: variants - 1, maxLength: variants - 1 }),
          fc.integer({ min: 1, max: variants - 1 }),
          fc.integer({ min: 0, max: 312 }),
        ),
      )
    const withChampion = (candidates: number[]): number[] => [
      BUCKET_COUNT - candidates.reduce((a, b) => a + b, 0),
      ...candidates,
    ]
    fc.assert(
      fc.property(small, ([candidates, index, weight]) => {
        const changed = candidates.map((w, i) => (i === index - 1 ? weight : w))
        const moved = moves(bucketOwners(withChampion(candidates)), bucketOwners(withChampion(changed)))
        expect(moved.length).toBe(Math.abs(weight - candidates[index - 1]!))
      }),
    )
  })

  it('moves at most twice the difference, and nothing between unchanged variants, up to four candidates', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }).chain(rampOf), ({ before, after, index }) => {
        const moved = moves(bucketOwners(before), bucketOwners(after))
        const isChanged = (variant: number): boolean => variant === 0 || variant === index
        expect(moved.filter(({ from, to }) => !isChanged(from) && !isChanged(to))).toEqual([])
        expect(moved.length).toBeLessThanOrEqual(2 * Math.abs(after[index]! - before[index]!))
      }),
      { numRuns: 200 },
    )
  })

  it('takes no key back to the champion when a weight rises, whatever the number of candidates', () => {
    fc.assert(
      fc.property(variantCounts.chain(rampOf), (ramp) => {
        const { index } = ramp
        const rises = ramp.after[index]! >= ramp.before[index]!
        const [low, high] = rises ? [ramp.before, ramp.after] : [ramp.after, ramp.before]
        const moved = moves(bucketOwners(low), bucketOwners(high))
        expect(moved.filter((move) => move.to === 0)).toEqual([])
        expect(moved.filter((move) => move.from < index && move.from !== 0)).toEqual([])
      }),
    )
  })

  it('moves nobody else when a candidate is appended', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31 }).chain(weightsOf), fc.double({ min: 0, max: 1 }), (before, share) => {
        const weight = Number.isNaN(share) ? 0 : Math.floor(before[0]! * share)
        const after = [before[0]! - weight, ...before.slice(1), weight]
        const moved = moves(bucketOwners(before), bucketOwners(after))
        expect(moved.length).toBe(weight)
        expect(moved.filter(({ from, to }) => from !== 0 || to !== before.length)).toEqual([])
      }),
    )
  })

  it('refuses weights that do not fit', () => {
    expect(() => bucketOwners([])).toThrow('1 to 256 variants')
    expect(() => bucketOwners([0, 6000, 6000])).toThrow('sum to 10000')
  })
})

describe('bucketRanges', () => {
  it('covers every bucket once, with neighbours that differ', () => {
    fc.assert(
      fc.property(variantCounts.chain(weightsOf), (weights) => {
        const owners = bucketOwners(weights)
        const ranges = bucketRanges(owners)
        const rebuilt = new Uint8Array(BUCKET_COUNT).fill(255)
        let end = 0
        ranges.forEach((range, i) => {
          expect(range.fromBucket).toBe(end)
          expect(range.toBucket).toBeGreaterThan(range.fromBucket)
          if (i > 0) expect(range.variantIndex).not.toBe(ranges[i - 1]!.variantIndex)
          rebuilt.fill(range.variantIndex, range.fromBucket, range.toBucket)
          end = range.toBucket
        })
        expect(end).toBe(BUCKET_COUNT)
        expect(rebuilt).toEqual(owners)
      }),
    )
  })
})
