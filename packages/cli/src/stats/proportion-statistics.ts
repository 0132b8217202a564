import {
  BucketSums,
  CLASSIFICATION_RATIOS,
  type ClassificationMeasure,
  Confusion,
  classification,
  classificationCounts,
  clusteredClassification,
  confusionColumn,
  difference,
  type EstimateResult,
  MINIMUM_EVENTS_PER_ARM,
  proportion,
  type SuccessCount,
  VARIANCE_BUCKETS,
  wilsonInterval,
} from '@sluice/evaluation'
import { z } from 'zod'
import { armForm, armStatistic, at } from './arm-statistic.ts'
import { effectDocument, estimateDocument } from './effect-document.ts'
import { confidence, count, effectPlan, labels, numbers, sameLength, verdictState } from './input-fields.ts'
import { type InputForm, inputForm, pickForm, type Statistic, type StatsDocument, statsDocument } from './statistic.ts'

const successCount = z
  .strictObject({ successes: count, n: count })
  .refine(({ successes, n }) => successes <= n, { path: ['successes'], message: 'exceeds n' })

function withWilson(result: EstimateResult, counts: SuccessCount, level: number) {
  const data = { units: counts.n, events: counts.successes }
  return { result, data, details: counts.n > 0 ? { interval: wilsonInterval(counts, level) } : {} }
}

export const PROPORTION: Statistic = armStatistic({
  name: 'proportion',
  summary: 'Share of successes, with the Wilson interval; or the difference of two shares.',
  bounds: [0, 1],
  minimumEvents: MINIMUM_EVENTS_PER_ARM,
  forms: [
    armForm({
      key: 'successes',
      about: 'counts',
      example: { successes: 380, n: 4000 },
      schema: successCount,
      arm: (counts, level) => withWilson(proportion(counts), counts, level),
    }),
    armForm({
      key: 'values',
      about: 'one 0 or 1 per unit',
      example: { values: [0, 1, 1, 0, 1] },
      schema: z.strictObject({ values: labels }),
      arm: ({ values }, level) => {
        const counts = { successes: values.filter(Boolean).length, n: values.length }
        return withWilson(proportion(counts), counts, level)
      },
    }),
  ],
})

export const WILSON: Statistic = {
  name: 'wilson',
  summary: 'The Wilson interval of a share; holds for few units and shares near 0 and 1.',
  forms: [
    inputForm({
      key: 'successes',
      about: 'counts; n may be an effective size',
      example: { successes: 3, n: 10, confidence: 0.95 },
      schema: z
        .strictObject({ successes: count, n: z.number().positive(), confidence })
        .refine(({ successes, n }) => successes <= n, { path: ['successes'], message: 'exceeds n' }),
      compute: ({ successes, n, confidence: level }) =>
        statsDocument({
          estimate: successes / n,
          n,
          interval: wilsonInterval({ successes, n }, level),
          confidence: level,
        }),
    }),
  ],
}

interface Classified {
  readonly confusion: Confusion
  readonly clusters: BucketSums | undefined
}

const buckets = z
  .array(
    z
      .int()
      .min(0)
      .max(VARIANCE_BUCKETS - 1),
  )
  .optional()

function fromDecisions(
  decisions: readonly (number | boolean)[],
  actual: readonly (number | boolean)[],
  bucketOf: readonly number[] | undefined,
): Classified {
  const confusion = new Confusion()
  const clusters = bucketOf === undefined ? undefined : new BucketSums(4)
  decisions.forEach((decision, i) => {
    confusion.count(Boolean(decision), Boolean(actual[i]))
    clusters?.count(bucketOf![i]!, confusionColumn(Boolean(decision), Boolean(actual[i])))
  })
  return { confusion, clusters }
}

interface ClassifiedForm {
  readonly key: string
  readonly about: string
  readonly example: Readonly<Record<string, unknown>>
  readonly classify: (fields: unknown) => Classified
}

