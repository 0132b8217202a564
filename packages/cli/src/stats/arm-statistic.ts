import {
  type ArmData,
  DEFAULT_CONFIDENCE,
  difference,
  type EstimateResult,
  refuseTooLittle,
  relativeLift,
} from '@sluice/evaluation'
import { z } from 'zod'
import { effectDocument, estimateDocument } from './effect-document.ts'
import { confidence, effectPlan, verdictState } from './input-fields.ts'
import { type InputForm, pickForm, type Statistic, type StatsDocument } from './statistic.ts'

/** What one arm gives: its estimate and what is printed beside it. */
export interface Arm {
  readonly result: EstimateResult
  /** Units and events, where too few events forbid a verdict. */
  readonly data?: Omit<ArmData, 'name'>
  readonly details?: Readonly<Record<string, unknown>>
}

export interface ArmForm {
  readonly key: string
  readonly about: string
  readonly example: Readonly<Record<string, unknown>>
  readonly arm: (input: unknown, confidence: number) => Arm
}

export function armForm<Schema extends z.ZodType>(form: {
  readonly key: string
  readonly about: string
  readonly example: Readonly<Record<string, unknown>>
  readonly schema: Schema
  readonly arm: (input: z.output<Schema>, confidence: number) => Arm
}): ArmForm {
  const { key, about, example, schema, arm } = form
  return { key, about, example, arm: (input, level) => arm(schema.parse(input), level) }
}

const comparison = z.strictObject({
  control: z.unknown(),
  candidate: z.unknown(),
  relative: z.boolean().default(false),
  plan: effectPlan,
  state: verdictState,
})

/**
 * A statistic of one arm, and by `control` and `candidate` the comparison of two: each is given in any of the forms, and
 * the difference gets a verdict by `plan`.
 */
export function armStatistic({
  name,
  summary,
  forms,
  bounds,
  normal = false,
  minimumEvents,
}: {
  readonly name: string
  readonly summary: string
  readonly forms: readonly ArmForm[]
  /** Where the measure can lie. */
  readonly bounds?: readonly [number, number]
  /** Whether the interval of one arm is a normal one instead of Student's t. */
  readonly normal?: boolean
  /** Events and non-events per arm that a verdict needs unless the input says otherwise. */
  readonly minimumEvents?: number
}): Statistic {
  const single = (input: unknown): StatsDocument => {
    const { confidence: level, ...fields } = withConfidence(input)
    const { result, details } = parseArm(forms, fields, level)
    return estimateDocument(normal ? withoutDegreesOfFreedom(result) : result, level, details, bounds)
  }
  // Where no events are counted, the field would have no effect, so it is not there.
  const eventsField = minimumEvents === undefined ? z.never().optional() : z.number().min(0).default(minimumEvents)
  const schema = comparison.extend({ minimumEvents: eventsField })
  const compare = (input: unknown): StatsDocument => {
    const given = schema.parse(input)
    const a = at('control', () => parseArm(forms, given.control))
    const b = at('candidate', () => parseArm(forms, given.candidate))
    const tooLittle = refuseTooLittle(
      Object.entries({ control: a.data, candidate: b.data }).flatMap(([arm, data]) =>
        data === undefined ? [] : [{ name: arm, ...data }],
      ),
      { units: 0, events: given.minimumEvents ?? 0 },
    )
    const effect = (given.relative ? relativeLift : difference)(a.result, b.result)
    return effectDocument(effect.kind === 'estimate' ? (tooLittle ?? effect) : effect, given.plan, given.state, {
      control: plain(a),
      candidate: plain(b),
    })
  }
  const example = forms[0]!.example
  return {
    name,
    summary,
    judges: true,
    forms: [
      ...forms.map((form): InputForm => ({ ...form, compute: single })),
      {
        key: 'candidate',
        about: `two arms, each in one of the other forms, and how to judge their difference${
          minimumEvents === undefined ? '' : ` (from \`minimumEvents\`, ${minimumEvents}, of each class per arm)`
        }`,
        example: { control: example, candidate: example, plan: { method: 'sequential', direction: 'increase' } },
        compute: compare,
      },
    ],
  }
}

function withoutDegreesOfFreedom(result: EstimateResult): EstimateResult {
  return result.kind === 'estimate' ? { ...result, degreesOfFreedom: null } : result
}

function withConfidence(input: unknown): { readonly confidence: number; readonly [field: string]: unknown } {
  const { confidence: level, ...fields } = z.looseObject({ confidence }).parse(input)
  return { ...fields, confidence: level }
}

function parseArm(forms: readonly ArmForm[], input: unknown, level = DEFAULT_CONFIDENCE): Arm {
  const { form, fields } = pickForm(forms, input)
  return form.arm(fields, level)
}

function plain({ result, details }: Arm): Readonly<Record<string, unknown>> {
  if (result.kind === 'insufficient') return { estimate: null, standardError: null, n: result.n, reason: result.reason }
  return { estimate: result.estimate, standardError: result.standardError, n: result.n, ...details }
}

/** Puts the arm's name in front of the path of every problem. */
export function at<T>(name: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error
    throw new z.ZodError(error.issues.map((issue) => ({ ...issue, path: [name, ...issue.path] })))
  }
}
