import { addMember, DocumentBudget, decodeText } from './document-budget.ts'
import type { DocumentValue, NumberArray } from './model-document.ts'
import { ModelFault } from './model-fault.ts'

/**
 * Reads Universal Binary JSON (draft 12, https://ubjson.org) as far as XGBoost uses it: objects, arrays, arrays with a
 * count (`#`), arrays of one number type (`$` `#`), texts, booleans, null, int8..int64, float32 and float64.
 *
 * A declared length is compared with the bytes that are left before anything is allocated, so memory stays proportional
 * to the file. Types without payload bytes are refused as element types: a count alone would make them free of charge.
 */
export function readUbj(bytes: Uint8Array): DocumentValue {
  const reader = new UbjReader(bytes)
  const value = reader.value()
  reader.end()
  return value
}

const BYTES_OF_TYPE: Readonly<Record<string, number>> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8 }

class UbjReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #budget = new DocumentBudget()
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  value(): DocumentValue {
    const marker = this.#marker()
    if (marker === '[') return this.#array()
    this.#budget.keep(this.#at)
    if (marker === '{') return this.#object()
    if (marker === 'S') return this.#text()
    if (marker === 'T') return true
    if (marker === 'F') return false
    if (marker === 'Z') return null
    if (marker === 'C') return String.fromCharCode(this.#number('U', 'a character'))
    return this.#number(marker, 'a value')
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.#fail('bytes are left over after the model')
  }

  #object(): DocumentValue {
    this.#budget.enter(this.#at)
    const members = new Map<string, DocumentValue>()
    while (this.#peek() !== '}') {
      const start = this.#at
      const key = this.#text()
      addMember(members, key, this.value(), start)
    }
    this.#at++
    this.#budget.leave()
    return members
  }

  #array(): DocumentValue {
    this.#budget.enter(this.#at)
    this.#budget.keep(this.#at)
    const marker = this.#peek()
    const value = marker === '$' ? this.#typedArray() : marker === '#' ? this.#countedArray() : this.#openArray()
    this.#budget.leave()
    return value
  }

  #typedArray(): NumberArray {
    this.#at++
    const type = this.#marker()
    const size = BYTES_OF_TYPE[type]
    if (size === undefined) this.#fail(`arrays of type "${type}" are not used by XGBoost`)
    if (this.#marker() !== '#') this.#fail('a typed array must give its count')
    const start = this.#at
    const count = this.#length(size)
    const first = this.#take(count * size)
    return numbersAt(this.#view, type, first, count) ?? this.#fail(`an int64 near byte ${start} is beyond 2^53`)
  }

  #countedArray(): DocumentValue {
    this.#at++
    const count = this.#length(1)
    const values: DocumentValue[] = []
    for (let i = 0; i < count; i++) values.push(this.value())
    return asNumbers(values)
  }

  #openArray(): DocumentValue {
    const values: DocumentValue[] = []
    while (this.#peek() !== ']') values.push(this.value())
    this.#at++
    return asNumbers(values)
  }

  #text(): string {
    const length = this.#length(1)
    const start = this.#take(length)
    return decodeText(this.#bytes, start, start + length)
  }

  /** A count of elements of at least `size` bytes each, refused when the rest of the file cannot hold them. */
  #length(size: number): number {
    const start = this.#at
    const type = this.#marker()
    if (!'iUIlL'.includes(type)) this.#fail('expected a length')
    const count = this.#number(type, 'a length')
    if (count < 0) throw new ModelFault('E_MODEL_LENGTH', `byte ${start}`, `a length of ${count}`)
    const left = this.#bytes.length - this.#at
    if (count * size > left) {
      throw new ModelFault(
        'E_MODEL_TRUNCATED',
        `byte ${start}`,
        `${count} elements of ${size} bytes declared, ${left} bytes left`,
      )
    }
    return count
  }

  #number(type: string, what: string): number {
    const size = BYTES_OF_TYPE[type]
    if (size === undefined) this.#fail(`expected ${what}, found the marker "${type}"`)
    const value = numbersAt(this.#view, type, this.#take(size), 1)?.[0]
    return value ?? this.#fail('an int64 is beyond 2^53')
  }

  #marker(): string {
    return String.fromCharCode(this.#bytes[this.#take(1)]!)
  }

  #peek(): string {
    const byte = this.#bytes[this.#at]
    return byte === undefined ? this.#truncated(1) : String.fromCharCode(byte)
  }

  /** Moves on by `count` bytes and returns where they start. */
  #take(count: number): number {
    const start = this.#at
    if (count > this.#bytes.length - start) this.#truncated(count)
    this.#at = start + count
    return start
  }

  #truncated(count: number): never {
    throw new ModelFault(
      'E_MODEL_TRUNCATED',
      `byte ${this.#at}`,
      `${count} more bytes expected, ${this.#bytes.length - this.#at} left; copy the file again`,
    )
  }

  #fail(detail: string): never {
    throw new ModelFault('E_MODEL_SYNTAX', `byte ${this.#at}`, detail)
  }
}

/** Big-endian numbers of one type; undefined when an int64 does not fit a float64 exactly. */
function numbersAt(view: DataView, type: string, start: number, count: number): NumberArray | undefined {
  if (type === 'U') return new Uint8Array(view.buffer, view.byteOffset + start, count).slice()
  if (type === 'i') return new Int8Array(view.buffer, view.byteOffset + start, count).slice()
  if (type === 'I') return Int16Array.from({ length: count }, (_, i) => view.getInt16(start + 2 * i))
  if (type === 'l') return int32At(view, start, count)
  if (type === 'd') return float32At(view, start, count)
  if (type === 'D') return Float64Array.from({ length: count }, (_, i) => view.getFloat64(start + 8 * i))
  return int64At(view, start, count)
}

function int32At(view: DataView, start: number, count: number): Int32Array {
  const out = new Int32Array(count)
  for (let i = 0; i < count; i++) out[i] = view.getInt32(start + 4 * i)
  return out
}

function float32At(view: DataView, start: number, count: number): Float32Array {
  const out = new Float32Array(count)
  for (let i = 0; i < count; i++) out[i] = view.getFloat32(start + 4 * i)
  return out
}

function int64At(view: DataView, start: number, count: number): Float64Array | undefined {
  const out = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const value = view.getInt32(start + 8 * i) * 2 ** 32 + view.getUint32(start + 8 * i + 4)
    if (!Number.isSafeInteger(value)) return undefined
    out[i] = value
  }
  return out
}

function asNumbers(values: readonly DocumentValue[]): DocumentValue {
  return values.every((value) => typeof value === 'number') ? Float64Array.from(values) : values
}
