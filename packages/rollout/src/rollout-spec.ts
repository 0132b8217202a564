import { type ConfigProblem, NAME_PATTERN } from '@sluice/contracts'
import { ALPHA_MAX, DEFAULT_ALPHA, MINIMUM_EVENTS_PER_ARM, MINIMUM_UNITS_PER_ARM } from '@sluice/evaluation'
import { BUCKET_COUNT, MAX_SALT_CHARS } from '@sluice/routing'
import { z } from 'zod'
import { durationText } from './duration-text.ts'
import { analysisProblems, relationProblems, stepProblems } from './spec-relations.ts'

export const MAX_STEPS = 32
export const MAX_GOALS = 8
export const MAX_GUARDRAILS = 32
export const MAX_APPROVERS = 64

const name = z.string().regex(NAME_PATTERN, 'must be lower-case letters, digits, - and _, at most 63')
const version = z.int().min(0).max(999_999_999)
const metric = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9_]{0,63}$/, 'must start with a lower-case letter and hold letters, digits and _, at most 64')
/** Basis points once parsed. */
const percent = z
  .number()
  .gt(0)
  .max(100)
  // 33.33 * 100 is 3332.9999999999995 in doubles, so an exact test would refuse a weight that is fine.
  .refine((value) => Math.abs(Math.round(value * 100) - value * 100) <= 1e-6, 'has more than two decimals')
  .transform((value) => Math.round((value * BUCKET_COUNT) / 100))

const approval = z
  .strictObject({
    approvers: z
      .array(z.string().min(1).max(256))
      .max(MAX_APPROVERS)
      .default([])
      .describe('Names or groups that may approve; empty: every known person.'),
    validFor: durationText.prefault('24h').describe('How long an approval counts.'),
    timeout: durationText.optional().describe('How long to wait for one.'),
    onTimeout: z.enum(['hold', 'rollback']).optional().describe('hold (default) reports it as overdue and waits on.'),
  })
  .transform(({ validFor, timeout, onTimeout, ...rest }) => ({
    ...rest,
    validForMs: validFor,
    timeoutMs: timeout ?? null,
    onTimeout: onTimeout ?? null,
  }))

const hold = z
  .strictObject({
    duration: durationText.optional().describe('Shortest time in this step.'),
    minSampleSize: z.int().min(1).optional().describe('Fewest units in each arm that came during this step.'),
    decision: z.literal(true).optional().describe('Stay until the goals are decided.'),
    maxDuration: durationText.optional().describe('Time after which a person, or `decision`, decides.'),
    approval: approval.optional().describe('A person must agree; asked for when everything else is fulfilled.'),
  })
  .transform(({ duration, minSampleSize, decision, maxDuration, approval }) => ({
    durationMs: duration ?? 0,
    minSampleSize: minSampleSize ?? 0,
    decision: decision ?? false,
    maxDurationMs: maxDuration ?? null,
    approval: approval ?? null,
  }))

const step = z
  .strictObject({
    name,
    shadow: percent.optional().describe('Copies this share of the keys to the candidate, in percent.'),
    weight: percent.optional().describe('Gives this share of the keys to the candidate, in percent.'),
    hold,
  })
  .transform(({ name, shadow, weight, hold }) => ({ name, shadowBp: shadow ?? 0, weightBp: weight ?? 0, hold }))

const onHarm = z.enum(['rollback', 'hold']).default('rollback')
const margin = z.union([
  z.number().min(0),
  z.strictObject({ relative: z.number().gt(0).lt(1).describe('Share of the value of the control.') }),
])

const goal = z.strictObject({
  metric,
  direction: z.enum(['increase', 'decrease']).default('increase').describe('The good direction.'),
  onHarm: onHarm.describe('What happens when the candidate is clearly worse.'),
})
const statisticalGuardrail = z.strictObject({
  metric,
  direction: z.enum(['increase', 'decrease', 'either']).default('increase').describe('either: every change is bad.'),
  maxRegression: margin.describe('Loss still accepted, in units of the metric or relative to the control.'),
  onHarm,
})
const levelGuardrail = z.strictObject({
  metric,
  max: z.number().optional().describe('The value of the candidate must not be above it.'),
  min: z.number().optional().describe('The value of the candidate must not be below it.'),
  failureLimit: z.int().min(0).max(1_000).default(0).describe('Looks in a row that may fail.'),
  onHarm,
})
/** Which of the two is meant decides what is said about a wrong one. */
const guardrail = z.unknown().transform((value, context) => {
  const isStatistical = typeof value === 'object' && value !== null && 'maxRegression' in value
  const parsed = isStatistical ? statisticalGuardrail.safeParse(value) : levelGuardrail.safeParse(value)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) context.addIssue({ ...issue })
  return z.NEVER
})

