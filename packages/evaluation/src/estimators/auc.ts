import { type EstimateResult, estimateOf, type Insufficient, insufficient } from './estimate.ts'
import { midranks } from './midranks.ts'

export interface LabelledArrays {
  /** Any real numbers; only their order counts. NaN is an error. */
  readonly scores: ArrayLike<number>
  /** 1 or true for positives; as long as `scores`. */
  readonly labels: ArrayLike<number | boolean>
}

/** DeLong's structural components: for each positive the share of negatives below it, for each negative vice versa. */
export interface StructuralComponents {
  readonly auc: number
  readonly ofPositives: Float64Array
  readonly ofNegatives: Float64Array
}

/** Positives and negatives needed for a variance. */
const PER_CLASS_MIN = 2

/**
 * Area under the ROC curve, ties counting half, with DeLong's variance S₁₀/P + S₀₁/N (DeLong, DeLong, Clarke-Pearson,
 * Biometrics 44, 1988), from midranks in O(n log n) (Sun and Xu, IEEE Signal Processing Letters 21, 2014).
 */
export function auc(data: LabelledArrays): EstimateResult {
  const classes = splitClasses(data)
  if ('code' in classes) return classes
  const components = structuralComponents(classes.positives, classes.negatives)
  return estimateOf(
    components.auc,
    sampleVariance(components.ofPositives) / components.ofPositives.length +
      sampleVariance(components.ofNegatives) / components.ofNegatives.length,
    data.scores.length,
  )
}

export interface PairedArrays {
  readonly champion: ArrayLike<number>
  readonly candidate: ArrayLike<number>
  readonly labels: ArrayLike<number | boolean>
}

/** What `aucDifference` says beside the difference. */
export type AucDifference = Extract<EstimateResult, { kind: 'estimate' }> & {
  readonly championAuc: number
  readonly candidateAuc: number
}

/**
 * AUC of the candidate minus AUC of the champion on the same events. Both are correlated; the variance of the
 * components' differences is DeLong's var A + var B - 2 cov.
 */
export function aucDifference({ champion, candidate, labels }: PairedArrays): AucDifference | Insufficient {
  const first = splitClasses({ scores: champion, labels }, 'champion')
  if ('code' in first) return first
  const second = splitClasses({ scores: candidate, labels }, 'candidate')
  if ('code' in second) return second
  const a = structuralComponents(first.positives, first.negatives)
  const b = structuralComponents(second.positives, second.negatives)
  const ofPositives = a.ofPositives.map((value, i) => b.ofPositives[i]! - value)
  const ofNegatives = a.ofNegatives.map((value, i) => b.ofNegatives[i]! - value)
  const result = estimateOf(
    b.auc - a.auc,
    sampleVariance(ofPositives) / ofPositives.length + sampleVariance(ofNegatives) / ofNegatives.length,
    champion.length,
    null,
  )
  return result.kind === 'insufficient' ? result : { ...result, championAuc: a.auc, candidateAuc: b.auc }
}

export function structuralComponents(positives: Float64Array, negatives: Float64Array): StructuralComponents {
  const [p, n] = [positives.length, negatives.length]
  const all = new Float64Array(p + n)
  all.set(positives)
  all.set(negatives, p)
  const ranks = midranks(all)
  const positiveRanks = midranks(positives)
  const negativeRanks = midranks(negatives)
  const ofPositives = positiveRanks.map((rank, i) => (ranks[i]! - rank) / n)
  const ofNegatives = negativeRanks.map((rank, j) => 1 - (ranks[p + j]! - rank) / p)
  return { auc: ofPositives.reduce((sum, v) => sum + v, 0) / p, ofPositives, ofNegatives }
}

function splitClasses(
  { scores, labels }: LabelledArrays,
  name = 'scores',
): Insufficient | { readonly positives: Float64Array; readonly negatives: Float64Array } {
  if (scores.length !== labels.length) {
    throw new RangeError(`${name} has ${scores.length} values and labels ${labels.length}; give one label per score`)
  }
  if (scores.length === 0) return insufficient('empty', 0)
  const positives: number[] = []
  const negatives: number[] = []
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) throw new RangeError(`${name}[${i}] is not a number; leave unscored events out`)
    if (labels[i]) positives.push(scores[i]!)
    else negatives.push(scores[i]!)
  }
  const found = `${positives.length} positive, ${negatives.length} negative`
  if (positives.length === 0 || negatives.length === 0) return insufficient('one-class', scores.length, found)
  if (positives.length < PER_CLASS_MIN || negatives.length < PER_CLASS_MIN) {
    return insufficient('below-minimum', scores.length, `${found}; at least ${PER_CLASS_MIN} of each are needed`)
  }
  return { positives: Float64Array.from(positives), negatives: Float64Array.from(negatives) }
}

/** Divisor n - 1; the values lie in [-1, 1], so two passes are exact enough to find a constant. */
function sampleVariance(values: Float64Array): number {
  const n = values.length
  const center = values.reduce((sum, v) => sum + v, 0) / n
  const squares = values.reduce((sum, v) => sum + (v - center) ** 2, 0)
  return squares <= n * (8 * Number.EPSILON) ** 2 ? 0 : squares / (n - 1)
}
