import { z } from 'zod'
import { MINIMUM_UNITS_PER_ARM } from '../estimators/minimum-data.ts'

export const METHODS = ['fixed', 'sequential', 'hybrid', 'groupSequential'] as const
export const DEFAULT_ALPHA = 0.05
/** Two-sided superiority and one-sided harm bounds make no sense beyond it, and the sequence loses its tuning. */
export const ALPHA_MAX = 0.25

const spending = z
  .union([z.enum(['obrien-fleming', 'pocock']), z.number().min(0.5).max(10)])
  .describe('Lan–DeMets spending function; a number p means alpha · t^p.')

/** How a verdict is reached; agreed before the data comes and frozen. A setting without effect is an error. */
export const verdictPlanSchema = z
  .strictObject({
    method: z
      .enum(METHODS)
      .default('sequential')
      .describe('sequential (default), hybrid and groupSequential survive peeking; fixed holds for one look.'),
    question: z
      .enum(['superiority', 'non-inferiority'])
      .default('superiority')
      .describe('superiority (default): is it better; non-inferiority: is it no worse than the margin.'),
    direction: z
      .enum(['increase', 'decrease', 'either'])
      .default('increase')
      .describe('increase (default) or decrease is good; either: every change beyond the margin is bad.'),
    sides: z
      .enum(['one', 'two'])
      .optional()
      .describe(
        'one: each bound holds with 1 - alpha; two: both together. Default two for superiority, one otherwise.',
      ),
    margin: z.number().min(0).default(0).describe('Loss still accepted, in units of the estimate; default 0.'),
    alpha: z
      .number()
      .gt(0)
      .lt(ALPHA_MAX)
      .default(DEFAULT_ALPHA)
      .describe('Probability of a wrong verdict; default 0.05.'),
    plannedSampleSize: z
      .number()
      .positive()
      .optional()
      .describe('Units of both arms together. Tunes sequential (default 5000); fixed and hybrid look there.'),
    mixingScale: z.number().positive().optional().describe('Tuning of sequential by the size of effects expected.'),
    spending: spending.optional().describe('Of groupSequential; default obrien-fleming.'),
    minimumN: z
      .number()
      .min(2)
      .default(MINIMUM_UNITS_PER_ARM)
      .describe('Units below which nothing is decided, because every method here is asymptotic; default 100.'),
  })
  .superRefine((plan, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (plan.question === 'superiority' && plan.margin > 0) {
      refuse('margin', 'has no effect on superiority; ask for non-inferiority or leave it out')
    }
    if (plan.direction === 'either' && plan.question === 'superiority') {
      refuse('direction', 'either has no winner; ask for non-inferiority or name the good direction')
    }
    if (plan.direction === 'either' && plan.sides === 'one') {
      refuse('sides', 'either looks at both sides; leave it out')
    }
    if (plan.mixingScale !== undefined && plan.method !== 'sequential') {
      refuse('mixingScale', `has no effect on ${plan.method}; it tunes sequential`)
    }
    if (plan.mixingScale !== undefined && plan.plannedSampleSize !== undefined) {
      refuse('mixingScale', 'and plannedSampleSize are two tunings of the same thing; give one')
    }
    if (plan.spending !== undefined && plan.method !== 'groupSequential') {
      refuse('spending', `has no effect on ${plan.method}; it belongs to groupSequential`)
    }
    if (plan.plannedSampleSize === undefined && (plan.method === 'hybrid' || plan.method === 'groupSequential')) {
      refuse('plannedSampleSize', `is needed by ${plan.method}; \`sluice stats power\` computes it`)
    }
  })

export type VerdictPlan = z.output<typeof verdictPlanSchema>
export type VerdictPlanInput = z.input<typeof verdictPlanSchema>
