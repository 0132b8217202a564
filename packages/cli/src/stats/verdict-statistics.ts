import {
  benjaminiHochberg,
  DEFAULT_ALPHA,
  estimateOf,
  groupSequentialBounds,
  holm,
  type Insufficient,
  type MultipleTests,
  type SampleRatio,
  SEQUENTIAL_SRM_ALPHA,
  SRM_ALPHA,
  SRM_CONCENTRATION,
  sampleRatio,
  sequentialSampleRatio,
} from '@sluice/evaluation'
import { z } from 'zod'
import { effectDocument } from './effect-document.ts'
import { alpha, count, effectPlan, probability, sameLength, verdictState } from './input-fields.ts'
import { inputForm, type Statistic, type StatsDocument, statsDocument } from './statistic.ts'

export const VERDICT: Statistic = {
  name: 'verdict',
  summary: 'Judge an effect: fixed, sequential, hybrid or group sequential; superiority or non-inferiority.',
  judges: true,
  forms: [
    inputForm({
      key: 'estimate',
      about: 'candidate minus control with its standard error and the units of both arms',
      example: {
        estimate: 0.021,
        standardError: 0.006,
        n: 12_000,
        degreesOfFreedom: null,
        plan: {
          method: 'hybrid',
          question: 'superiority',
          direction: 'increase',
          alpha: 0.05,
          plannedSampleSize: 20_000,
        },
        state: { plannedLookTaken: false },
      },
      schema: z.strictObject({
        estimate: z.number(),
        standardError: z.number().min(0),
        n: z.number().min(0),
        degreesOfFreedom: z.number().positive().nullable().default(null),
        plan: effectPlan,
        state: verdictState,
      }),
      compute: ({ estimate, standardError, n, degreesOfFreedom, plan, state }) =>
        effectDocument(estimateOf(estimate, standardError ** 2, n, degreesOfFreedom), plan, state),
    }),
  ],
}

export const SPENDING_BOUNDS: Statistic = {
  name: 'spending-bounds',
  summary: 'Bounds on z of a group sequential plan (Lan–DeMets), one per look.',
  forms: [
    inputForm({
      key: 'fractions',
      about: 'information fraction of each look; spending obrien-fleming, pocock, or a power p for alpha · t^p',
      example: { fractions: [0.25, 0.5, 0.75, 1], alpha: 0.05, sides: 'two', spending: 'obrien-fleming' },
      schema: z.strictObject({
        fractions: z.array(z.number().gt(0).max(1)).min(1),
        alpha: alpha.default(DEFAULT_ALPHA),
        sides: z.enum(['one', 'two']).default('two'),
        spending: z
          .union([z.enum(['obrien-fleming', 'pocock']), z.number().min(0.5).max(10)])
          .default('obrien-fleming'),
      }),
      compute: (plan) => {
        const bounds = groupSequentialBounds(plan)
        return statsDocument({ bounds: bounds.map((bound) => (Number.isFinite(bound) ? bound : null)), ...plan })
      },
    }),
  ],
}

function multiplicityStatistic(
  name: string,
  summary: string,
  adjust: (pValues: readonly number[], level: number) => MultipleTests,
): Statistic {
  return {
    name,
    summary,
    forms: [
      inputForm({
        key: 'pValues',
        about: 'p-values in any order; results keep it',
        example: { pValues: [0.01, 0.04, 0.03, 0.005], alpha: 0.05 },
        schema: z.strictObject({ pValues: z.array(probability), alpha: alpha.default(DEFAULT_ALPHA) }),
        compute: ({ pValues, alpha: level }) =>
          statsDocument({ n: pValues.length, alpha: level, ...adjust(pValues, level) }),
      }),
    ],
  }
}

export const HOLM = multiplicityStatistic(
  'holm',
  'Adjusted p-values that hold the chance of even one false alarm.',
  holm,
)
export const BENJAMINI_HOCHBERG = multiplicityStatistic(
  'benjamini-hochberg',
  'Adjusted p-values that hold the share of false alarms among the alarms.',
  benjaminiHochberg,
)

function ratioDocument(result: SampleRatio | Insufficient, level: number): StatsDocument {
  if (result.kind === 'insufficient') {
    return statsDocument({
      n: result.n,
      verdict: 'insufficient',
      reason: result.reason,
      code: result.code,
      alpha: level,
      mismatch: false,
      withholdVerdicts: false,
    })
  }
  const { n, pValue, mismatch, statistic, expected } = result
  return statsDocument({
    n,
    pValue,
    verdict: mismatch ? 'mismatch' : 'ok',
    reason: mismatch
      ? `p is ${pValue.toPrecision(3)}, below ${level}: the split is not the designed one, so effects mean nothing`
      : `p is ${pValue.toPrecision(3)}, not below ${level}`,
    alpha: level,
    statistic,
    expected,
    mismatch,
    withholdVerdicts: mismatch,
  })
}

const arms = {
  counts: z.array(count).min(2),
  weights: z.array(z.number().min(0)).min(2),
}

export const SRM: Statistic = {
  name: 'srm',
  summary: 'Sample ratio mismatch: chi-square of the split against its design, for one look.',
  forms: [
    inputForm({
      key: 'counts',
      about: 'distinct units per arm and the designed weights; arms of weight 0 are left out',
      example: { counts: [5000, 5400], weights: [1, 1], alpha: 0.001 },
      schema: z.strictObject({ ...arms, alpha: alpha.default(SRM_ALPHA) }).superRefine(sameLength('counts', 'weights')),
      compute: ({ counts, weights, alpha: level }) => ratioDocument(sampleRatio({ counts, weights }, level), level),
    }),
  ],
}

export const SRM_SEQUENTIAL: Statistic = {
  name: 'srm-sequential',
  summary: 'Sample ratio mismatch that may be looked at all the time; `statistic` is ln of the Bayes factor.',
  forms: [
    inputForm({
      key: 'counts',
      about: 'distinct units per arm and the designed weights; `concentration` is the strength of the prior in units',
      example: { counts: [5000, 5400], weights: [1, 1], alpha: 0.01, concentration: 1000 },
      schema: z
        .strictObject({
          ...arms,
          alpha: alpha.default(SEQUENTIAL_SRM_ALPHA),
          concentration: z.number().positive().default(SRM_CONCENTRATION),
        })
        .superRefine(sameLength('counts', 'weights')),
      compute: ({ counts, weights, alpha: level, concentration }) =>
        ratioDocument(sequentialSampleRatio({ counts, weights }, { alpha: level, concentration }), level),
    }),
  ],
}
