import { faultMessage, type RecordFault } from '@sluice/contracts'
import { compileRowDecoder, type FeatureBatch, type FeatureSpec } from '@sluice/features'
import type { InputLine } from '../input-lines.ts'
import type { RowScorer } from './row-scorer.ts'

/** Rows of one inference call. */
export const SCORE_BATCH_ROWS = 1_024
/** Longest line that is read, in bytes: the default of `maxValueBytes`. */
export const SCORE_LINE_BYTES_MAX = 1_048_576
/** Fields that are no feature, told by name. */
const STRANGERS_MAX = 20
const STRANGER_LENGTH_MAX = 256

export interface ScoreOptions {
  readonly margin: boolean
  readonly contributions: boolean
}

/** One line of output; floats are the exact float32 values. */
export type ScoredLine =
  | {
      readonly score: number
      /** All outputs of a model with more than one. */
      readonly scores?: readonly number[]
      readonly decision?: string
      /** One number, or one per output. */
      readonly margin?: number | readonly number[]
      /** Shares of the margin by feature, and what the margin starts from; one per output. */
      readonly contributions?: readonly Contributions[]
    }
  | { readonly error: { readonly code: string; readonly at: string; readonly message: string }; readonly line: number }

export interface Contributions {
  readonly baseValue: number
  readonly features: Readonly<Record<string, number>>
}

/**
 * Scores lines of JSON objects in batches and yields one result per line, in order. A line that is no row becomes an error
 * and leaves its neighbours alone.
 */
export class LineScorer {
  readonly #scorer: RowScorer
  readonly #options: ScoreOptions
  readonly #decoder: ReturnType<typeof compileRowDecoder>
  readonly #batch: FeatureBatch
  readonly #names: ReadonlySet<string>
  readonly #strangers = new Set<string>()
  #lines = 0
  #failed = 0

  constructor(scorer: RowScorer, options: ScoreOptions) {
    this.#scorer = scorer
    this.#options = options
    this.#decoder = compileRowDecoder(scorer.features)
    this.#batch = scorer.allocate(SCORE_BATCH_ROWS)
    this.#names = new Set(scorer.features.map((f) => f.name))
  }

  get lines(): number {
    return this.#lines
  }

  get failed(): number {
    return this.#failed
  }

  /** Fields of the rows that are no feature of the model, the first few: a mistyped name would silently be missing. */
  get strangers(): readonly string[] {
    return [...this.#strangers]
  }

  async *score(lines: AsyncIterable<InputLine>): AsyncGenerator<ScoredLine> {
    let waiting: (ScoredLine | undefined)[] = []
    let rows = 0
    for await (const line of lines) {
      if (line.text.trim() === '' && !line.tooLong && line.isUtf8) continue
      this.#lines++
      const fault = this.#decode(line, rows)
      if (fault === undefined) rows++
      else this.#failed++
      waiting.push(fault)
      // Errors wait too, so that output and input keep one order; they are limited like rows.
      if (waiting.length === SCORE_BATCH_ROWS) {
        yield* await this.#finish(waiting, rows)
        waiting = []
        rows = 0
      }
    }
    yield* await this.#finish(waiting, rows)
  }

  #decode({ number, text, tooLong, isUtf8 }: InputLine, row: number): ScoredLine | undefined {
    const error = (code: string, at: string, message: string): ScoredLine => ({
      error: { code, at, message },
      line: number,
    })
    if (tooLong) {
      return error('E_VALUE_TOO_LARGE', '', `the line is longer than ${SCORE_LINE_BYTES_MAX} bytes`)
    }
    if (!isUtf8) return error('E_RECORD_UNDECODABLE', '', 'the line is not UTF-8; convert the file')
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      // Within a line there is but one line, whose number would be taken for the file's.
      const reason = (cause as Error).message.replace(/ \(line \d+ column \d+\)$/, '')
      return error('E_RECORD_UNDECODABLE', '', `the line is not JSON: ${reason}`)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return error('E_RECORD_UNDECODABLE', '', 'the line is not a JSON object of named features')
    }
    this.#noteStrangers(value)
    const named = value as Record<string, unknown>
    const fault = this.#decoder.decodeRow(named, this.#batch, row)
    if (fault === 0) return undefined
    const hint = fault.code === 'E_FEATURE_TYPE' ? this.#typeHint(fault.at, named[fault.at]) : ''
    return error(fault.code, fault.at, faultMessage(fault satisfies RecordFault) + hint)
  }

  #typeHint(name: string, value: unknown): string {
    const feature = this.#scorer.features.find((candidate) => candidate.name === name)
    return feature === undefined ? '' : ` (it is ${kindOf(value)}; write ${WANTED[feature.type]})`
  }

  #noteStrangers(row: object): void {
    for (const name in row) {
      if (this.#strangers.size >= STRANGERS_MAX) return
      if (!this.#names.has(name)) this.#strangers.add(name.slice(0, STRANGER_LENGTH_MAX))
    }
  }

  async #finish(waiting: readonly (ScoredLine | undefined)[], rows: number): Promise<readonly ScoredLine[]> {
    const scorer = this.#scorer
    const { outputs } = scorer
    // What reads the rows comes before `score`, whose batch may travel to another thread.
    const explained = this.#options.contributions ? this.#explain(rows) : []
    const marginCount = this.#options.margin ? (scorer.margins ?? 0) : 0
    const margins = new Float32Array(rows * marginCount)
    if (marginCount > 0 && rows > 0) scorer.scoreMargins(this.#batch, rows, margins)
    const scores = new Float32Array(rows * outputs)
    if (rows > 0) await scorer.score(this.#batch, rows, scores)
    let row = 0
    return waiting.map((error) => {
      if (error !== undefined) return error
      const i = row++
      const all = [...scores.subarray(i * outputs, (i + 1) * outputs)]
      const { decision } = scorer
      const decided = decision?.of(scores, i)
      return {
        score: decision === undefined ? bareScore(all) : decision.scoreOf(scores, i, decided!),
        ...(outputs > 1 ? { scores: all } : {}),
        ...(decision === undefined ? {} : { decision: decision.labels[decided!]! }),
        ...(marginCount === 0 ? {} : { margin: oneOrAll(margins.subarray(i * marginCount, (i + 1) * marginCount)) }),
        ...(explained[i] === undefined ? {} : { contributions: explained[i] }),
      }
    })
  }

  #explain(rows: number): readonly (readonly Contributions[])[] {
    const { features, contributions } = this.#scorer
    const width = features.length
    const row = new Float32Array(width)
    return Array.from({ length: rows }, (_, i) => {
      const base = this.#batch.rowBase(i)
      for (let c = 0; c < width; c++) row[c] = this.#batch.values[base + c * this.#batch.columnStride]!
      const values = contributions!(row)
      return Array.from({ length: values.length / (width + 1) }, (_, output) => {
        const start = output * (width + 1)
        return {
          baseValue: values[start + width]!,
          features: Object.fromEntries(features.map((f, c) => [f.name, values[start + c]!])),
        }
      })
    })
  }
}

const WANTED: Readonly<Record<FeatureSpec['type'], string>> = {
  number: 'a number without quotes, or null',
  boolean: 'true, false, 0, 1 or null',
  category: 'one of its categories, or null',
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'string') return 'a text'
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`
}

/** Without labels nothing is decided: the score of a model with several outputs is the largest. */
function bareScore(scores: readonly number[]): number {
  return scores.length === 1 ? scores[0]! : Math.max(...scores)
}

function oneOrAll(values: Float32Array): number | readonly number[] {
  return values.length === 1 ? values[0]! : [...values]
}
