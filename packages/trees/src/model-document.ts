import { ModelFault } from './model-fault.ts'

/** Numbers of one array of the file, in the narrowest type that the format names; JSON knows but float64. */
export type NumberArray = Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** What both readers (JSON and UBJSON) produce. Objects are maps, so that no key of a file can reach a prototype. */
export type DocumentValue = null | boolean | number | string | NumberArray | readonly DocumentValue[] | DocumentObject
export type DocumentObject = ReadonlyMap<string, DocumentValue>

export function isNumberArray(value: DocumentValue | undefined): value is NumberArray {
  return ArrayBuffer.isView(value)
}

function isList(value: DocumentValue | undefined): value is readonly DocumentValue[] {
  return Array.isArray(value)
}

/** One object of the file with its path, so that every complaint names the field it is about. */
export class ModelObject {
  readonly where: string
  readonly #members: DocumentObject

  constructor(where: string, value: DocumentValue | undefined) {
    if (!(value instanceof Map)) {
      throw new ModelFault(
        'E_MODEL_FIELD_TYPE',
        where === '' ? 'file' : where,
        `expected an object, found ${kindOf(value)}`,
      )
    }
    this.where = where
    this.#members = value
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  /** Path of a member, for faults. */
  at(name: string): string {
    return this.where === '' ? name : `${this.where}.${name}`
  }

  object(name: string): ModelObject {
    return new ModelObject(this.at(name), this.#require(name))
  }

  /** Texts of an object whose members are all texts, such as `attributes`. */
  texts(name: string): ReadonlyMap<string, string> {
    const inner = this.object(name)
    return new Map([...inner.#members.keys()].map((key) => [key, inner.text(key)]))
  }

  text(name: string): string {
    const value = this.#require(name)
    if (typeof value !== 'string') {
      throw new ModelFault('E_MODEL_FIELD_TYPE', this.at(name), `expected a text, found ${kindOf(value)}`)
    }
    return value
  }

  /** XGBoost writes its parameters as texts: `"num_feature": "30"`. */
  integerText(name: string, min: number, max: number): number {
    const text = this.text(name)
    if (!/^-?\d{1,15}$/.test(text)) {
      throw new ModelFault(
        'E_MODEL_FIELD_TYPE',
        this.at(name),
        `expected a text with an integer, found "${text.slice(0, 24)}"`,
      )
    }
    return inRange(Number(text), min, max, this.at(name))
  }

  objects(name: string): ModelObject[] {
    return this.#list(name).map((value, index) => new ModelObject(`${this.at(name)}[${index}]`, value))
  }

  textList(name: string): string[] {
    return this.#list(name).map((value, index) => {
      if (typeof value === 'string') return value
      throw new ModelFault(
        'E_MODEL_FIELD_TYPE',
        `${this.at(name)}[${index}]`,
        `expected a text, found ${kindOf(value)}`,
      )
    })
  }

  /** Integers in `min..max`; exactly `length` of them unless it is undefined. Booleans count as 0 and 1, as in XGBoost 1.x. */
  integers(name: string, length: number | undefined, min: number, max: number): Int32Array {
    const values = this.#numbers(name, length)
    const out = new Int32Array(values.length)
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      if (!Number.isInteger(value) || value < min || value > max) {
        throw new ModelFault(
          'E_MODEL_RANGE',
          `${this.at(name)}[${i}]`,
          `expected an integer from ${min} to ${max}, found ${value}`,
        )
      }
      out[i] = value
    }
    return out
  }

  /** Float32 values, rounded once from what the file says; NaN and infinities are left to the caller. */
  floats(name: string, length: number | undefined): Float32Array {
    return Float32Array.from(this.#numbers(name, length))
  }

  /** Numbers of any kind and count, as the file has them. */
  numbers(name: string): ArrayLike<number> {
    return this.#numbers(name, undefined)
  }

  #require(name: string): DocumentValue {
    const value = this.#members.get(name)
    if (value !== undefined) return value
    throw new ModelFault('E_MODEL_FIELD_MISSING', this.at(name), 'save the model again with XGBoost 2.x or 3.x')
  }

  #list(name: string): readonly DocumentValue[] {
    const value = this.#require(name)
    if (isNumberArray(value) && value.length === 0) return []
    if (isList(value)) return value
    throw new ModelFault('E_MODEL_FIELD_TYPE', this.at(name), `expected an array, found ${kindOf(value)}`)
  }

  #numbers(name: string, length: number | undefined): ArrayLike<number> {
    const value = this.#require(name)
    const numbers = isNumberArray(value) ? value : isList(value) ? booleansAsNumbers(value) : undefined
    if (numbers === undefined) {
      throw new ModelFault('E_MODEL_FIELD_TYPE', this.at(name), `expected an array of numbers, found ${kindOf(value)}`)
    }
    if (length !== undefined && numbers.length !== length) {
      throw new ModelFault('E_MODEL_LENGTH', this.at(name), `expected ${length} numbers, found ${numbers.length}`)
    }
    return numbers
  }
}

export function inRange(value: number, min: number, max: number, where: string): number {
  if (value >= min && value <= max) return value
  throw new ModelFault('E_MODEL_RANGE', where, `expected ${min} to ${max}, found ${value}`)
}

function booleansAsNumbers(values: readonly DocumentValue[]): Uint8Array | undefined {
  return values.every((value) => typeof value === 'boolean') ? Uint8Array.from(values, Number) : undefined
}

function kindOf(value: DocumentValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (isNumberArray(value)) return 'an array of numbers'
  if (isList(value)) return 'an array'
  return value instanceof Map ? 'an object' : `a ${typeof value}`
}
