import { ByteVocabulary } from '../byte-vocabulary.ts'
import type { DecoderLimits } from '../decoder-limits.ts'
import type { FeatureBatch } from '../feature-batch.ts'
import type { FeatureSpec } from '../feature-spec.ts'
import { buildSourceTree, type SourceTree } from '../source-tree.ts'
import { JsonCursor } from './json-cursor.ts'
import { KeyTable } from './key-table.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const LOWER_F = 0x66
const LOWER_N = 0x6e
const LOWER_T = 0x74
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

const NONE = -1
const ROOT = 0
const TRUE = new TextEncoder().encode('true')
const FALSE = new TextEncoder().encode('false')
const NULL = new TextEncoder().encode('null')

/** What a column makes of `true`, `false` and whole numbers, known before any event. */
interface Column {
  readonly type: FeatureSpec['type']
  readonly mayBeMissing: boolean
  readonly texts: ByteVocabulary
  readonly rejectsNonFinite: boolean
  readonly rejectsUnseen: boolean
}

/**
 * Fills a row straight from JSON text, without building the event. It accepts only what it is sure to read as `JSON.parse`
 * would and what gives no fault; everything else (faults, keys that come twice, escapes where text matters, numbers next to
 * a rounding boundary) it leaves to `JsonTextDecoder`.
 */
export class JsonScanner {
  readonly #limits: DecoderLimits
  readonly #tree: SourceTree
  readonly #columns: readonly Column[]
  readonly #keys: KeyTable
  readonly #cursor = new JsonCursor()
  /** Number of the record in which a node was met and a column was filled last. */
  readonly #nodeMet: Uint32Array
  readonly #columnFilled: Uint32Array
  #record = 0
  #items = 0
  #values: Float32Array = new Float32Array(0)
  #base = 0
  #stride = 0

