import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type JoinConfig, type JoinCounts, PANE_MS } from '@sluice/evaluation'
import { UsageError } from '../exit-codes.ts'
import { type InputLine, inputLines } from '../input-lines.ts'
import { isoTime, ReportBuilder, settingsOf, type VersionReport } from './evaluation-report.ts'
import type { FieldMap, OutcomeField, PredictionField } from './field-map.ts'
import { FileJoin, type FileRow, isPositive } from './file-join.ts'
import { EVALUATE_LINE_BYTES_MAX, LineProblem, type LineRules, readOutcome, readPrediction } from './read-lines.ts'

/** Windows are made of whole panes. */
export const WINDOW_MS_STEP = PANE_MS
/** Bad lines that are told one by one; the others are only counted. */
export const BAD_LINES_MAX = 100

export interface EvaluationInput {
  readonly predictions: InputFile
  readonly outcomes: InputFile
  readonly predictionFields: FieldMap<PredictionField>
  readonly outcomeFields: FieldMap<OutcomeField>
  readonly rules: LineRules
  readonly join: JoinConfig
  /** Records later than this cannot have happened. */
  readonly nowMs: number
  readonly asOfMs: number | undefined
  readonly windowMs: number | undefined
  readonly exactAuc: boolean
  readonly rowsPath: string | undefined
  readonly signal: AbortSignal
}

export interface InputFile {
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface BadLine {
  readonly file: string
  readonly line: number
  /** As the file calls it; empty when the whole line is meant. */
  readonly field: string
  readonly problem: string
}

export interface Evaluation {
  readonly asOf: string
  readonly settings: ReturnType<typeof settingsOf>
  readonly predictions: LineCounts & {
    /** Word for word the same as an earlier line. */
    readonly repeated: number
    /** After `asOf`, or after now. */
    readonly future: number
  }
  readonly outcomes: LineCounts & Omit<JoinCounts, 'predictions' | 'outcomes'>
  /** Outcomes by label as the file writes it: a label that is misspelt is seen here. */
  readonly labels: Readonly<Record<string, number>>
  readonly reports: readonly VersionReport[]
  readonly badLines: readonly BadLine[]
}

interface LineCounts {
  readonly lines: number
  readonly bad: number
}

/**
 * Reads the predictions, then the outcomes, joins them by event time and reports each version and window. Undefined when
 * the signal aborts before everything is read: figures of half a file would mislead.
 */
export async function evaluateFiles(input: EvaluationInput): Promise<Evaluation | undefined> {
  const { rules, signal } = input
  const join = new FileJoin(input.join, Math.min(input.asOfMs ?? Number.POSITIVE_INFINITY, input.nowMs))
  const badLines: BadLine[] = []
  const predictionLines = await eachLine(input.predictions, badLines, signal, (line) =>
    join.predict(readPrediction(line, input.predictionFields, rules)),
  )
  const outcomeLines = await eachLine(input.outcomes, badLines, signal, (line) =>
    join.outcome(readOutcome(line, input.outcomeFields, rules)),
  )
  if (signal.aborted) return undefined
  // Without a day given, the last thing known says how far the files reach.
  const asOfMs = input.asOfMs ?? join.latestMs
  const builder = new ReportBuilder({ windowMs: input.windowMs, exactAuc: input.exactAuc })
  if (input.rowsPath === undefined) for (const row of join.rows(asOfMs)) builder.add(row)
  else await writeRows(input.rowsPath, join.rows(asOfMs), (row) => builder.add(row))
  const { predictions: _, outcomes: __, ...endings } = join.counts(asOfMs)
  return {
    asOf: isoTime(asOfMs),
    settings: settingsOf(input.join),
    predictions: { ...predictionLines, repeated: join.predictionsRepeated, future: join.predictionsAfter },
    outcomes: { ...outcomeLines, ...endings },
    labels: Object.fromEntries(join.labels),
    reports: builder.reports(),
    badLines,
  }
}

async function eachLine(
  { name, bytes }: InputFile,
  badLines: BadLine[],
  signal: AbortSignal,
  take: (line: InputLine) => void,
): Promise<LineCounts> {
  let [lines, bad] = [0, 0]
  for await (const line of inputLines(bytes, EVALUATE_LINE_BYTES_MAX)) {
    if (signal.aborted) break
    if (line.text.trim() === '' && !line.tooLong) continue
    lines++
    try {
      take(line)
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error
      bad++
      if (badLines.length < BAD_LINES_MAX) {
        badLines.push({ file: name, line: line.number, field: error.field, problem: error.message })
      }
    }
  }
  return { lines, bad }
}

async function writeRows(path: string, rows: Iterable<FileRow>, each: (row: FileRow) => void): Promise<void> {
  function* documents(): Generator<string> {
    for (const row of rows) {
      each(row)
      yield `${JSON.stringify(rowDocument(row))}\n`
    }
  }
  try {
    await pipeline(Readable.from(documents()), createWriteStream(path))
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new UsageError(`--rows: ${path} cannot be written: ${error.message}`)
  }
}

function rowDocument({ line, score, decision, eventTimeMs, state, label, occurredAtMs, source }: FileRow) {
  const { predictionId, eventId, ceId, key, version, variant } = line
  return {
    predictionId,
    eventId,
    ceId,
    key,
    version,
    variant,
    eventTime: isoTime(eventTimeMs),
    score,
    decision: isPositive(decision),
    state,
    outcome: isPositive(label),
    occurredAt: occurredAtMs === null ? null : isoTime(occurredAtMs),
    source,
  }
}
