import { z } from 'zod'

/**
 * The inference request of the Open Inference Protocol V2 (REST), as far as tabular models need it: one tensor per
 * feature, each with one value per row. Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md.
 */
export const OIP_NUMBER_TYPES = [
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'FP16',
  'FP32',
  'FP64',
] as const
export const OIP_DATATYPES = ['BOOL', 'BYTES', ...OIP_NUMBER_TYPES] as const

/** Rows in one request; more belong on the stream. */
export const OIP_ROWS_MAX = 1_024
/** Tensors in one request. */
export const OIP_INPUTS_MAX = 65_536
/** Largest request body, in bytes. */
export const OIP_BODY_BYTES_MAX = 1_048_576

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

const tensor = z.strictObject({
  name: z.string().min(1).max(256),
  shape: z.array(z.int().min(0)).min(1).max(4),
  datatype: z.enum(OIP_DATATYPES),
  parameters: parameters.optional(),
  data: z.array(z.unknown()),
})

export const oipRequest = z.strictObject({
  id: z.string().max(256).optional(),
  parameters: parameters.optional(),
  inputs: z.array(tensor).min(1).max(OIP_INPUTS_MAX),
  outputs: z.array(z.object({ name: z.string() })).optional(),
})
export type OipRequest = z.infer<typeof oipRequest>

/** What is wrong with a request, and in which field. */
export interface OipProblem {
  readonly field: string
  readonly problem: string
}

/** Features by name, one object per row. Objects have no prototype, so no name can reach one. */
export type NamedRow = Record<string, unknown>

/** Turns the tensors of a request into rows, or says what is wrong. `null` in `data` is a missing value. */
export function oipRows(request: OipRequest): { readonly rows: readonly NamedRow[] } | OipProblem {
  const rowCount = request.inputs[0]!.shape[0]!
  if (rowCount < 1 || rowCount > OIP_ROWS_MAX)
    return { field: 'inputs[0].shape', problem: `has ${rowCount} rows; send 1 to ${OIP_ROWS_MAX}` }
  const rows = Array.from({ length: rowCount }, () => Object.create(null) as NamedRow)
  const seen = new Set<string>()
  for (const [i, input] of request.inputs.entries()) {
    const at = `inputs[${i}]`
    if (seen.has(input.name)) return { field: `${at}.name`, problem: `the tensor \`${input.name}\` comes twice` }
    seen.add(input.name)
    const size = input.shape.reduce((product, n) => product * n, 1)
    if (input.shape[0] !== rowCount || size !== rowCount) {
      return {
        field: `${at}.shape`,
        problem: `is [${input.shape.join(', ')}]; every tensor is one feature of shape [${rowCount}] or [${rowCount}, 1]`,
      }
    }
    const data = input.data.flat(3)
    if (data.length !== rowCount)
      return { field: `${at}.data`, problem: `has ${data.length} values; its shape asks for ${rowCount}` }
    for (const [row, value] of data.entries()) {
      const problem = checkValue(input.datatype, value)
      if (problem !== undefined) return { field: `${at}.data[${row}]`, problem }
      rows[row]![input.name] = value
    }
  }
  return { rows }
}

function checkValue(datatype: (typeof OIP_DATATYPES)[number], value: unknown): string | undefined {
  if (value === null) return undefined
  const wanted = datatype === 'BOOL' ? 'boolean' : datatype === 'BYTES' ? 'string' : 'number'
  if (typeof value !== wanted) return `is a ${typeof value}; ${datatype} takes a ${wanted} or null`
  if (typeof value === 'string') {
    return value.isWellFormed() ? undefined : 'has half of a surrogate pair, which has no UTF-8 form'
  }
  if (typeof value !== 'number') return undefined
  // JSON.parse reads 1e400 as Infinity and rounds long integers without a word.
  if (datatype.startsWith('FP')) return Number.isFinite(value) ? undefined : 'is beyond the largest number'
  if (!Number.isSafeInteger(value)) return `is not a whole number within 2^53; ${datatype} takes no other in JSON`
  return value < 0 && datatype.startsWith('UINT') ? `is negative; ${datatype} is not` : undefined
}

/** Fields of a zod issue list as one problem: the first is enough for a caller to go on. */
export function firstIssue(error: z.ZodError): OipProblem {
  const issue = error.issues[0]!
  const field = issue.path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
  return { field: field === '' ? '(body)' : field, problem: issue.message }
}
