import {
  type AucDifference,
  auc,
  aucDifference,
  aucFromBins,
  brierOf,
  type Insufficient,
  LabelledScores,
  logLossOf,
  MINIMUM_PER_CLASS,
  Moments,
  mean,
  SCORE_BINS,
} from '@sluice/evaluation'
import { z } from 'zod'
import { type Arm, armForm, armStatistic } from './arm-statistic.ts'
import { effectDocument } from './effect-document.ts'
import { counts, labels, numbers, probabilities, sameLength, testPlan, verdictState } from './input-fields.ts'
import { inputForm, type Statistic } from './statistic.ts'

/** Log loss and Brier score: a mean over events, of one model, of two arms, or paired on the same events. */
function lossStatistic(
  name: string,
  summary: string,
  lossOf: (score: number, positive: boolean) => number,
  floor: number,
): Statistic {
  const moments = (scores: readonly number[], actual: readonly (number | boolean)[]) =>
    Moments.of(scores.map((score, i) => lossOf(score, Boolean(actual[i]))))
  const arms = armStatistic({
    name,
    summary,
    bounds: [floor, Number.POSITIVE_INFINITY],
    forms: [
      armForm({
        key: 'scores',
        about: 'probability and label per event',
        example: { scores: [0.9, 0.2, 0.6, 0.4], labels: [1, 0, 0, 1] },
        schema: z.strictObject({ scores: probabilities, labels }).superRefine(sameLength('scores', 'labels')),
        arm: (given) => ({ result: mean(moments(given.scores, given.labels)) }),
      }),
      armForm({
        key: 'sum',
        about: 'counters of the loss per event',
        example: { n: 2000, sum: 820.5, sumSquares: 700.25 },
        schema: z.strictObject({ n: z.int().min(0), sum: z.number().min(0), sumSquares: z.number().min(0) }),
        arm: ({ n, sum, sumSquares }) => ({ result: mean(Moments.fromSums(n, sum, sumSquares)) }),
      }),
    ],
  })
  const paired = inputForm({
    key: 'champion',
    about: 'probabilities of both models on the same events; the estimate is candidate minus champion, lower is better',
    example: { champion: [0.9, 0.2, 0.6, 0.4], candidate: [0.8, 0.1, 0.5, 0.7], labels: [1, 0, 0, 1] },
    schema: z
      .strictObject({
        champion: probabilities,
        candidate: probabilities,
        labels,
        plan: z.preprocess((plan) => ({ direction: 'decrease', ...(plan as object | undefined) }), testPlan),
        state: verdictState,
      })
      .superRefine(sameLength('labels', 'champion', 'candidate')),
    compute: ({ champion, candidate, labels: actual, plan, state }) => {
      const differences = candidate.map((score, i) => {
        const positive = Boolean(actual[i])
        return lossOf(score, positive) - lossOf(champion[i]!, positive)
      })
      return effectDocument(mean(Moments.of(differences)), plan, state)
    },
  })
  return { ...arms, forms: [paired, ...arms.forms] }
}

export const LOG_LOSS = lossStatistic(
  'log-loss',
  'Mean of -ln of the probability given to what came true; of one model, two arms, or paired.',
  logLossOf,
  0,
)
export const BRIER = lossStatistic(
  'brier',
  'Mean squared distance of probability and outcome; of one model, two arms, or paired.',
  brierOf,
  0,
)

export const AUC: Statistic = armStatistic({
  name: 'auc',
  summary: "Area under the ROC curve with DeLong's standard error; or the difference of two arms.",
  bounds: [0, 1],
  normal: true,
  minimumEvents: MINIMUM_PER_CLASS,
  forms: [
    armForm({
      key: 'scores',
      about: 'score and label per event; only the order of the scores counts',
      example: { scores: [0.9, 0.2, 0.6, 0.4, 0.7, 0.1], labels: [1, 0, 0, 1, 1, 0] },
      schema: z.strictObject({ scores: numbers, labels }).superRefine(sameLength('scores', 'labels')),
      arm: (given) => ({
        result: auc(given),
        data: { units: given.labels.length, events: given.labels.filter(Boolean).length },
      }),
    }),
  ],
})

function binnedArm(scores: LabelledScores): Arm {
  const result = aucFromBins(scores)
  if (result.kind === 'insufficient') return { result }
  const { positives, negatives, binningErrorMax, hanleyMcNeilError } = result
  return {
    result,
    data: { units: positives + negatives, events: positives },
    details: { positives, negatives, binningErrorMax, hanleyMcNeilError },
  }
}

export const AUC_BINS: Statistic = armStatistic({
  name: 'auc-bins',
  summary: 'AUC of mergeable score histograms, with the most that binning can have changed it.',
  bounds: [0, 1],
  normal: true,
  minimumEvents: MINIMUM_PER_CLASS,
  forms: [
    armForm({
      key: 'positives',
      about: 'positives and negatives per score bin, lowest scores first',
      example: { positives: [0, 2, 5, 9], negatives: [8, 6, 3, 1] },
      schema: z
        .strictObject({ positives: counts, negatives: counts })
        .superRefine(sameLength('positives', 'negatives')),
      arm: ({ positives, negatives }) => binnedArm(LabelledScores.fromHistograms(positives, negatives)),
    }),
    armForm({
      key: 'scores',
      about: 'probability and label per event, and the number of equal-width bins',
      example: { scores: [0.9, 0.2, 0.6, 0.4, 0.7, 0.1], labels: [1, 0, 0, 1, 1, 0], bins: 200 },
      schema: z
        .strictObject({ scores: probabilities, labels, bins: z.int().min(2).max(100_000).default(SCORE_BINS) })
        .superRefine(sameLength('scores', 'labels')),
      arm: ({ scores, labels: actual, bins }) => binnedArm(LabelledScores.of(scores, actual, bins)),
    }),
  ],
})

function aucsOf(effect: AucDifference | Insufficient) {
  return effect.kind === 'estimate' ? { championAuc: effect.championAuc, candidateAuc: effect.candidateAuc } : {}
}

export const DELONG_PAIRED: Statistic = {
  name: 'delong-paired',
  summary: "AUC of the candidate minus that of the champion on the same events, DeLong's test (or another `plan`).",
  judges: true,
  forms: [
    inputForm({
      key: 'candidate',
      about: 'scores of both models and the label per event',
      example: {
        champion: [0.9, 0.2, 0.6, 0.4, 0.7, 0.1],
        candidate: [0.8, 0.3, 0.4, 0.5, 0.9, 0.2],
        labels: [1, 0, 0, 1, 1, 0],
      },
      schema: z
        .strictObject({ champion: numbers, candidate: numbers, labels, plan: testPlan, state: verdictState })
        .superRefine(sameLength('labels', 'champion', 'candidate')),
      compute: ({ champion, candidate, labels: actual, plan, state }) => {
        const effect = aucDifference({ champion, candidate, labels: actual })
        return effectDocument(effect, plan, state, aucsOf(effect))
      },
    }),
  ],
}
