import { z } from 'zod'

/** One way of giving the input, told from the others by its key. */
export interface InputForm {
  /** A field that only this form has. */
  readonly key: string
  /** What the form is, for the help. */
  readonly about: string
  /** Valid input, for the help; executed by the tests. */
  readonly example: Readonly<Record<string, unknown>>
  /** Checks the input and computes; throws a ZodError that names the field, or a RangeError. */
  readonly compute: (input: unknown) => StatsDocument
}

export interface Statistic {
  readonly name: string
  /** One sentence for the list. */
  readonly summary: string
  readonly forms: readonly InputForm[]
  /** Takes a `plan` that says how to judge; its fields are part of the help. */
  readonly judges?: boolean
}

/** What every statistic prints: these keys always, null where it has none, and its own after them. */
export interface StatsDocument {
  readonly estimate: number | null
  readonly standardError: number | null
  readonly n: number | null
  readonly interval: readonly [number | null, number | null] | null
  readonly pValue: number | null
  readonly verdict: string | null
  readonly reason: string | null
  readonly [detail: string]: unknown
}

const EMPTY: StatsDocument = {
  estimate: null,
  standardError: null,
  n: null,
  interval: null,
  pValue: null,
  verdict: null,
  reason: null,
}

export function statsDocument(known: Partial<StatsDocument>): StatsDocument {
  return { ...EMPTY, ...known }
}

/** A form whose schema and computation agree on the type in between. */
export function inputForm<Schema extends z.ZodType>(form: {
  readonly key: string
  readonly about: string
  readonly example: Readonly<Record<string, unknown>>
  readonly schema: Schema
  readonly compute: (input: z.output<Schema>) => StatsDocument
}): InputForm {
  const { key, about, example, schema, compute } = form
  return { key, about, example, compute: (input) => compute(schema.parse(input)) }
}

/** The form whose key the input has. */
export function pickForm<Form extends { readonly key: string }>(
  forms: readonly Form[],
  input: unknown,
): { readonly form: Form; readonly fields: Readonly<Record<string, unknown>> } {
  const fields = z.record(z.string(), z.unknown(), { error: 'must be a JSON object' }).parse(input)
  const form = forms.find(({ key }) => Object.hasOwn(fields, key))
  if (form !== undefined) return { form, fields }
  const keys = forms.map(({ key }) => `\`${key}\``).join(', ')
  const message = `has none of the fields that tell its form: ${keys}`
  throw new z.ZodError([{ code: 'custom', path: [], input, message }])
}
