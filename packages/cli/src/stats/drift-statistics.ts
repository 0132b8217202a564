import {
  type BinnedPair,
  chiSquareDrift,
  type Drift,
  type DriftRuleInput,
  estimatedPerformance,
  expectedCalibrationError,
  type Insufficient,
  jensenShannon,
  kolmogorovSmirnov,
  LabelledScores,
  lInfinity,
  psi,
  ScoreHistogram,
} from '@sluice/evaluation'
import { z } from 'zod'
import { estimateDocument } from './effect-document.ts'
import { alpha, confidence, counts, labels, numbers, probabilities, probability, sameLength } from './input-fields.ts'
import { inputForm, type Statistic, type StatsDocument, statsDocument } from './statistic.ts'

const binned = z
  .strictObject({
    baseline: counts,
    current: counts,
    warn: z.number().positive().optional(),
    drift: z.number().positive().optional(),
    alpha: alpha.optional(),
    comparisons: z.int().min(1).optional(),
    samplesMin: z.int().min(1).optional(),
  })
  .superRefine(sameLength('baseline', 'current'))

function driftStatistic(
  name: string,
  summary: string,
  compute: (pair: BinnedPair, rule: DriftRuleInput) => Drift | Insufficient,
): Statistic {
  return {
    name,
    summary,
    forms: [
      inputForm({
        key: 'baseline',
        about:
          'counts of the same bins, then and now; `verdict` is ok, warn, drift or insufficient by effect and sample size (`warn`, `drift`, `alpha` over `comparisons`, `samplesMin`)',
        example: { baseline: [480, 510, 505, 495], current: [130, 140, 190, 240], comparisons: 20 },
        schema: binned,
        compute: ({ baseline, current, ...rule }) => {
          const given = Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined))
          return driftDocument(compute({ baseline, current }, given))
        },
      }),
    ],
  }
}

function driftDocument(result: Drift | Insufficient): StatsDocument {
  if (result.kind === 'insufficient') {
    return statsDocument({ n: result.n, verdict: 'insufficient', reason: result.reason, code: result.code })
  }
  const { effect, n, pValue, status, reason, kind: _, ...details } = result
  return statsDocument({ estimate: effect, n, pValue, verdict: status, reason, ...details })
}

export const PSI = driftStatistic('psi', 'Population stability index; empty bins count as a share of 1e-4.', psi)
export const JS = driftStatistic('js', 'Jensen–Shannon distance, base 2, between 0 and 1.', jensenShannon)
export const L_INFINITY = driftStatistic('l-infinity', "Largest change of any bin's share.", lInfinity)
export const KS = driftStatistic('ks', 'Kolmogorov–Smirnov gap between ordered bins.', kolmogorovSmirnov)
export const CHI_SQUARE = driftStatistic(
  'chi-square',
  "Chi-square of homogeneity; the estimate is Cramér's V of samples of equal size.",
  chiSquareDrift,
)

function calibrationDocument(scores: LabelledScores, groups: number, level: number): StatsDocument {
  const result = expectedCalibrationError(scores, groups)
  const details = result.kind === 'estimate' ? { chanceLevel: result.chanceLevel, groups: result.groups } : {}
  return estimateDocument(result, level, details, [0, 1])
}

const grouping = { groups: z.int().min(1).default(10), confidence }

export const ECE: Statistic = {
  name: 'ece',
  summary: 'Expected calibration error and the reliability of each group of scores.',
  forms: [
    inputForm({
      key: 'scores',
      about: 'probability and label per event',
      example: { scores: [0.93, 0.21, 0.64, 0.38, 0.71, 0.12], labels: [1, 0, 0, 1, 1, 0], groups: 10 },
      schema: z
        .strictObject({ scores: probabilities, labels, ...grouping })
        .superRefine(sameLength('scores', 'labels')),
      compute: ({ scores, labels: actual, groups, confidence: level }) =>
        // Twenty bins per group keep a score on a group's edge where it would be without bins.
        calibrationDocument(LabelledScores.of(scores, actual, 20 * groups), groups, level),
    }),
    inputForm({
      key: 'scoreSums',
      about: 'counters per equal-width score bin; `groups` must divide the bins',
      example: { positives: [0, 3, 4, 9], negatives: [9, 5, 2, 0], scoreSums: [1.2, 3.1, 3.8, 8.1], groups: 2 },
      schema: z
        .strictObject({ positives: counts, negatives: counts, scoreSums: numbers, ...grouping })
        .superRefine(sameLength('positives', 'negatives', 'scoreSums')),
      compute: ({ positives, negatives, scoreSums, groups, confidence: level }) =>
        calibrationDocument(new LabelledScores([...positives, ...negatives, ...scoreSums]), groups, level),
    }),
  ],
}

const decidedPositive = z.strictObject({ n: z.int().min(0), scoreSum: z.number().min(0) })

function performanceDocument(
  scores: ScoreHistogram,
  threshold: number,
  decided: z.output<typeof decidedPositive> | undefined,
  level: number,
): StatsDocument {
  const result = estimatedPerformance({
    scores,
    threshold,
    ...(decided === undefined ? {} : { decidedPositive: decided }),
  })
  if (result.kind === 'insufficient') {
    return statsDocument({ n: result.n, verdict: 'insufficient', reason: result.reason, code: result.code })
  }
  const { accuracy, precision, recall, f1, auc } = result
  const measures = Object.entries({ accuracy, precision, recall, f1, auc }).map(([name, value]) => [
    name,
    estimateDocument(value, level, {}, [0, 1]),
  ])
  const each = Object.fromEntries(measures) as Readonly<Record<string, StatsDocument>>
  return { ...each['accuracy']!, ...each, expected: result.expected }
}

export const CBPE: Statistic = {
  name: 'cbpe',
  summary: 'Performance to be expected from calibrated scores before outcomes come; accuracy also at the top.',
  forms: [
    inputForm({
      key: 'scores',
      about: 'calibrated probability per prediction, and the threshold of the decision',
      example: { scores: [0.93, 0.21, 0.64, 0.38, 0.71, 0.12], threshold: 0.5 },
      schema: z.strictObject({ scores: probabilities, threshold: probability, confidence }),
      compute: ({ scores, threshold, confidence: level }) => {
        const positive = scores.filter((score) => score >= threshold)
        const decided = { n: positive.length, scoreSum: positive.reduce((sum, score) => sum + score, 0) }
        return performanceDocument(ScoreHistogram.of(scores), threshold, decided, level)
      },
    }),
    inputForm({
      key: 'scoreSums',
      about: 'counters per equal-width score bin; `decidedPositive` when the threshold lies inside a bin',
      example: { counts: [9, 8, 6, 9], scoreSums: [1.2, 3.1, 3.8, 8.1], threshold: 0.5 },
      schema: z
        .strictObject({
          counts,
          scoreSums: numbers,
          threshold: probability,
          decidedPositive: decidedPositive.optional(),
          confidence,
        })
        .superRefine(sameLength('counts', 'scoreSums')),
      compute: ({ counts: perBin, scoreSums, threshold, decidedPositive: decided, confidence: level }) =>
        performanceDocument(new ScoreHistogram([...perBin, ...scoreSums]), threshold, decided, level),
    }),
  ],
}
