import type { LabelledScores } from '../counters/labelled-scores.ts'
import { type Estimate, estimateOf, type Insufficient, insufficient } from './estimate.ts'

export interface BinnedAuc extends Estimate {
  readonly positives: number
  readonly negatives: number
  /** The AUC of the unbinned scores lies within this of the estimate. */
  readonly binningErrorMax: number
  /** By Hanley and McNeil from the AUC and the class sizes alone; null for fewer than one of each. */
  readonly hanleyMcNeilError: number
}

/**
 * AUC of mergeable score histograms: `Σ posᵢ (neg₍<i₎ + ½ negᵢ) / (P N)`, with DeLong's variance, which is exact for the
 * binned scores.
 */
export function aucFromBins(scores: LabelledScores): BinnedAuc | Insufficient {
  const { positives, negatives, bins } = scores
  const p = total(positives)
  const n = total(negatives)
  if (!(p + n > 0)) return insufficient('empty', 0)
  const found = `${p} positive, ${n} negative`
  if (p <= 0 || n <= 0) return insufficient('one-class', p + n, found)
  if (p < 2 || n < 2) return insufficient('below-minimum', p + n, `${found}; at least 2 of each are needed`)
  let area = 0
  let shared = 0
  let negativesBelow = 0
  for (let i = 0; i < bins; i++) {
    area += positives[i]! * (negativesBelow + 0.5 * negatives[i]!)
    shared += 0.5 * positives[i]! * negatives[i]!
    negativesBelow += negatives[i]!
  }
  const value = area / (p * n)
  let squaresOfPositives = 0
  let squaresOfNegatives = 0
  let below = 0
  let above = p
  for (let i = 0; i < bins; i++) {
    above -= positives[i]!
    squaresOfPositives += positives[i]! * ((below + 0.5 * negatives[i]!) / n - value) ** 2
    squaresOfNegatives += negatives[i]! * ((above + 0.5 * positives[i]!) / p - value) ** 2
    below += negatives[i]!
  }
  const variance = squaresOfPositives / (p - 1) / p + squaresOfNegatives / (n - 1) / n
  const result = estimateOf(value, variance, p + n)
  if (result.kind === 'insufficient') return result
  return {
    ...result,
    positives: p,
    negatives: n,
    binningErrorMax: shared / (p * n),
    hanleyMcNeilError: hanleyMcNeilError(value, p, n),
  }
}

/**
 * Standard error of an AUC for scores of exponential shape, from nothing but the AUC and the class sizes (Hanley and
 * McNeil, Radiology 143, 1982). For when only a published AUC is known; with histograms at hand DeLong's is exact.
 */
export function hanleyMcNeilError(auc: number, positives: number, negatives: number): number {
  const q1 = auc / (2 - auc)
  const q2 = (2 * auc * auc) / (1 + auc)
  const square = auc * auc
  const variance =
    (auc * (1 - auc) + (positives - 1) * (q1 - square) + (negatives - 1) * (q2 - square)) / (positives * negatives)
  return Math.sqrt(Math.max(0, variance))
}

function total(cells: Float64Array): number {
  return cells.reduce((sum, count) => sum + count, 0)
}
