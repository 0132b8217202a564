import { ByteVocabulary } from '../byte-vocabulary.ts'
import type { DecoderLimits } from '../decoder-limits.ts'
import type { FeatureBatch } from '../feature-batch.ts'
import type { FeatureSpec } from '../feature-spec.ts'
import { buildSourceTree } from '../source-tree.ts'
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

/** What a column takes. Columns are arrays of their properties: the loop over members loads no objects. */
const FINITE_NUMBER = 0
const ANY_NUMBER = 1
const BOOLEAN = 2
const KNOWN_CATEGORY = 3
const ANY_CATEGORY = 4

/**
 * Fills a row straight from JSON text, without building the event. It accepts only what it is sure to read as `JSON.parse`
 * would and what gives no fault; everything else (faults, keys that come twice, escapes where text matters, numbers next to
 * a rounding boundary) it leaves to `JsonTextDecoder`.
 */
export class JsonScanner {
  readonly #limits: DecoderLimits
  readonly #keys: KeyTable
  readonly #cursor = new JsonCursor()
  readonly #kinds: Uint8Array
  readonly #mayBeMissing: Uint8Array
  readonly #texts: readonly ByteVocabulary[]
  /** Columns of node `n` are `columns[columnStarts[n], columnStarts[n + 1])`. */
  readonly #columns: Int32Array
  readonly #columnStarts: Int32Array
  readonly #hasFields: Uint8Array
  /** Number of the record in which a node was met and a column was filled last. */
  readonly #nodeMet: Uint32Array
  readonly #columnFilled: Uint32Array
  #record = 0
  #items = 0
  #values: Float32Array = new Float32Array(0)
  #base = 0
  #stride = 0

  constructor(features: readonly FeatureSpec[], limits: DecoderLimits) {
    const tree = buildSourceTree(features)
    this.#limits = limits
    this.#keys = new KeyTable(tree)
    this.#kinds = Uint8Array.from(features, kindOf)
    this.#mayBeMissing = Uint8Array.from(features, (feature) => (feature.missing === 'allow' ? 1 : 0))
    this.#texts = features.map((feature) => new ByteVocabulary(feature.type === 'category' ? feature.categories : []))
    this.#columns = Int32Array.from(tree.nodes.flatMap((node) => node.columns))
    this.#columnStarts = new Int32Array(tree.nodes.length + 1)
    for (const node of tree.nodes) this.#columnStarts[node.id + 1] = this.#columnStarts[node.id]! + node.columns.length
    this.#hasFields = Uint8Array.from(tree.nodes, (node) => (node.children.size > 0 ? 1 : 0))
    this.#nodeMet = new Uint32Array(tree.nodes.length)
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
      const predicted = this.#keys.predicted(node, key, cursor.view, cursor.position)
      if (predicted !== NONE) {
        cursor.position += this.#keys.framedLength(predicted)
        key = predicted
      } else {
        if (!cursor.take(QUOTE) || !this.#text() || cursor.textEscaped) return false
        key = this.#keys.find(node, key, cursor.bytes, cursor.textStart, cursor.textLength)
        cursor.skipWhitespace()
        if (!cursor.take(COLON)) return false
      }
      cursor.skipWhitespace()
      const target = this.#keys.target(key)
      if (target === NONE ? !this.#skipValue(depth) : !this.#value(target, depth)) return false
      cursor.skipWhitespace()
      if (cursor.take(COMMA)) {
        if (!this.#countItem()) return false
        cursor.skipWhitespace()
      } else return cursor.take(CLOSE_BRACE)
    }
  }

  /** The value of a field that features read or pass through. */
  #value(node: number, depth: number): boolean {
    // The last of several equal keys wins, with all that is in it: too rare to be done here.
    if (this.#nodeMet[node] === this.#record) return false
    this.#nodeMet[node] = this.#record
    const cursor = this.#cursor
    const first = cursor.bytes[cursor.position]
    if (first === LOWER_N) return cursor.literal(NULL)
    if (this.#hasFields[node] === 1) {
      if (first !== OPEN_BRACE || this.#columnStarts[node] !== this.#columnStarts[node + 1]) return false
      cursor.position++
      return this.#countItem() && this.#object(node, depth + 1)
    }
    switch (first) {
      case QUOTE:
        cursor.position++
        return this.#text() && !cursor.textEscaped && this.#putText(node)
      case LOWER_T:
        return cursor.literal(TRUE) && this.#putBoolean(node, 1, TRUE)
      case LOWER_F:
        return cursor.literal(FALSE) && this.#putBoolean(node, 0, FALSE)
      default: {
        const start = cursor.position
        return cursor.readNumber() && this.#putNumber(node, start)
      }
    }
  }

  #putText(node: number): boolean {
    const { bytes, textStart, textLength } = this.#cursor
    const end = this.#columnStarts[node + 1]!
    for (let i = this.#columnStarts[node]!; i < end; i++)
      if (!this.#putCategory(this.#columns[i]!, bytes, textStart, textLength)) return false
    return true
  }

  #putBoolean(node: number, value: 0 | 1, token: Uint8Array): boolean {
    const end = this.#columnStarts[node + 1]!
    for (let i = this.#columnStarts[node]!; i < end; i++) {
      const column = this.#columns[i]!
      if (this.#kinds[column] === BOOLEAN) this.#put(column, value)
      else if (!this.#putCategory(column, token, 0, token.length)) return false
    }
    return true
  }

  #putNumber(node: number, start: number): boolean {
    const cursor = this.#cursor
    const length = cursor.position - start
    const number = cursor.number[0]!
    const end = this.#columnStarts[node + 1]!
    for (let i = this.#columnStarts[node]!; i < end; i++) {
      const column = this.#columns[i]!
      const kind = this.#kinds[column]!
      if (kind === FINITE_NUMBER) {
        if (!Number.isFinite(number)) return false
        this.#put(column, number)
      } else if (kind === ANY_NUMBER) this.#put(column, number)
      else if (kind === BOOLEAN) {
        // The number is a float32: a text next to 1 must not pass for it.
        if (length !== 1 || number > 1) return false
        this.#put(column, number)
      } else if (!cursor.numberIsPlain || !this.#putCategory(column, cursor.bytes, start, length)) return false
    }
    return true
  }

  /** False when the column is no category or refuses the text. */
  #putCategory(column: number, bytes: Uint8Array, start: number, length: number): boolean {
    const kind = this.#kinds[column]!
    if (kind < KNOWN_CATEGORY) return false
    const index = this.#texts[column]!.indexOf(bytes, start, length)
    if (index < 0 && kind === KNOWN_CATEGORY) return false
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
      if (this.#mayBeMissing[column] === 0) return false
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

function kindOf(feature: FeatureSpec): number {
  switch (feature.type) {
    case 'number':
      return feature.nonFinite === 'reject' ? FINITE_NUMBER : ANY_NUMBER
    case 'boolean':
      return BOOLEAN
    case 'category':
      return feature.unseen === 'reject' ? KNOWN_CATEGORY : ANY_CATEGORY
  }
}
