import type { BucketSums } from '../counters/bucket-sums.ts'
import { CONFUSION_COLUMNS, type Confusion } from '../counters/confusion.ts'
import { type EstimateResult, estimateOf, insufficient } from './estimate.ts'
import { type BucketRatio, bucketRatio } from './ratio.ts'

/**
 * Measures of a decision as ratios of the confusion cells true positive, false positive, false negative, true negative:
 * precision TP/(TP+FP), recall TP/(TP+FN), F1 2TP/(2TP+FP+FN), accuracy (TP+TN)/all, positive rate (TP+FP)/all.
 */
export const CLASSIFICATION_RATIOS = {
  precision: { numerator: [1, 0, 0, 0], denominator: [1, 1, 0, 0] },
  recall: { numerator: [1, 0, 0, 0], denominator: [1, 0, 1, 0] },
  f1: { numerator: [2, 0, 0, 0], denominator: [2, 1, 1, 0] },
  accuracy: { numerator: [1, 0, 0, 1], denominator: [1, 1, 1, 1] },
  positiveRate: { numerator: [1, 1, 0, 0], denominator: [1, 1, 1, 1] },
} as const satisfies Record<string, BucketRatio>
export type ClassificationMeasure = keyof typeof CLASSIFICATION_RATIOS

/** Numerator and denominator of a measure, for intervals of proportions. */
export function classificationCounts(
  confusion: Confusion,
  measure: ClassificationMeasure,
): { readonly numerator: number; readonly denominator: number } {
  const { numerator, denominator } = CLASSIFICATION_RATIOS[measure]
  return { numerator: dot(numerator, confusion.cells), denominator: dot(denominator, confusion.cells) }
}

/** A measure from independent events; delta method over events, exactly, from the four counts. */
export function classification(confusion: Confusion, measure: ClassificationMeasure): EstimateResult {
  const n = confusion.cells.reduce((sum, count) => sum + count, 0)
  if (!(n > 0)) return insufficient('empty', 0)
  const counts = classificationCounts(confusion, measure)
  if (counts.denominator === 0) return insufficient('zero-denominator', n, missing(measure))
  if (n < 2) return insufficient('below-minimum', n, 'at least 2 labelled events are needed')
  const r = counts.numerator / counts.denominator
  const { numerator, denominator } = CLASSIFICATION_RATIOS[measure]
  let squares = 0
  for (let cell = 0; cell < CONFUSION_COLUMNS.length; cell++) {
    squares += confusion.cells[cell]! * (numerator[cell]! - r * denominator[cell]!) ** 2
  }
  return estimateOf(r, ((n / (n - 1)) * squares) / counts.denominator ** 2, n)
}

/** A measure from repeated events of the same customers; `sums` has the four confusion cells as columns. */
export function clusteredClassification(sums: BucketSums, measure: ClassificationMeasure): EstimateResult {
  const n = sums.cells.reduce((sum, count) => sum + count, 0)
  return bucketRatio(sums, CLASSIFICATION_RATIOS[measure], n)
}

function missing(measure: ClassificationMeasure): string {
  if (measure === 'precision') return 'no event was decided positive'
  if (measure === 'recall') return 'no event was actually positive'
  return 'no event was positive, neither decided nor actually'
}

function dot(factors: readonly number[], cells: ArrayLike<number>): number {
  return factors.reduce((sum, factor, i) => sum + factor * cells[i]!, 0)
}
