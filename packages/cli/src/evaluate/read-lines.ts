import { NEGATIVE_LABEL, type OutcomeSource, POSITIVE_LABEL } from '@sluice/evaluation'
import type { InputLine } from '../input-lines.ts'
import type { FieldMap, OutcomeField, PredictionField } from './field-map.ts'
import { readTime, type TimeFormat } from './read-time.ts'

/** Longest line that is read, in bytes. */
export const EVALUATE_LINE_BYTES_MAX = 1_048_576

/** A line that says nothing usable: which field, as the file calls it, and what is wrong with it. */
export class LineProblem extends Error {
  override readonly name = 'LineProblem'
  readonly field: string
  constructor(field: string, problem: string) {
    super(problem)
    this.field = field
  }
}

export interface LineRules {
  readonly timeFormat: TimeFormat
  /** Label text that is positive; without it only 0, 1, true and false are labels. */
  readonly positive: string | undefined
  /** Score from which on a prediction is decided positive; without it each line says its decision. */
  readonly threshold: number | undefined
}

export interface PredictionLine {
  readonly predictionId: string | null
  readonly eventId: string | null
  readonly ceId: string | null
  readonly key: string | null
  readonly version: string | null
  readonly variant: string | null
  readonly score: number
  readonly decision: number
  readonly eventTimeMs: number
}

export interface OutcomeLine {
  readonly ref: { readonly field: 'predictionId' | 'eventId' | 'ceId' | 'key'; readonly value: string }
  /** As the file has it, for the count of labels; null withdraws. */
  readonly text: string | null
  readonly label: number | null
  readonly occurredAtMs: number
  readonly recordedAtMs: number | null
  readonly source: OutcomeSource
  readonly revision: number
}

type Row = Readonly<Record<string, unknown>>

/** Throws LineProblem. */
export function readPrediction(line: InputLine, names: FieldMap<PredictionField>, rules: LineRules): PredictionLine {
  const row = readObject(line)
  const score = row[names.score]
  if (typeof score !== 'number') throw new LineProblem(names.score, missingOr(score, 'is not a number'))
  if (!(score >= 0 && score <= 1)) throw new LineProblem(names.score, `${score} is not a probability between 0 and 1`)
  return {
    predictionId: idText(row, names.predictionId),
    eventId: idText(row, names.eventId),
    ceId: idText(row, names.ceId),
    key: idText(row, names.key),
    version: idText(row, names.version),
    variant: idText(row, names.variant),
    score,
    decision: decisionOf(row, names.decision, score, rules),
    eventTimeMs: timeOf(row, names.eventTime, rules),
  }
}

/** Throws LineProblem. */
export function readOutcome(line: InputLine, names: FieldMap<OutcomeField>, rules: LineRules): OutcomeLine {
  const row = readObject(line)
  const ref = REFERENCES.map((field) => ({ field, value: idText(row, names[field]) })).find((r) => r.value !== null)
  if (ref === undefined) {
    const expected = REFERENCES.map((field) => names[field]).join(', ')
    throw new LineProblem(names.predictionId, `the line has none of ${expected}, so nothing says what it is about`)
  }
  const said = row[names.outcome]
  if (said === undefined) throw new LineProblem(names.outcome, 'is missing; null withdraws an earlier outcome')
  const recordedAt = row[names.recordedAt]
  return {
    ref: { field: ref.field, value: ref.value! },
    text: said === null ? null : String(said),
    label: said === null ? null : labelOf(said, names.outcome, rules.positive),
    occurredAtMs: timeOf(row, names.occurredAt, rules),
    recordedAtMs: recordedAt === undefined || recordedAt === null ? null : timeOf(row, names.recordedAt, rules),
    source: sourceOf(row[names.source], names.source),
    revision: revisionOf(row[names.revision], names.revision),
  }
}

const REFERENCES = ['predictionId', 'eventId', 'ceId', 'key'] as const

function readObject({ text, tooLong }: InputLine): Row {
  if (tooLong) throw new LineProblem('', `the line is longer than ${EVALUATE_LINE_BYTES_MAX} bytes`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new LineProblem('', `the line is not JSON: ${(cause as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LineProblem('', 'the line is not a JSON object')
  }
  return value as Row
}

/** Ids and keys may be numbers in a file; they are compared as text. */
function idText(row: Row, name: string): string | null {
  const value = row[name]
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  throw new LineProblem(name, 'is neither text nor a whole number that JSON holds exactly')
}

function timeOf(row: Row, name: string, { timeFormat }: LineRules): number {
  const time = readTime(row[name], timeFormat)
  if (typeof time === 'string') throw new LineProblem(name, time)
  return time
}

function decisionOf(row: Row, name: string, score: number, { threshold, positive }: LineRules): number {
  if (threshold !== undefined) return score >= threshold ? POSITIVE_LABEL : NEGATIVE_LABEL
  const value = row[name]
  if (value === undefined || value === null) throw new LineProblem(name, 'is missing; or decide with --threshold')
  return labelOf(value, name, positive)
}

function labelOf(value: unknown, name: string, positive: string | undefined): number {
  if (positive !== undefined) {
    if (String(value) === positive) return POSITIVE_LABEL
    if (typeof value === 'string') return NEGATIVE_LABEL
  }
  if (value === true || value === 1 || value === 'true' || value === '1') return POSITIVE_LABEL
  if (value === false || value === 0 || value === 'false' || value === '0') return NEGATIVE_LABEL
  if (typeof value === 'string') {
    throw new LineProblem(name, 'is a text; say which label is the positive one with --positive')
  }
  throw new LineProblem(name, 'is neither a label nor 0, 1, true or false')
}

function sourceOf(value: unknown, name: string): OutcomeSource {
  if (value === undefined || value === null) return 'system'
  if (value === 'system' || value === 'human') return value
  throw new LineProblem(name, 'is neither system nor human')
}

function revisionOf(value: unknown, name: string): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new LineProblem(name, 'is not a whole number from 0')
}

function missingOr(value: unknown, problem: string): string {
  return value === undefined || value === null ? 'is missing' : problem
}
