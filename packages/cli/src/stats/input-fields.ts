import { DEFAULT_CONFIDENCE, verdictPlanSchema } from '@sluice/evaluation'
import { z } from 'zod'

/** Longest array of numbers taken; ranks and sums of more belong into counters. */
export const VALUES_MAX = 5_000_000

export const numbers = z.array(z.number()).max(VALUES_MAX)
export const counts = z.array(z.number().min(0)).min(1).max(VALUES_MAX)
export const probability = z.number().min(0).max(1)
export const probabilities = z.array(probability).max(VALUES_MAX)
export const labels = z
  .array(z.union([z.literal(0), z.literal(1), z.boolean()], { error: 'must be 0, 1, true or false' }))
  .max(VALUES_MAX)
export const count = z.number().min(0)
export const confidence = z.number().gt(0).lt(1).default(DEFAULT_CONFIDENCE)
export const alpha = z.number().gt(0).lt(1)

/** What earlier looks left behind; see `Verdict` of the evaluation package. */
export const verdictState = z
  .strictObject({
    plannedLookTaken: z.boolean().optional(),
    looks: z.array(z.number().positive()).optional(),
    withheld: z.string().optional(),
  })
  .default({})

/** A plan whose defaults suit one named test: fixed, and for any number of pairs. */
export const testPlan = z.preprocess(
  (plan) => ({ method: 'fixed', minimumN: 2, ...(plan as object | undefined) }),
  verdictPlanSchema,
)
export const effectPlan = z.preprocess((plan) => plan ?? {}, verdictPlanSchema)

/** Refuses arrays of different lengths at the field that is off. */
export function sameLength<T extends Readonly<Record<string, unknown>>>(first: keyof T, ...others: (keyof T)[]) {
  return (fields: T, context: z.RefinementCtx): void => {
    const length = (fields[first] as readonly unknown[]).length
    for (const other of others) {
      const values = fields[other] as readonly unknown[] | undefined
      if (values === undefined || values.length === length) continue
      context.addIssue({
        code: 'custom',
        path: [other as string],
        message: `has ${values.length} values and ${String(first)} ${length}; give one for each`,
      })
    }
  }
}