  constructor(features: readonly FeatureSpec[], limits: DecoderLimits) {
    this.#limits = limits
    this.#tree = buildSourceTree(features)
    this.#keys = new KeyTable(this.#tree)
    this.#columns = features.map((feature) => ({
      type: feature.type,
      mayBeMissing: feature.missing === 'allow',
      texts: new ByteVocabulary(feature.type === 'category' ? feature.categories : []),
      rejectsNonFinite: feature.type === 'number' && feature.nonFinite === 'reject',
      rejectsUnseen: feature.type === 'category' && feature.unseen === 'reject',
    }))
    this.#nodeMet = new Uint32Array(this.#tree.nodes.length)
    this.#columnFilled = new Uint32Array(features.length)
  }

  /** Whether the row was written; false leaves it unspecified and says nothing about the text. */
  scan(bytes: Uint8Array, start: number, length: number, batch: FeatureBatch, row: number): boolean {
    const cursor = this.#cursor
    cursor.open(bytes, start, length)
    this.#values = batch.values
    this.#base = batch.rowBase(row)
    this.#stride = batch.columnStride
    this.#items = 1
    this.#startRecord()
    cursor.skipWhitespace()
    if (!cursor.take(OPEN_BRACE) || !this.#object(ROOT, 1)) return false
    cursor.skipWhitespace()
    return cursor.position === cursor.end && this.#fillMissing()
  }

  #startRecord(): void {
    this.#record = (this.#record + 1) >>> 0
    if (this.#record !== 0) return
    // After 2^32 records the marks of the first ones would look new.
    this.#nodeMet.fill(0)
    this.#columnFilled.fill(0)
    this.#record = 1
  }

  /** The members of an object on the path to features, its brace already taken. */
  #object(node: number, depth: number): boolean {
    const cursor = this.#cursor
    if (depth > this.#limits.maxDepth) return false
    cursor.skipWhitespace()
    if (cursor.take(CLOSE_BRACE)) return true
    let key = NONE
    for (;;) {
      if (!cursor.take(QUOTE)) return false
      const predicted = this.#keys.predicted(node, key, cursor.bytes, cursor.position)
      if (predicted !== NONE) {
        cursor.position += this.#keys.length(predicted) + 1
        key = predicted
      } else {
        if (!this.#text() || cursor.textEscaped) return false
        key = this.#keys.find(node, key, cursor.bytes, cursor.textStart, cursor.textLength)
      }
      cursor.skipWhitespace()
      if (!cursor.take(COLON)) return false
      cursor.skipWhitespace()
      const target = this.#keys.target(key)
      if (target === NONE ? !this.#skipValue(depth) : !this.#value(target, depth)) return false
      cursor.skipWhitespace()
      if (cursor.take(CLOSE_BRACE)) return true
      if (!cursor.take(COMMA) || !this.#countItem()) return false
      cursor.skipWhitespace()
    }
  }

  /** The value of a field that features read or pass through. */
  #value(node: number, depth: number): boolean {
    // The last of several equal keys wins, with all that is in it: too rare to be done here.
    if (this.#nodeMet[node] === this.#record) return false
    this.#nodeMet[node] = this.#record
    const cursor = this.#cursor
    const { columns, children } = this.#tree.nodes[node]!
    const first = cursor.bytes[cursor.position]
    if (first === LOWER_N) return cursor.literal(NULL)
    if (first === OPEN_BRACE) {
      cursor.position++
      return columns.length === 0 && this.#countItem() && this.#object(node, depth + 1)
    }
    if (children.size > 0) return false
    switch (first) {
      case QUOTE:
        cursor.position++
        return this.#text() && !cursor.textEscaped && this.#putText(columns)
      case LOWER_T:
        return cursor.literal(TRUE) && this.#putBoolean(columns, 1, TRUE)
      case LOWER_F:
        return cursor.literal(FALSE) && this.#putBoolean(columns, 0, FALSE)
      default: {
        const start = cursor.position
        return cursor.readNumber() && this.#putNumber(columns, start)
      }
    }
  }

  #putText(columns: readonly number[]): boolean {
    const { bytes, textStart, textLength } = this.#cursor
    for (let i = 0; i < columns.length; i++)
      if (!this.#putCategory(columns[i]!, bytes, textStart, textLength)) return false
    return true
  }

  #putBoolean(columns: readonly number[], value: 0 | 1, token: Uint8Array): boolean {
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!
      if (this.#columns[column]!.type === 'boolean') this.#put(column, value)
      else if (!this.#putCategory(column, token, 0, token.length)) return false
    }
    return true
  }

  #putNumber(columns: readonly number[], start: number): boolean {
    const cursor = this.#cursor
    const length = cursor.position - start
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!
      const { type, rejectsNonFinite } = this.#columns[column]!
      if (type === 'number') {
        if (rejectsNonFinite && !Number.isFinite(cursor.number)) return false
        this.#put(column, cursor.number)
      } else if (type === 'boolean') {
        // The number is a float32: a text next to 1 must not pass for it.
        if (length !== 1 || cursor.number > 1) return false
        this.#put(column, cursor.number)
      } else if (!cursor.numberIsPlain || !this.#putCategory(column, cursor.bytes, start, length)) return false
    }
    return true
  }

  /** False when the column is no category or refuses the text. */
  #putCategory(column: number, bytes: Uint8Array, start: number, length: number): boolean {
    const { type, texts, rejectsUnseen } = this.#columns[column]!
    if (type !== 'category') return false
    const index = texts.indexOf(bytes, start, length)
    if (index < 0 && rejectsUnseen) return false
    this.#put(column, index < 0 ? Number.NaN : index)
    return true
  }

  #put(column: number, value: number): void {
    this.#values[this.#base + column * this.#stride] = value
    this.#columnFilled[column] = this.#record
  }

  #fillMissing(): boolean {
    for (let column = 0; column < this.#columnFilled.length; column++) {
      if (this.#columnFilled[column] === this.#record) continue
      if (!this.#columns[column]!.mayBeMissing) return false
      this.#values[this.#base + column * this.#stride] = Number.NaN
    }
    return true
  }

  /** A string within the limit, its opening quote already taken. */
  #text(): boolean {
    return this.#cursor.string() && this.#cursor.textLength <= this.#limits.maxStringBytes
  }

  #countItem(): boolean {
    return ++this.#items <= this.#limits.maxItems
  }

  /** Any value that no feature reads; it must be JSON all the same. `depth` is that of the object it is in. */
  #skipValue(depth: number): boolean {
    const cursor = this.#cursor
    switch (cursor.bytes[cursor.position]) {
      case QUOTE:
        cursor.position++
        return this.#text()
      case OPEN_BRACE:
        cursor.position++
        return this.#countItem() && this.#skipMembers(depth + 1)
      case OPEN_BRACKET:
        cursor.position++
        return this.#countItem() && this.#skipElements(depth + 1)
      case LOWER_T:
        return cursor.literal(TRUE)
      case LOWER_F:
        return cursor.literal(FALSE)
      case LOWER_N:
        return cursor.literal(NULL)
      default:
        return cursor.skipNumber()
    }
  }

  #skipMembers(depth: number): boolean {
    const cursor = this.#cursor
    if (depth > this.#limits.maxDepth) return false
    cursor.skipWhitespace()
    if (cursor.take(CLOSE_BRACE)) return true
    for (;;) {
      if (!cursor.take(QUOTE) || !this.#text()) return false
      cursor.skipWhitespace()
      if (!cursor.take(COLON)) return false
      cursor.skipWhitespace()
      if (!this.#skipValue(depth)) return false
      cursor.skipWhitespace()
      if (cursor.take(CLOSE_BRACE)) return true
      if (!cursor.take(COMMA) || !this.#countItem()) return false
      cursor.skipWhitespace()
    }
  }

  #skipElements(depth: number): boolean {
    const cursor = this.#cursor
    if (depth > this.#limits.maxDepth) return false
    cursor.skipWhitespace()
    if (cursor.take(CLOSE_BRACKET)) return true
    for (;;) {
      if (!this.#skipValue(depth)) return false
      cursor.skipWhitespace()
      if (cursor.take(CLOSE_BRACKET)) return true
      if (!cursor.take(COMMA) || !this.#countItem()) return false
      cursor.skipWhitespace()
    }
  }
}
