import {
  BucketSums,
  bucketRatio,
  CrossMoments,
  cuped,
  hajek,
  jackknifeRatio,
  Moments,
  mean,
  ratio,
  VARIANCE_BUCKETS,
  WeightedSums,
} from '@sluice/evaluation'
import { z } from 'zod'
import { type Arm, armForm, armStatistic, at } from './arm-statistic.ts'
import { effectDocument } from './effect-document.ts'
import { effectPlan, numbers, sameLength, testPlan, verdictState } from './input-fields.ts'
import { inputForm, pickForm, type Statistic } from './statistic.ts'

const momentSums = z.strictObject({ n: z.int().min(0), sum: z.number(), sumSquares: z.number().min(0) })
const crossSums = z.strictObject({
  n: z.int().min(0),
  sumY: z.number(),
  sumX: z.number(),
  sumSquaresY: z.number().min(0),
  sumSquaresX: z.number().min(0),
  sumProducts: z.number(),
})

export const MEAN: Statistic = armStatistic({
  name: 'mean',
  summary: 'Mean with its t interval; or the difference of two means.',
  forms: [
    armForm({
      key: 'values',
      about: 'one number per unit',
      example: { values: [3.1, 2.7, 4.4, 3.9, 2.2] },
      schema: z.strictObject({ values: numbers }),
      arm: ({ values }) => ({ result: mean(Moments.of(values)) }),
    }),
    armForm({
      key: 'sum',
      about: 'counters',
      example: { n: 3000, sum: 1396.87, sumSquares: 52377.9767 },
      schema: momentSums,
      arm: ({ n, sum, sumSquares }) => ({ result: mean(Moments.fromSums(n, sum, sumSquares)) }),
    }),
  ],
})

const COLUMNS = { numerator: [1, 0], denominator: [0, 1] } as const

export const RATIO: Statistic = armStatistic({
  name: 'ratio',
  summary: 'Ratio of two sums over units, with the variance of the delta method; or the difference of two ratios.',
  forms: [
    armForm({
      key: 'buckets',
      about:
        'numerator, denominator and hash of the key (below 1000) per event: events of one key are one unit; variance `delta` or `jackknife`',
      example: { numerator: [1, 0, 1, 1], denominator: [1, 1, 1, 1], buckets: [7, 7, 120, 998], variance: 'delta' },
      schema: z
        .strictObject({
          numerator: numbers,
          denominator: numbers,
          buckets: z.array(
            z
              .int()
              .min(0)
              .max(VARIANCE_BUCKETS - 1),
          ),
          variance: z.enum(['delta', 'jackknife']).default('delta'),
        })
        .superRefine(sameLength('numerator', 'denominator', 'buckets')),
      arm: ({ numerator, denominator, buckets, variance }): Arm => {
        const sums = new BucketSums(2)
        numerator.forEach((value, i) => {
          sums.count(buckets[i]!, 0, value)
          sums.count(buckets[i]!, 1, denominator[i]!)
        })
        return { result: (variance === 'delta' ? bucketRatio : jackknifeRatio)(sums, COLUMNS, numerator.length) }
      },
    }),
    armForm({
      key: 'numerator',
      about: 'numerator and denominator per unit',
      example: { numerator: [2, 0, 1, 3], denominator: [4, 1, 2, 3] },
      schema: z
        .strictObject({ numerator: numbers, denominator: numbers })
        .superRefine(sameLength('numerator', 'denominator')),
      arm: ({ numerator, denominator }) => ({ result: ratio(CrossMoments.of(numerator, denominator)) }),
    }),
    armForm({
      key: 'sumProducts',
      about: 'counters; y is the numerator, x the denominator',
      example: { n: 4, sumY: 6, sumX: 10, sumSquaresY: 14, sumSquaresX: 30, sumProducts: 19 },
      schema: crossSums,
      arm: (sums) => ({ result: ratio(CrossMoments.fromSums(sums)) }),
    }),
  ],
})

const CUPED_ARMS = [
  {
    key: 'outcome',
    parse: (fields: unknown) => {
      const arm = z
        .strictObject({ outcome: numbers, covariate: numbers })
        .superRefine(sameLength('outcome', 'covariate'))
        .parse(fields)
      return CrossMoments.of(arm.outcome, arm.covariate)
    },
  },
  { key: 'sumProducts', parse: (fields: unknown) => CrossMoments.fromSums(crossSums.parse(fields)) },
] as const

