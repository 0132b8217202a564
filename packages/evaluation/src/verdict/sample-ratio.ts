import { type Insufficient, insufficient } from '../estimators/estimate.ts'
import { logBeta } from '../special/beta.ts'
import { chiSquareSf } from '../special/chi-square.ts'
import { logGamma } from '../special/gamma.ts'

/** For people, who look once in a while. */
export const SRM_ALPHA = 0.001
/** For automation, which looks all the time. */
export const SEQUENTIAL_SRM_ALPHA = 0.01
/** Expected units per arm below which the chi-square distribution does not hold. */
export const SRM_EXPECTED_MIN = 8
/** Strength of the belief in the designed ratio, in units. */
export const SRM_CONCENTRATION = 1_000

export interface ArmCounts {
  /** Units counted per arm, without duplicates. */
  readonly counts: readonly number[]
  /** Designed shares, in any unit; arms of weight 0 are left out. */
  readonly weights: readonly number[]
}

export interface SampleRatio {
  readonly kind: 'sample-ratio'
  readonly n: number
  /** Units each arm should have; 0 for weight 0. */
  readonly expected: readonly number[]
  readonly statistic: number
  readonly pValue: number
  /** The split is not the designed one: effects measured on it mean nothing, so verdicts are withheld. */
  readonly mismatch: boolean
}

/** Pearson's chi-square of the split against the design; for one look. `statistic` is chi-square, df = arms - 1. */
export function sampleRatio(arms: ArmCounts, alpha = SRM_ALPHA): SampleRatio | Insufficient {
  const design = designOf(arms)
  if ('code' in design) return design
  const { used, n, expected } = design
  const smallest = Math.min(...used.map(({ share }) => share * n))
  if (smallest < SRM_EXPECTED_MIN) {
    return insufficient('below-minimum', n, `an arm expects ${smallest} units, and ${SRM_EXPECTED_MIN} are needed`)
  }
  const statistic = used.reduce((sum, { count, share }) => sum + (count - share * n) ** 2 / (share * n), 0)
  const pValue = chiSquareSf(statistic, used.length - 1)
  return { kind: 'sample-ratio', n, expected, statistic, pValue, mismatch: pValue < alpha }
}

/**
 * Sequential test of the split: Bayes factor of a Dirichlet(k θ₀) against the designed θ₀; 1/factor is a p-value valid at
 * every look (Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data, NeurIPS 2022). `statistic` is ln of
 * the factor. No minimum is needed: with few units the factor cannot be large.
 */
export function sequentialSampleRatio(
  arms: ArmCounts,
  { alpha = SEQUENTIAL_SRM_ALPHA, concentration = SRM_CONCENTRATION } = {},
): SampleRatio | Insufficient {
  const design = designOf(arms)
  if ('code' in design) return design
  const { used, n, expected } = design
  const shares = used.map(({ share }) => concentration * share)
  const statistic =
    logDirichletBeta(used.map(({ count }, i) => shares[i]! + count)) -
    logDirichletBeta(shares) -
    used.reduce((sum, { count, share }) => sum + count * Math.log(share), 0)
  const pValue = Math.min(1, Math.exp(-statistic))
  return { kind: 'sample-ratio', n, expected, statistic, pValue, mismatch: pValue < alpha }
}

/** ln of the multivariate beta function: Σ ln Γ(aᵢ) - ln Γ(Σ aᵢ). */
function logDirichletBeta(a: readonly number[]): number {
  if (a.length === 2) return logBeta(a[0]!, a[1]!)
  return a.reduce((sum, value) => sum + logGamma(value), 0) - logGamma(a.reduce((sum, value) => sum + value, 0))
}

function designOf({ counts, weights }: ArmCounts) {
  if (counts.length !== weights.length) {
    throw new RangeError(`counts has ${counts.length} arms and weights ${weights.length}; give one weight per arm`)
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const used = counts.map((count, i) => ({ count, share: weights[i]! / total })).filter((_, i) => weights[i]! > 0)
  if (used.length < 2) throw new RangeError(`${used.length} arms have a weight; a ratio needs at least 2`)
  const n = used.reduce((sum, { count }) => sum + count, 0)
  if (!(n > 0)) return insufficient('empty', 0)
  return { used, n, expected: weights.map((weight) => (weight / total) * n) }
}
