import { NAME_PATTERN } from '@sluice/contracts'
import { featureList } from '@sluice/features'
import { parseDocument } from 'yaml'
import { z } from 'zod'

/** Largest difference between a golden score and ours that is still the same score. */
export const TOLERANCE_DEFAULT = 1e-6
export const TOLERANCE_MAX = 1e-2

const path = z
  .string()
  .max(256)
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/,
    'write a path inside the package, parts of letters, digits, ., _ and -, not starting with a dot',
  )
const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'write 64 lower-case hexadecimal digits, quoted if they look like a number')
const label = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.isWellFormed(), 'half of a surrogate pair has no UTF-8 form')

const modelFile = z.discriminatedUnion('engine', [
  z.strictObject({
    engine: z.literal('trees').describe('XGBoost JSON or UBJSON, scored by our own kernels.'),
    path,
    sha256,
    rounds: z
      .enum(['all', 'best'])
      .default('all')
      .describe('Rounds of an early-stopped model: all as `Booster.predict`, best as the scikit-learn wrappers.'),
  }),
  z.strictObject({
    engine: z.literal('onnx').describe('ONNX, scored by ONNX Runtime.'),
    path,
    sha256,
    input: z.string().min(1).max(256).optional().describe('Name of the input; default is the only one.'),
    output: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Name of the output with the scores; default is the only one of floats.'),
  }),
])

const common = {
  name: z.string().regex(NAME_PATTERN, 'use lower-case letters, digits, - and _, at most 63'),
  version: z.int().min(0).max(999_999_999),
  files: z
    .array(modelFile)
    .min(1)
    .max(8)
    .refine((files) => new Set(files.map((f) => f.engine)).size === files.length, 'name each engine once')
    .describe('The same model for one or more engines; the first that can be used is.'),
  features: featureList,
  baseline: z.strictObject({ path, sha256 }).optional().describe('Profile of the training data.'),
  golden: z
    .strictObject({
      path,
      sha256,
      reference: z.string().min(1).max(256).describe('What made the expected scores.'),
      tolerance: z.number().min(0).max(TOLERANCE_MAX).default(TOLERANCE_DEFAULT),
    })
    .describe('Rows with the scores of the training library.'),
  lineage: z.record(z.string(), z.unknown()).default({}).describe('Where the model comes from, in any form.'),
}

/** What every task has: its problems are told also when the task is none. */
const commonManifest = z.looseObject(common)

export const modelManifest = z.discriminatedUnion('task', [
  z.strictObject({
    ...common,
    task: z.literal('binary'),
    threshold: z.number().min(0).max(1).describe('Scores at or above it get the positive label.'),
    labels: z
      .strictObject({ negative: label, positive: label })
      .refine((labels) => labels.negative !== labels.positive, 'the labels are distinct'),
  }),
  z.strictObject({
    ...common,
    task: z.literal('multiclass'),
    labels: z
      .array(label)
      .min(2)
      .max(4096)
      .refine((labels) => new Set(labels).size === labels.length, 'the labels are distinct'),
  }),
  z.strictObject({ ...common, task: z.literal('regression') }),
])

export type ModelManifest = z.infer<typeof modelManifest>
export type ModelFileEntry = ModelManifest['files'][number]

export type ParsedManifest =
  | { readonly manifest: ModelManifest; readonly problems: readonly [] }
  | { readonly manifest: undefined; readonly problems: readonly string[] }

/** Parses the text of a `model.yaml`; problems name the field as `features[3].categories`. */
export function parseManifest(text: string): ParsedManifest {
  const document = parseDocument(text, { uniqueKeys: true })
  if (document.errors.length > 0)
    return { manifest: undefined, problems: document.errors.map((error) => `model.yaml: ${error.message}`) }
  let plain: unknown
  try {
    plain = document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    return { manifest: undefined, problems: [`model.yaml: ${(cause as Error).message}`] }
  }
  const parsed = modelManifest.safeParse(plain)
  if (parsed.success) return { manifest: parsed.data, problems: [] }
  const noTask = parsed.error.issues.some((issue) => issue.code === 'invalid_union' && issue.path[0] === 'task')
  const issues = [...parsed.error.issues, ...(noTask ? (commonManifest.safeParse(plain).error?.issues ?? []) : [])]
  return {
    manifest: undefined,
    problems: issues.map((issue) => `model.yaml: ${fieldOf(issue.path)}${issue.message}`),
  }
}

function fieldOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return ''
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return `${text.replace(/^\./, '')}: `
}

/** Paths of the files that a package needs beside `model.yaml`, with what each is; none when the manifest is not valid. */
export function declaredFiles(manifest: ModelManifest): ReadonlyMap<string, 'model' | 'golden' | 'baseline'> {
  const declared = new Map<string, 'model' | 'golden' | 'baseline'>()
  for (const file of manifest.files) declared.set(file.path, 'model')
  declared.set(manifest.golden.path, 'golden')
  if (manifest.baseline !== undefined) declared.set(manifest.baseline.path, 'baseline')
  return declared
}