const action = z.enum(['hold', 'warn', 'rollback']).default('hold')
const health = z
  .strictObject({
    srm: action.describe('The arms do not have the designed ratio.'),
    multipleExposure: action.describe('Too many units were in both arms.'),
    noTraffic: action.describe('An arm saw no unit for `noTrafficGrace`.'),
    noTrafficGrace: durationText.prefault('1h'),
    labelStall: action.describe('An arm got no outcome for `labelStallGrace`.'),
    labelStallGrace: durationText.prefault('24h'),
  })
  .transform(({ noTrafficGrace, labelStallGrace, ...actions }) => ({
    ...actions,
    noTrafficGraceMs: noTrafficGrace,
    labelStallGraceMs: labelStallGrace,
  }))

const analysis = z.strictObject({
  method: z.enum(['hybrid', 'sequential', 'fixed']).default('hybrid').describe('Of the goals; guardrails: sequential.'),
  alpha: z.number().gt(0).lt(ALPHA_MAX).default(DEFAULT_ALPHA).describe('Probability of a wrong verdict on the goals.'),
  guardrailAlpha: z.number().gt(0).lt(ALPHA_MAX).default(DEFAULT_ALPHA).describe('Of a wrong alarm, per guardrail.'),
  plannedSampleSize: z.int().min(2).optional().describe('Units of both arms together at the planned look.'),
  minUnits: z.int().min(2).default(MINIMUM_UNITS_PER_ARM).describe('Units per arm below which nothing is judged.'),
  minEvents: z.int().min(1).default(MINIMUM_EVENTS_PER_ARM).describe('Events and non-events per arm, likewise.'),
  goals: z.array(goal).max(MAX_GOALS).default([]),
  guardrails: z.array(guardrail).max(MAX_GUARDRAILS).default([]),
  health: health.prefault({}),
  decision: z
    .enum(['clear-signals', 'do-no-harm'])
    .default('clear-signals')
    .describe('Without a winner in time: a person decides, or the candidate goes on because nothing was harmed.'),
})

const stepList = z.array(step).min(1).max(MAX_STEPS)

const rolloutSpec = z.strictObject({
  name,
  endpoint: name,
  champion: z.strictObject({ model: name, version }),
  candidate: z.strictObject({ name, model: name, version }),
  salt: z.string().min(1).max(MAX_SALT_CHARS).optional().describe('Of the split; default is the name of the rollout.'),
  mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: reports what it would do, and does not.'),
  steps: stepList,
  analysis: analysis.prefault({}),
})

/** What a rollout does, agreed before it starts and frozen. Durations are in milliseconds, shares in basis points. */
export type RolloutSpec = z.output<typeof rolloutSpec>
export type RolloutSpecInput = z.input<typeof rolloutSpec>
export type RolloutStep = RolloutSpec['steps'][number]
export type Goal = z.output<typeof goal>
export type StatisticalGuardrail = z.output<typeof statisticalGuardrail>
export type LevelGuardrail = z.output<typeof levelGuardrail>
export type Analysis = z.output<typeof analysis>
export type HealthSpec = z.output<typeof health>
export type ApprovalSpec = z.output<typeof approval>

export type RolloutSpecResult =
  | { readonly ok: true; readonly spec: RolloutSpec }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** The `rollout` section of an endpoint from parsed YAML or JSON, or every problem it has. */
export function parseRolloutSpec(value: unknown): RolloutSpecResult {
  const parsed = rolloutSpec.safeParse(value)
  const problems: ConfigProblem[] = parsed.success ? [] : parsed.error.issues.flatMap(issueProblems)
  // Sections are read on their own as well, so that a bad name does not hide what is wrong between the steps.
  const sections = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  const steps = stepList.safeParse(sections['steps'])
  const tests = analysis.safeParse(sections['analysis'] ?? {})
  if (steps.success) problems.push(...stepProblems(steps.data))
  if (tests.success) problems.push(...analysisProblems(tests.data))
  if (steps.success && tests.success) problems.push(...relationProblems(steps.data, tests.data))
  if (parsed.success && parsed.data.champion.version === parsed.data.candidate.version) {
    problems.push({
      path: 'candidate.version',
      problem: `version ${parsed.data.candidate.version} is the champion's, and a version has one topic`,
      fix: 'Name the version that is to replace the champion',
    })
  }
  if (parsed.success && problems.length === 0) return { ok: true, spec: parsed.data }
  return { ok: false, problems }
}

function issueProblems(issue: z.core.$ZodIssue): readonly ConfigProblem[] {
  const path = issue.path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('')
  if (issue.code !== 'unrecognized_keys') return [{ path, problem: issue.message, fix: 'Correct this field' }]
  return issue.keys.map((key) => ({
    path: path === '' ? key : `${path}.${key}`,
    problem: 'is no setting of a rollout',
    fix: 'Correct its name, or leave it out',
  }))
}