function cupedArm(name: string, input: unknown): CrossMoments {
  return at(name, () => {
    const { form, fields } = pickForm(CUPED_ARMS, input)
    return form.parse(fields)
  })
}

export const CUPED: Statistic = {
  name: 'cuped',
  summary:
    "Difference of two arms with the part removed that a covariate explains, such as the champion's shadow score.",
  judges: true,
  forms: [
    inputForm({
      key: 'candidate',
      about: 'outcome and covariate per unit of both arms, or their counters (y the outcome, x the covariate)',
      example: {
        control: { outcome: [1, 0, 0, 1, 1], covariate: [0.8, 0.3, 0.2, 0.6, 0.9] },
        candidate: { outcome: [1, 1, 0, 1, 0], covariate: [0.7, 0.6, 0.1, 0.9, 0.4] },
        relative: false,
        plan: { method: 'sequential', minimumN: 10 },
      },
      schema: z.strictObject({
        control: z.unknown(),
        candidate: z.unknown(),
        relative: z.boolean().default(false),
        plan: effectPlan,
        state: verdictState,
      }),
      compute: ({ control, candidate, relative, plan, state }) => {
        const effect = cuped(cupedArm('control', control), cupedArm('candidate', candidate), { relative })
        const details =
          effect.kind === 'estimate' ? { theta: effect.theta, varianceReduction: effect.varianceReduction } : {}
        return effectDocument(effect, plan, state, details)
      },
    }),
  ],
}

export const HAJEK: Statistic = armStatistic({
  name: 'hajek',
  summary: 'Mean or ratio of labels that were selected with known probabilities, such as reviewed ones.',
  forms: [
    armForm({
      key: 'probabilities',
      about: 'value and inclusion probability per reviewed unit; with `denominators` a ratio, such as precision',
      example: { values: [1, 0, 1, 1, 0], probabilities: [0.9, 0.05, 0.6, 0.8, 0.05] },
      schema: z
        .strictObject({
          values: numbers,
          probabilities: z.array(z.number().gt(0).max(1)),
          denominators: numbers.optional(),
        })
        .superRefine(sameLength('values', 'probabilities', 'denominators')),
      arm: ({ values, probabilities, denominators }): Arm => {
        const result = hajek(WeightedSums.of(values, probabilities, denominators))
        return result.kind === 'estimate' ? { result, details: { effectiveN: result.effectiveN } } : { result }
      },
    }),
  ],
})

const pairedSettings = { plan: testPlan, state: verdictState }

export const PAIRED_T: Statistic = {
  name: 'paired-t',
  summary: 'Mean of paired differences, candidate minus champion, with the paired t test (or another `plan`).',
  judges: true,
  forms: [
    inputForm({
      key: 'candidate',
      about: 'both values of each pair',
      example: { champion: [0.31, 0.7, 0.12, 0.44], candidate: [0.28, 0.71, 0.05, 0.4] },
      schema: z
        .strictObject({ champion: numbers, candidate: numbers, ...pairedSettings })
        .superRefine(sameLength('champion', 'candidate')),
      compute: ({ champion, candidate, plan, state }) =>
        effectDocument(mean(Moments.of(candidate.map((value, i) => value - champion[i]!))), plan, state),
    }),
    inputForm({
      key: 'differences',
      about: 'candidate minus champion per pair',
      example: {
        differences: [-0.03, 0.01, -0.07, -0.04],
        plan: { method: 'fixed', direction: 'decrease', minimumN: 2 },
      },
      schema: z.strictObject({ differences: numbers, ...pairedSettings }),
      compute: ({ differences, plan, state }) => effectDocument(mean(Moments.of(differences)), plan, state),
    }),
    inputForm({
      key: 'sum',
      about: 'counters of the differences',
      example: { n: 400, sum: -3.2, sumSquares: 5.1 },
      schema: momentSums.extend(pairedSettings),
      compute: ({ n, sum, sumSquares, plan, state }) =>
        effectDocument(mean(Moments.fromSums(n, sum, sumSquares)), plan, state),
    }),
  ],
}
