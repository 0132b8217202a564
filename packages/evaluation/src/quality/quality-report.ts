import type { Moments } from '../counters/moments.ts'
import { auc, type LabelledArrays } from '../estimators/auc.ts'
import { aucFromBins } from '../estimators/auc-bins.ts'
import { type ClassificationMeasure, classification, classificationCounts } from '../estimators/classification.ts'
import type { EstimateResult, InsufficientCode } from '../estimators/estimate.ts'
import { mean } from '../estimators/mean.ts'
import { proportion, type SuccessCount } from '../estimators/proportion.ts'
import { DEFAULT_CONFIDENCE, type Interval, wilsonInterval } from '../estimators/wilson.ts'
import type { PredictionState } from '../join/prediction-state.ts'
import type { EndingCounts } from '../join/settle-facts.ts'
import { normalUpperQuantile } from '../special/normal.ts'
import type { QualityWindow } from './quality-window.ts'

/** How the interval of a metric is made: Wilson's score, DeLong's variance, or the normal approximation. */
export type IntervalMethod = 'wilson' | 'delong' | 'normal'

/** A metric with its uncertainty, or why there is none. Numbers are always finite. */
export type MetricReport =
  | {
      readonly status: 'ok'
      readonly value: number
      /** Predictions the metric rests on; of a ratio, its denominator. */
      readonly n: number
      readonly low: number
      readonly high: number
      readonly method: IntervalMethod
    }
  | {
      readonly status: 'not-enough-data'
      readonly n: number
      readonly code: InsufficientCode
      readonly reason: string
    }

export const QUALITY_METRICS = [
  'accuracy',
  'precision',
  'recall',
  'f1',
  'auc',
  'logLoss',
  'brier',
  'positiveRate',
  'baseRate',
] as const
export type QualityMetric = (typeof QUALITY_METRICS)[number]

export interface QualityReport {
  readonly predictions: number
  /** Matched, or negative by absence. */
  readonly labelled: number
  readonly states: Readonly<Record<PredictionState, number>>
  readonly outcomes: EndingCounts
  readonly humanLabels: number
  readonly confusion: {
    readonly truePositives: number
    readonly falsePositives: number
    readonly falseNegatives: number
    readonly trueNegatives: number
  }
  /** Share of predictions that no longer wait; null without predictions. */
  readonly maturity: number | null
  /**
   * Some still wait. What happens comes in before what does not, so until then positives are over-represented and
   * nothing should be decided.
   */
  readonly preliminary: boolean
  /** From event to outcome; null without outcomes. At least half, and nine tenths, stay below the bounds. */
  readonly delay: {
    readonly meanSeconds: number
    readonly halfBelowSeconds: number
    readonly nineTenthsBelowSeconds: number
  } | null
  readonly confidence: number
  /** positiveRate is the share decided positive, baseRate the share that was positive. */
  readonly metrics: Readonly<Record<QualityMetric, MetricReport>>
  /** How far the AUC from bins can lie from that of the scores themselves; null when it was computed from those. */
  readonly aucBinningErrorMax: number | null
}

export interface ReportOptions {
  readonly confidence?: number
  /** Labelled rows for an AUC without bins. */
  readonly exact?: LabelledArrays
}

export function qualityReport(
  window: QualityWindow,
  { confidence = DEFAULT_CONFIDENCE, exact }: ReportOptions = {},
): QualityReport {
  const { states, labelled, predictions } = window
  const { confusion } = labelled
  const table = confusion.table
  const binned = aucFromBins(labelled.scores)
  const rate = (measure: ClassificationMeasure): MetricReport => {
    const { numerator, denominator } = classificationCounts(confusion, measure)
    const result = classification(confusion, measure)
    return wilsonMetric(result, { successes: numerator, n: denominator }, confidence)
  }
  const positives = { successes: table.truePositives + table.falseNegatives, n: labelled.n }
  const closed = predictions - states.pending
  return {
    predictions,
    labelled: labelled.n,
    states: { ...states },
    outcomes: { ...window.endings },
    humanLabels: window.humanLabels,
    confusion: table,
    maturity: predictions === 0 ? null : closed / predictions,
    preliminary: states.pending > 0,
    delay: delayReport(window),
    confidence,
    metrics: {
      accuracy: rate('accuracy'),
      precision: rate('precision'),
      recall: rate('recall'),
      f1: normalMetric(classification(confusion, 'f1'), confidence, 'normal', 1),
      auc: normalMetric(exact === undefined ? binned : auc(exact), confidence, 'delong', 1),
      logLoss: lossMetric(labelled.losses.logLoss, confidence, Number.POSITIVE_INFINITY),
      brier: lossMetric(labelled.losses.brier, confidence, 1),
      positiveRate: rate('positiveRate'),
      baseRate: wilsonMetric(proportion(positives), positives, confidence),
    },
    aucBinningErrorMax: exact === undefined && binned.kind === 'estimate' ? binned.binningErrorMax : null,
  }
}

function delayReport({ states, delays, delayMsSum }: QualityWindow): QualityReport['delay'] {
  const half = delays.quantileBelowSeconds(0.5)
  const nineTenths = delays.quantileBelowSeconds(0.9)
  if (half === undefined || nineTenths === undefined) return null
  return {
    meanSeconds: delayMsSum / states.matched / 1_000,
    halfBelowSeconds: half,
    nineTenthsBelowSeconds: nineTenths,
  }
}

function wilsonMetric(result: EstimateResult, counts: SuccessCount, confidence: number): MetricReport {
  if (result.kind === 'insufficient') return refuse(result)
  const [low, high] = wilsonInterval(counts, confidence)
  return { status: 'ok', value: result.estimate, n: counts.n, low, high, method: 'wilson' }
}

function lossMetric(moments: Moments, confidence: number, highest: number): MetricReport {
  return normalMetric(mean(moments), confidence, 'normal', highest)
}

/** Estimate ± z standard errors, cut to where the metric can lie: from 0 to `highest`. */
function normalMetric(
  result: EstimateResult,
  confidence: number,
  method: IntervalMethod,
  highest: number,
): MetricReport {
  if (result.kind === 'insufficient') return refuse(result)
  const { estimate: value, standardError, n } = result
  const half = normalUpperQuantile((1 - confidence) / 2) * standardError
  const [low, high]: Interval = [Math.max(0, value - half), Math.min(highest, value + half)]
  return { status: 'ok', value, n, low, high, method }
}

function refuse({ n, code, reason }: Extract<EstimateResult, { kind: 'insufficient' }>): MetricReport {
  return { status: 'not-enough-data', n, code, reason }
}
