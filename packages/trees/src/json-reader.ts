import { decimalNumber } from './decimal-number.ts'
import { addMember, DocumentBudget, decodeText } from './document-budget.ts'
import type { DocumentValue } from './model-document.ts'
import { ModelFault } from './model-fault.ts'
import { NumberCollector } from './number-collector.ts'

/** Characters of one number. XGBoost writes at most 16; longer ones only cost time. */
export const NUMBER_TEXT_MAX = 64

/**
 * Reads the JSON that XGBoost writes, which is JSON plus the words NaN, Infinity and -Infinity.
 *
 * JSON.parse cannot be used: XGBoost 2.x spells the unused threshold of a categorical split NaN, duplicate keys must be
 * refused, and nesting must be bounded. Arrays of numbers become one Float64Array, never an array of objects.
 */
export function readJson(bytes: Uint8Array): DocumentValue {
  const reader = new JsonReader(bytes)
  const value = reader.value()
  reader.end()
  return value
}

const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])
const NUMBER_BYTES = new Set([...'+-.0123456789eE'].map((c) => c.charCodeAt(0)))
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

class JsonReader {
  readonly #bytes: Uint8Array
  readonly #budget = new DocumentBudget()
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  value(): DocumentValue {
    const byte = this.#peek()
    if (byte === 0x7b) return this.#object()
    if (byte === 0x5b) return this.#array()
    this.#budget.keep(this.#at)
    if (byte === 0x22) return this.#text()
    if (this.#startsNumber(byte)) return this.#number()
    return this.#literal()
  }

  end(): void {
    this.#skipSpace()
    if (this.#at !== this.#bytes.length) this.#fail('bytes are left over after the model')
  }

  #object(): DocumentValue {
    this.#budget.enter(this.#at)
    this.#budget.keep(this.#at)
    this.#at++
    const members = new Map<string, DocumentValue>()
    if (this.#peek() !== 0x7d) {
      do {
        if (this.#peek() !== 0x22) this.#fail('expected a key')
        const start = this.#at
        const key = this.#text()
        this.#expect(0x3a, '":"')
        addMember(members, key, this.value(), start)
      } while (this.#more(0x7d))
    }
    this.#at++
    this.#budget.leave()
    return members
  }

  #array(): DocumentValue {
    this.#budget.enter(this.#at)
    this.#budget.keep(this.#at)
    this.#at++
    const numbers = new NumberCollector()
    const values: DocumentValue[] = []
    if (this.#peek() !== 0x5d) {
      do {
        const byte = this.#peek()
        if (values.length === 0 && this.#startsNumber(byte)) {
          numbers.push(this.#number())
        } else {
          if (numbers.length > 0) this.#fail('an array of numbers holds something else')
          values.push(this.value())
        }
      } while (this.#more(0x5d))
    }
    this.#at++
    this.#budget.leave()
    return values.length > 0 ? values : numbers.take()
  }

  /** After a member: true when another one follows, false at the closing bracket, which is left to the caller. */
  #more(close: number): boolean {
    const byte = this.#peek()
    if (byte === close) return false
    if (byte !== 0x2c) this.#fail('expected "," or the end of the object or array')
    this.#at++
    return true
  }

  #startsNumber(byte: number): boolean {
    return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x4e || byte === 0x49
  }

  #number(): number {
    const start = this.#at
    const negative = this.#bytes[start] === 0x2d
    const word = this.#bytes[negative ? start + 1 : start]
    if (word === 0x4e || word === 0x49) {
      if (negative) this.#at++
      this.#word(word === 0x4e ? 'NaN' : 'Infinity')
      return word === 0x4e ? Number.NaN : negative ? -Infinity : Infinity
    }
    let end = start
    let digits = 0
    // Most numbers of a model are short node numbers: they need no text.
    while (end - start < 9 && this.#isDigit(end)) digits = digits * 10 + this.#bytes[end++]! - 0x30
    if (end > start && end < this.#bytes.length && !NUMBER_BYTES.has(this.#bytes[end]!)) {
      this.#at = end
      return digits
    }
    while (end < this.#bytes.length && end - start <= NUMBER_TEXT_MAX && NUMBER_BYTES.has(this.#bytes[end]!)) end++
    if (end - start > NUMBER_TEXT_MAX) this.#fail(`a number is longer than ${NUMBER_TEXT_MAX} characters`)
    if (end === this.#bytes.length) this.#truncated()
    const text = String.fromCharCode(...this.#bytes.subarray(start, end))
    if (!/^-?\d+(\.\d*)?([eE][+-]?\d+)?$/.test(text)) this.#fail(`"${text}" is not a number`)
    this.#at = end
    return decimalNumber(text)
  }

  #isDigit(at: number): boolean {
    const byte = this.#bytes[at]
    return byte !== undefined && byte >= 0x30 && byte <= 0x39
  }

  #text(): string {
    const start = ++this.#at
    let escaped = false
    for (;;) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) this.#truncated()
      if (byte === 0x22) break
      if (byte < 0x20) this.#fail('a control character inside a text')
      if (byte === 0x5c) {
        escaped = true
        this.#at++
      }
      this.#at++
    }
    const text = decodeText(this.#bytes, start, this.#at)
    this.#at++
    return escaped ? this.#unescape(text) : text
  }

  #unescape(text: string): string {
    return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, code: string) => {
      if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
      return ESCAPES[code] ?? this.#fail(`unknown escape \\${code}`)
    })
  }

  #literal(): boolean | null {
    const byte = this.#bytes[this.#at]
    if (byte === 0x74) {
      this.#word('true')
      return true
    }
    if (byte === 0x66) {
      this.#word('false')
      return false
    }
    this.#word('null')
    return null
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#at >= this.#bytes.length) this.#truncated()
      if (this.#bytes[this.#at] !== word.charCodeAt(i)) this.#fail('expected a value')
    }
  }

  #expect(byte: number, name: string): void {
    if (this.#peek() !== byte) this.#fail(`expected ${name}`)
    this.#at++
  }

  #peek(): number {
    this.#skipSpace()
    return this.#bytes[this.#at] ?? this.#truncated()
  }

  #skipSpace(): void {
    while (SPACE.has(this.#bytes[this.#at] ?? -1)) this.#at++
  }

  #truncated(): never {
    throw new ModelFault('E_MODEL_TRUNCATED', `byte ${this.#bytes.length}`, 'copy the file again')
  }

  #fail(detail: string): never {
    throw new ModelFault('E_MODEL_SYNTAX', `byte ${this.#at}`, detail)
  }
}