const CLASSIFIED_FORMS: readonly ClassifiedForm[] = [
  {
    key: 'truePositives',
    about: 'the four counts',
    example: { truePositives: 80, falsePositives: 20, falseNegatives: 30, trueNegatives: 170 },
    classify: (fields) => ({
      confusion: Confusion.fromTable(
        z
          .strictObject({ truePositives: count, falsePositives: count, falseNegatives: count, trueNegatives: count })
          .parse(fields),
      ),
      clusters: undefined,
    }),
  },
  {
    key: 'decisions',
    about: 'decision and label per event; with `buckets`, hashes of the key below 1000, events of one key are one unit',
    example: { decisions: [1, 0, 1, 1, 0, 1], labels: [1, 0, 0, 1, 1, 1], buckets: [5, 5, 17, 17, 802, 802] },
    classify: (fields) => {
      const given = z
        .strictObject({ decisions: labels, labels, buckets })
        .superRefine(sameLength('decisions', 'labels', 'buckets'))
        .parse(fields)
      return fromDecisions(given.decisions, given.labels, given.buckets)
    },
  },
  {
    key: 'threshold',
    about: 'score and label per event; positive is a score at or above the threshold',
    example: { scores: [0.9, 0.2, 0.6, 0.7, 0.3], labels: [1, 0, 0, 1, 1], threshold: 0.5 },
    classify: (fields) => {
      const given = z
        .strictObject({ scores: numbers, labels, buckets, threshold: z.number() })
        .superRefine(sameLength('scores', 'labels', 'buckets'))
        .parse(fields)
      return fromDecisions(
        given.scores.map((score) => score >= given.threshold),
        given.labels,
        given.buckets,
      )
    },
  },
]

const MEASURES = Object.keys(CLASSIFICATION_RATIOS) as readonly ClassificationMeasure[]

function measured({ confusion, clusters }: Classified, measure: ClassificationMeasure): EstimateResult {
  return clusters === undefined ? classification(confusion, measure) : clusteredClassification(clusters, measure)
}

function measureDocument(classified: Classified, measure: ClassificationMeasure, level: number): StatsDocument {
  const { numerator, denominator } = classificationCounts(classified.confusion, measure)
  // F1 is no proportion, and repeated events of a key are no independent trials: Wilson holds for neither.
  const wilson = measure !== 'f1' && classified.clusters === undefined && denominator > 0
  const interval = wilson ? { interval: wilsonInterval({ successes: numerator, n: denominator }, level) } : {}
  return estimateDocument(measured(classified, measure), level, { numerator, denominator, ...interval }, [0, 1])
}

const classifiedComparison = z.strictObject({
  control: z.unknown(),
  candidate: z.unknown(),
  plan: effectPlan,
  state: verdictState,
})

function classified(input: unknown): Classified {
  const { form, fields } = pickForm(CLASSIFIED_FORMS, input)
  return form.classify(fields)
}

/** The document of F1, with that of every measure under its name. */
function allMeasures(documentOf: (measure: ClassificationMeasure) => StatsDocument): StatsDocument {
  const each = Object.fromEntries(MEASURES.map((measure) => [measure, documentOf(measure)]))
  return { ...each['f1']!, ...each }
}

export const PRECISION_RECALL_F1: Statistic = {
  name: 'precision-recall-f1',
  summary: 'Precision, recall, F1, accuracy and positive rate, each under its name; F1 also at the top.',
  judges: true,
  forms: [
    ...CLASSIFIED_FORMS.map(
      ({ key, about, example }): InputForm => ({
        key,
        about,
        example,
        compute: (input) => {
          const { confidence: level, ...fields } = z.looseObject({ confidence }).parse(input)
          const events = classified(fields)
          return allMeasures((measure) => measureDocument(events, measure, level))
        },
      }),
    ),
    {
      key: 'candidate',
      about: 'two arms, each in one of the other forms, and how to judge the difference of every measure',
      example: {
        control: { truePositives: 80, falsePositives: 20, falseNegatives: 30, trueNegatives: 170 },
        candidate: { truePositives: 90, falsePositives: 25, falseNegatives: 20, trueNegatives: 165 },
        plan: { question: 'non-inferiority', margin: 0.02 },
      },
      compute: (input) => {
        const { control, candidate, plan, state } = classifiedComparison.parse(input)
        const [a, b] = [at('control', () => classified(control)), at('candidate', () => classified(candidate))]
        return allMeasures((measure) =>
          effectDocument(difference(measured(a, measure), measured(b, measure)), plan, state),
        )
      },
    },
  ],
}
