import { type ConfigProblem, NAME_PATTERN } from '@sluice/contracts'
import { z } from 'zod'
import { BUCKET_COUNT } from './bucketer.ts'

export const MAX_VARIANTS = 32
export const MAX_SHADOWS = 32
export const MAX_SALT_CHARS = 128

const name = z.string().regex(NAME_PATTERN, 'must be lower-case letters, digits, - and _, at most 63')
const version = z.int().min(0).max(999_999_999)
const basisPoints = z.int().min(0).max(BUCKET_COUNT)

const planVariant = z.strictObject({ name, model: name, version, weightBp: basisPoints })
const planShadow = z.strictObject({ name, model: name, version, percentBp: basisPoints })

const routePlan = z.strictObject({
  /** Rises by at least one with every plan of an endpoint; a router never goes back to a lower one. */
  generation: z.int().min(1),
  endpoint: name,
  /** Keeps its value across ramps; a new salt shuffles all keys anew. */
  salt: z.string().min(1).max(MAX_SALT_CHARS),
  /** The first is the champion. Weights are basis points of the keys and sum to 10,000. */
  variants: z.array(planVariant).min(1).max(MAX_VARIANTS),
  shadows: z.array(planShadow).max(MAX_SHADOWS),
})

/** An immutable statement of who scores what. A change is a new plan with a higher generation. */
export type RoutePlan = z.infer<typeof routePlan>
export type PlanVariant = RoutePlan['variants'][number]
export type PlanShadow = RoutePlan['shadows'][number]

export type PlanResult =
  | { readonly ok: true; readonly plan: RoutePlan }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** What the relations between fields need, looser than the plan, so that they are checked beside a bad single field. */
const relatedFields = z.object({
  variants: z.array(z.object({ name: z.string(), version: z.number(), weightBp: z.number() })),
  shadows: z.array(z.object({ name: z.string(), version: z.number() })),
})

/** A plan from parsed JSON, or every problem it has. */
export function parseRoutePlan(value: unknown): PlanResult {
  const problems: ConfigProblem[] = []
  const parsed = routePlan.safeParse(value)
  if (!parsed.success) problems.push(...parsed.error.issues.map(issueProblem))
  const related = relatedFields.safeParse(value)
  if (related.success) problems.push(...relationProblems(related.data))
  if (parsed.success && problems.length === 0) return { ok: true, plan: parsed.data }
  return { ok: false, problems }
}

export function issueProblem(issue: z.core.$ZodIssue): ConfigProblem {
  const path = issue.path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('')
  return { path, problem: issue.message, fix: 'Correct this field' }
}

function relationProblems(plan: z.infer<typeof relatedFields>): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const sum = plan.variants.reduce((total, variant) => total + variant.weightBp, 0)
  if (sum !== BUCKET_COUNT) {
    problems.push({
      path: 'variants',
      problem: `the weights sum to ${sum} basis points, not ${BUCKET_COUNT}`,
      fix: 'Change the weights so that they sum to 100 percent',
    })
  }
  const names = new Map<string, string>()
  const versions = new Map<number, string>()
  const entries = [
    ...plan.variants.map((entry, i) => ({ entry, path: `variants[${i}]` })),
    ...plan.shadows.map((entry, i) => ({ entry, path: `shadows[${i}]` })),
  ]
  for (const { entry, path } of entries) {
    const sameName = names.get(entry.name)
    if (sameName !== undefined) {
      problems.push({
        path: `${path}.name`,
        problem: `the name ${entry.name} is already used by ${sameName}`,
        fix: 'Give every variant and shadow a name of its own',
      })
    }
    names.set(entry.name, path)
    const sameVersion = versions.get(entry.version)
    if (sameVersion !== undefined) {
      problems.push({
        path: `${path}.version`,
        problem: `version ${entry.version} is already used by ${sameVersion}, and a version has one topic`,
        fix: 'Name each version once, as a variant or as a shadow',
      })
    }
    versions.set(entry.version, path)
  }
  return problems
}
