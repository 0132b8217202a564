import type { ScoreHistogram } from '../counters/score-histogram.ts'
import { hanleyMcNeilError } from '../estimators/auc-bins.ts'
import { type EstimateResult, estimateOf, type Insufficient, insufficient } from '../estimators/estimate.ts'

export interface DecidedPositive {
  readonly n: number
  readonly scoreSum: number
}

export interface ExpectedScores {
  /** Calibrated scores of all predictions. */
  readonly scores: ScoreHistogram
  readonly threshold: number
  /** Predictions at or above the threshold; may be left out when the threshold is the edge of a bin. */
  readonly decidedPositive?: DecidedPositive
}

export interface EstimatedPerformance {
  readonly kind: 'estimated-performance'
  readonly n: number
  readonly expected: {
    readonly truePositives: number
    readonly falsePositives: number
    readonly falseNegatives: number
    readonly trueNegatives: number
  }
  readonly accuracy: EstimateResult
  readonly precision: EstimateResult
  readonly recall: EstimateResult
  readonly f1: EstimateResult
  readonly auc: EstimateResult
}

/**
 * Performance to be expected before any outcome is known, from calibrated scores alone (confidence-based performance
 * estimation, NannyML): a prediction of score p is a positive with probability p. Right while the scores stay calibrated,
 * so under a shift of the inputs; wrong under a shift of the concept. Show it beside realized performance, never instead.
 *
 * Standard errors are those of the outcomes given the scores; they are upper bounds, because within a bin only the mean
 * score is known.
 */
export function estimatedPerformance({
  scores,
  threshold,
  decidedPositive,
}: ExpectedScores): EstimatedPerformance | Insufficient {
  const all = part(scores, 0, scores.bins)
  if (!(all.n > 0)) return insufficient('empty', 0)
  const { positive, negative } = split(scores, threshold, decidedPositive)
  const tp = positive.scoreSum
  const fp = positive.n - tp
  const fn = negative.scoreSum
  const tn = negative.n - fn
  const n = all.n
  const actual = tp + fn
  const f1Size = positive.n + actual
  return {
    kind: 'estimated-performance',
    n,
    expected: { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn },
    accuracy: estimateOf((tp + tn) / n, (positive.variance + negative.variance) / n ** 2, n, null),
    precision:
      positive.n > 0
        ? estimateOf(tp / positive.n, positive.variance / positive.n ** 2, n, null)
        : insufficient('zero-denominator', n, 'no prediction was decided positive'),
    // Delta method; true positives and false negatives come from different predictions, so they are independent.
    recall:
      actual > 0
        ? estimateOf(tp / actual, (fn ** 2 * positive.variance + tp ** 2 * negative.variance) / actual ** 4, n, null)
        : insufficient('zero-denominator', n, 'every score is 0'),
    f1:
      f1Size > 0
        ? estimateOf(
            (2 * tp) / f1Size,
            (4 * ((positive.n + fn) ** 2 * positive.variance + tp ** 2 * negative.variance)) / f1Size ** 4,
            n,
            null,
          )
        : insufficient('zero-denominator', n, 'no positive is decided or expected'),
    auc: expectedAuc(scores, n),
  }
}

interface Part extends DecidedPositive {
  /** Upper bound of Σ p (1 - p). */
  readonly variance: number
}

function expectedAuc(scores: ScoreHistogram, n: number): EstimateResult {
  let positives = 0
  let negatives = 0
  let area = 0
  for (let bin = 0; bin < scores.bins; bin++) {
    const p = scores.scoreSums[bin]!
    const q = scores.counts[bin]! - p
    area += p * (negatives + 0.5 * q)
    positives += p
    negatives += q
  }
  if (!(positives >= 1 && negatives >= 1)) {
    return insufficient('one-class', n, `${positives} positives and ${negatives} negatives are expected`)
  }
  const auc = area / (positives * negatives)
  return estimateOf(auc, hanleyMcNeilError(auc, positives, negatives) ** 2, n, null)
}

function split(scores: ScoreHistogram, threshold: number, decided: DecidedPositive | undefined) {
  if (!(threshold >= 0 && threshold <= 1)) throw new RangeError(`threshold ${threshold} is not between 0 and 1`)
  const place = threshold * scores.bins
  const edge = Math.round(place)
  // A threshold such as 0.35 times 200 bins misses its edge by rounding alone.
  const onEdge = Math.abs(place - edge) < 1e-9
  if (decided === undefined) {
    if (!onEdge) {
      throw new RangeError(`threshold ${threshold} lies inside a bin of width 1/${scores.bins}; give decidedPositive`)
    }
    return { positive: part(scores, edge, scores.bins), negative: part(scores, 0, edge) }
  }
  const bin = Math.min(scores.bins - 1, onEdge ? edge : Math.floor(place))
  const above = part(scores, bin + 1, scores.bins)
  const below = part(scores, 0, bin)
  const inside = part(scores, bin, bin + 1)
  const insidePositive = rest(decided.n - above.n, decided.scoreSum - above.scoreSum)
  const insideNegative = rest(inside.n - insidePositive.n, inside.scoreSum - insidePositive.scoreSum)
  if (insidePositive.n < 0 || insideNegative.n < 0) {
    throw new RangeError(`decidedPositive.n ${decided.n} does not fit the bins above threshold ${threshold}`)
  }
  return { positive: join(above, insidePositive), negative: join(below, insideNegative) }
}

function part(scores: ScoreHistogram, from: number, to: number): Part {
  let whole: Part = { n: 0, scoreSum: 0, variance: 0 }
  for (let bin = from; bin < to; bin++) whole = join(whole, rest(scores.counts[bin]!, scores.scoreSums[bin]!))
  return whole
}

/** Predictions of which only count and sum are known; Σ p² is at least (Σ p)²/n. */
function rest(n: number, scoreSum: number): Part {
  return { n, scoreSum, variance: n > 0 ? Math.max(0, scoreSum - (scoreSum * scoreSum) / n) : 0 }
}

function join(a: Part, b: Part): Part {
  return { n: a.n + b.n, scoreSum: a.scoreSum + b.scoreSum, variance: a.variance + b.variance }
}
