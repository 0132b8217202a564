import { compileRowDecoder, type FeatureBatch } from '@sluice/features'
import type { GoldenRow } from './golden-rows.ts'
import type { Model } from './model.ts'
import { type ModelPackage, outputsOf } from './model-package.ts'

/** Rows of one golden batch. */
const BATCH_ROWS = 1024
/** Differing rows that are told. */
const EXAMPLES_MAX = 3

/** The row whose score is furthest from the expected one. */
export interface WorstRow {
  readonly line: number
  readonly expected: number
  readonly actual: number
  readonly difference: number
}

export interface GoldenReport {
  readonly rows: number
  readonly tolerance: number
  readonly worst: WorstRow
  /** Whether every margin has the bits of the training library's; `undefined` where either side has no margins. */
  readonly marginsExact: boolean | undefined
  /** Why the version may not score; empty when it may. */
  readonly problems: readonly string[]
}

/**
 * Scores the golden rows of a package: each is encoded from its features as an event would be, the encoded row is compared
 * bit by bit, the score within the tolerance, and the margin bit by bit where the engine gives margins.
 */
export async function checkGolden(model: Model, source: ModelPackage): Promise<GoldenReport> {
  return new GoldenCheck(model, source).run()
}

class GoldenCheck {
  readonly #model: Model
  readonly #source: ModelPackage
  readonly #outputs: number
  readonly #encodings = new Differences('the encoded row differs from `row`')
  readonly #scores = new Differences('the score differs')
  readonly #margins = new Differences('the margin is not the same to the last bit')
  #worst: WorstRow = { line: 0, expected: 0, actual: 0, difference: -1 }
  #marginsCompared = 0

  constructor(model: Model, source: ModelPackage) {
    this.#model = model
    this.#source = source
    this.#outputs = outputsOf(source.manifest)
  }

  async run(): Promise<GoldenReport> {
    const { golden, manifest } = this.#source
    const batch = this.#model.allocate(Math.min(BATCH_ROWS, golden.length))
    const out = new Float32Array(batch.rowsMax * this.#outputs)
    for (let start = 0; start < golden.length; start += batch.rowsMax)
      await this.#batch(golden.slice(start, start + batch.rowsMax), batch, out)
    const kinds = [this.#encodings, this.#scores, this.#margins]
    return {
      rows: golden.length,
      tolerance: manifest.golden.tolerance,
      worst: this.#worst,
      marginsExact: this.#marginsCompared === 0 ? undefined : this.#margins.count === 0,
      problems: kinds.flatMap((differences) => differences.told(golden.length)),
    }
  }

  async #batch(rows: readonly GoldenRow[], batch: FeatureBatch, out: Float32Array): Promise<void> {
    this.#encode(rows, batch)
    // Margins first: an engine whose memory travels during `score` has none.
    if (this.#model.scoreMargins !== undefined) {
      this.#model.scoreMargins(batch, rows.length, out)
      rows.forEach((row, i) => {
        this.#compareMargins(row, out.subarray(i * this.#outputs, (i + 1) * this.#outputs))
      })
    }
    await this.#model.score(batch, rows.length, out)
    rows.forEach((row, i) => {
      this.#compareScores(row, out.subarray(i * this.#outputs, (i + 1) * this.#outputs))
    })
  }

  #encode(rows: readonly GoldenRow[], batch: FeatureBatch): void {
    const decoder = compileRowDecoder(this.#source.manifest.features, { nonFiniteText: true })
    rows.forEach((golden, i) => {
      const fault = decoder.decodeRow(golden.features, batch, i)
      if (fault !== 0) {
        this.#encodings.add(golden.line, `${fault.at}: ${fault.code}`)
        return
      }
      const column = golden.row.findIndex(
        (value, c) => !Object.is(batch.values[batch.rowBase(i) + c * batch.columnStride], value),
      )
      if (column >= 0) {
        const name = this.#source.manifest.features[column]!.name
        const actual = batch.values[batch.rowBase(i) + column * batch.columnStride]
        this.#encodings.add(golden.line, `${name} is ${actual}, expected ${golden.row[column]}`)
      }
    })
  }

  #compareScores(golden: GoldenRow, actual: Float32Array): void {
    golden.scores.forEach((expected, k) => {
      const difference = Math.abs(actual[k]! - expected)
      if (difference > this.#worst.difference || Number.isNaN(difference))
        this.#worst = { line: golden.line, expected, actual: actual[k]!, difference }
      // Written so that NaN, which compares as false, is a difference.
      if (!(difference <= this.#source.manifest.golden.tolerance))
        this.#scores.add(golden.line, `${actual[k]}, expected ${expected}`)
    })
  }

  #compareMargins(golden: GoldenRow, actual: Float32Array): void {
    golden.margins?.forEach((expected, k) => {
      this.#marginsCompared++
      if (!Object.is(actual[k], expected)) this.#margins.add(golden.line, `${actual[k]}, expected ${expected}`)
    })
  }
}

/** Rows that differ in one way: how many, and the first few. */
class Differences {
  readonly #what: string
  readonly #examples: string[] = []
  #lines = new Set<number>()

  constructor(what: string) {
    this.#what = what
  }

  get count(): number {
    return this.#lines.size
  }

  add(line: number, detail: string): void {
    this.#lines.add(line)
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(`line ${line}: ${detail}`)
  }

  told(rows: number): readonly string[] {
    if (this.count === 0) return []
    return [`golden rows: ${this.#what} in ${this.count} of ${rows} (${this.#examples.join('; ')})`]
  }
}
