import { z } from 'zod'
import type { ModelManifest } from './model-manifest.ts'

/** One row whose score is known: what the training library said about it. */
export interface GoldenRow {
  /** Line in the file, from 1. */
  readonly line: number
  /** What an event holds, by feature name. */
  readonly features: Readonly<Record<string, unknown>>
  /** The encoded row, one float32 per column. */
  readonly row: Float32Array
  /** One score, or one per class. */
  readonly scores: Float32Array
  /** Margins (before the sigmoid or softmax), where the training library has them. */
  readonly margins: Float32Array | undefined
}

export const GOLDEN_ROWS_MAX = 100_000
/** Problems of single rows that are told; a wrong file would otherwise tell thousands. */
const PROBLEMS_MAX = 10

const token = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']), z.null()])
const outputs = z.union([token, z.array(token).min(1)])
const goldenLine = z.strictObject({
  features: z.record(z.string(), z.unknown()),
  row: z.array(token),
  score: outputs,
  margin: outputs.optional(),
})

export interface ParsedGolden {
  readonly rows: readonly GoldenRow[]
  readonly problems: readonly string[]
}

/**
 * Parses `golden.jsonl`. Numbers that JSON cannot spell are `"NaN"` (or null), `"Infinity"` and `"-Infinity"`; a model with
 * several outputs has arrays as `score` and `margin`.
 */
export function parseGolden(text: string, manifest: ModelManifest): ParsedGolden {
  const rows: GoldenRow[] = []
  const problems: string[] = []
  const report = (problem: string) => problems.push(`${manifest.golden.path}: ${problem}`)
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (lines.length === 0) report('it has no rows; a version may not score before at least one row is checked')
  if (lines.length > GOLDEN_ROWS_MAX) report(`it has ${lines.length} rows, more than ${GOLDEN_ROWS_MAX}`)
  const names = new Set(manifest.features.map((feature) => feature.name))
  for (let i = 0; i < Math.min(lines.length, GOLDEN_ROWS_MAX); i++) {
    if (problems.length > PROBLEMS_MAX) {
      report('and more')
      break
    }
    const row = parseLine(lines[i]!, i + 1, manifest, names)
    if (typeof row === 'string') report(`line ${i + 1}: ${row}`)
    else rows.push(row)
  }
  return { rows, problems }
}

function parseLine(
  text: string,
  line: number,
  manifest: ModelManifest,
  names: ReadonlySet<string>,
): GoldenRow | string {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  const parsed = goldenLine.safeParse(json)
  if (!parsed.success) return parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; ')
  const { features, row, score, margin } = parsed.data
  const stranger = Object.keys(features).find((name) => !names.has(name))
  if (stranger !== undefined) return `\`${stranger}\` is no feature of the model`
  if (row.length !== names.size) return `\`row\` has ${row.length} values, the model has ${names.size} features`
  const scores = floats(score)
  const expected = manifest.task === 'multiclass' ? manifest.labels.length : 1
  if (scores.length !== expected) return `\`score\` has ${scores.length} values, the task has ${expected}`
  if (scores.some((value) => !Number.isFinite(value))) return '`score` is not finite'
  const margins = margin === undefined ? undefined : floats(margin)
  if (margins !== undefined && margins.length !== expected)
    return `\`margin\` has ${margins.length} values, the task has ${expected}`
  return { line, features, row: floats(row), scores, margins }
}

function floats(tokens: z.infer<typeof outputs>): Float32Array {
  return Float32Array.from(Array.isArray(tokens) ? tokens : [tokens], (value) => Number(value ?? Number.NaN))
}
