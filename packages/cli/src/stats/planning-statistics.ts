import {
  DEFAULT_ALPHA,
  DEFAULT_POWER,
  duration,
  METHODS,
  minimumDetectableEffect,
  type PowerMetric,
  type PowerPlan,
  plannedCriticalValue,
  powerOf,
  sampleSize,
} from '@sluice/evaluation'
import { z } from 'zod'
import { alpha as alphaField } from './input-fields.ts'
import { inputForm, type Statistic, statsDocument } from './statistic.ts'

const metric = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('proportion'), baseline: z.number().gt(0).lt(1) }),
  z.strictObject({ kind: z.literal('mean'), standardDeviation: z.number().positive() }),
  z.strictObject({ kind: z.literal('paired'), standardDeviation: z.number().positive() }),
])

const planFields = {
  metric,
  alpha: alphaField.lt(0.25).default(DEFAULT_ALPHA),
  power: z.number().gt(0).lt(1).default(DEFAULT_POWER),
  sides: z.enum(['one', 'two']).default('two'),
  method: z.enum(METHODS).default('fixed'),
  looks: z.int().min(1).max(50).optional(),
  spending: z.union([z.enum(['obrien-fleming', 'pocock']), z.number().min(0.5).max(10)]).optional(),
}
const effect = z.number().refine((value) => value !== 0, 'must not be 0; no sample finds that')
const unitsPerArm = z.int().min(2)

type PlanInput = z.output<z.ZodObject<typeof planFields>>

function planOf({ alpha, sides, method, looks, spending }: PlanInput): PowerPlan {
  return {
    alpha,
    sides,
    method,
    ...(looks === undefined ? {} : { looks }),
    ...(spending === undefined ? {} : { spending }),
  }
}

/** `looks` and `spending` say something about group sequential plans only. */
function checkPlan({ method, looks, spending }: PlanInput, context: z.RefinementCtx): void {
  for (const [path, value] of [
    ['looks', looks],
    ['spending', spending],
  ] as const) {
    if (value === undefined || method === 'groupSequential') continue
    context.addIssue({ code: 'custom', path: [path], message: `has no effect on ${method}; leave it out` })
  }
}

function common(input: PlanInput) {
  const { metric: what, alpha, power, sides, method } = input
  return { metric: what, alpha, power, sides, method, criticalValue: plannedCriticalValue(planOf(input)) }
}

/** A relative effect is one of the baseline; a mean has none here. */
function absolute(what: PowerMetric, relative: number): number {
  if (what.kind !== 'proportion') {
    throw new RangeError(`relativeEffect needs the baseline of a proportion; give effect for a ${what.kind}`)
  }
  return what.baseline * relative
}

const relativeExample = { metric: { kind: 'proportion', baseline: 0.05 }, relativeEffect: 0.1 } as const

export const POWER: Statistic = {
  name: 'power',
  summary: 'Units per arm for an effect, power of a sample, or smallest effect a sample finds.',
  forms: [
    inputForm({
      key: 'n',
      about: 'n per arm (pairs for paired): with an `effect` its power, without the smallest effect found',
      example: { metric: { kind: 'mean', standardDeviation: 10 }, n: 5000, effect: 0.5, method: 'fixed' },
      schema: z
        .strictObject({ ...planFields, n: unitsPerArm, effect: effect.optional(), relativeEffect: effect.optional() })
        .superRefine(checkPlan),
      compute: (input) => {
        const plan = planOf(input)
        const given = input.relativeEffect === undefined ? input.effect : absolute(input.metric, input.relativeEffect)
        if (given === undefined) {
          const smallest = minimumDetectableEffect(input.metric, input.n, input.power, plan)
          return statsDocument({
            n: input.n,
            ...(smallest === null ? { verdict: 'insufficient', reason: 'no effect in range is found by so few' } : {}),
            ...common(input),
            minimumDetectableEffect: smallest,
          })
        }
        const reached = powerOf(input.metric, given, input.n, plan)
        return statsDocument({ estimate: reached, n: input.n, ...common(input), power: reached, effect: given })
      },
    }),
    inputForm({
      key: 'relativeEffect',
      about: 'effect relative to the baseline of a proportion',
      example: { ...relativeExample, power: 0.8, method: 'hybrid' },
      schema: z.strictObject({ ...planFields, relativeEffect: effect }).superRefine(checkPlan),
      compute: (input) => sizeDocument(input, absolute(input.metric, input.relativeEffect)),
    }),
    inputForm({
      key: 'effect',
      about: 'absolute effect; `estimate` and `nPerArm` are the units per arm, or the pairs',
      example: { metric: { kind: 'proportion', baseline: 0.8 }, effect: 0.008, alpha: 0.05, power: 0.8 },
      schema: z.strictObject({ ...planFields, effect }).superRefine(checkPlan),
      compute: (input) => sizeDocument(input, input.effect),
    }),
  ],
}

function sizeDocument(input: PlanInput, given: number) {
  const n = sampleSize(input.metric, given, input.power, planOf(input))
  const arms = input.metric.kind === 'paired' ? 1 : 2
  return statsDocument({ estimate: n, n: n * arms, ...common(input), effect: given, nPerArm: n, nTotal: n * arms })
}

const traffic = {
  unitsPerDay: z.number().positive(),
  weightPerArm: z.number().gt(0).max(1),
  arms: z.union([z.literal(1), z.literal(2)]).default(2),
  outcomeWindowDays: z.number().min(0).default(0),
  minimumDays: z.number().min(0).default(7),
}

export const DURATION: Statistic = {
  name: 'duration',
  summary: 'Days until enough units and their outcomes have come; `estimate` is the days in all.',
  forms: [
    inputForm({
      key: 'unitsPerArm',
      about: 'units per arm, the daily traffic, the share of it in each arm',
      example: { unitsPerArm: 31_234, unitsPerDay: 20_000, weightPerArm: 0.25, outcomeWindowDays: 30, minimumDays: 7 },
      schema: z.strictObject({ unitsPerArm, ...traffic }),
      compute: ({ unitsPerArm: units, ...rest }) => durationDocument(units, rest),
    }),
    inputForm({
      key: 'effect',
      about: 'an absolute effect as for `power`, and the traffic',
      example: {
        metric: { kind: 'proportion', baseline: 0.1 },
        effect: 0.005,
        unitsPerDay: 20_000,
        weightPerArm: 0.5,
        outcomeWindowDays: 30,
      },
      schema: z.strictObject({ ...planFields, effect, ...traffic }).superRefine(checkPlan),
      compute: (input) =>
        durationDocument(sampleSize(input.metric, input.effect, input.power, planOf(input)), input, common(input)),
    }),
  ],
}

function durationDocument(
  units: number,
  { unitsPerDay, weightPerArm, arms, outcomeWindowDays, minimumDays }: z.output<z.ZodObject<typeof traffic>>,
  details: Readonly<Record<string, unknown>> = {},
) {
  const result = duration(units, { unitsPerDay, weightPerArm, arms, outcomeWindowDays, minimumDays })
  return statsDocument({ estimate: result.days, n: result.totalUnits, ...details, unitsPerArm: units, ...result })
}
