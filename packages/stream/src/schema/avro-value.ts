import type { AvroField, AvroType } from './avro-schema.ts'

/** Most items of all arrays and maps of one value together: items without bytes of their own could otherwise be endless. */
export const AVRO_VALUE_ITEMS_MAX = 1_000_000
/** Deepest nesting of one value; a recursive schema alone does not limit it. */
export const AVRO_VALUE_DEPTH_MAX = 64

/** Bytes that are not a value of their schema; `at` is the byte position. */
export class AvroValueError extends Error {
  override readonly name = 'AvroValueError'
  readonly at: number
  constructor(at: number, message: string) {
    super(`byte ${at}: ${message}`)
    this.at = at
  }
}

/**
 * Reads one value in Avro's binary encoding (1.12, "Binary Encoding") from `bytes[start, end)`, which it must fill exactly.
 *
 * Values   null, booleans, numbers, strings and plain objects for records and maps; a long outside ±2^53 is a bigint; bytes
 *          and fixed are Uint8Array views; enums are their symbols; a union's value is that of its branch.
 * Errors   AvroValueError; never reads outside the range, whatever the bytes say.
 * For people and for few records: features are decoded by code compiled for their schema.
 */
export function readAvroValue(type: AvroType, bytes: Uint8Array, start = 0, end = bytes.length): unknown {
  const reader = new Reader(bytes, start, end)
  const value = reader.value(type, 0)
  if (reader.at !== end) throw new AvroValueError(reader.at, `${end - reader.at} bytes are left over`)
  return value
}

class Reader {
  at: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  readonly #text = new TextDecoder('utf-8', { fatal: true })
  #items = 0

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = start
    this.#end = end
  }

  value(type: AvroType, depth: number): unknown {
    if (depth > AVRO_VALUE_DEPTH_MAX) throw new AvroValueError(this.at, `nested deeper than ${AVRO_VALUE_DEPTH_MAX}`)
    switch (type.kind) {
      case 'null':
        return null
      case 'boolean':
        return this.#boolean()
      case 'int':
        return this.#int()
      case 'long':
        return narrow(this.#long())
      case 'float':
        return this.#view.getFloat32(this.#take(4), true)
      case 'double':
        return this.#view.getFloat64(this.#take(8), true)
      case 'bytes':
        return this.#slice(this.#length())
      case 'fixed':
        return this.#slice(type.size)
      case 'string':
        return this.#string()
      case 'enum':
        return this.#indexed(type.symbols, 'enum symbol')
      case 'union':
        return this.value(this.#indexed(type.branches, 'union branch'), depth + 1)
      case 'array': {
        const items: unknown[] = []
        this.#blocks(() => items.push(this.value(type.items, depth + 1)))
        return items
      }
      case 'map': {
        const entries: [string, unknown][] = []
        this.#blocks(() => entries.push([this.#string(), this.value(type.values, depth + 1)]))
        return Object.fromEntries(entries)
      }
      case 'record':
        return Object.fromEntries(type.fields.map((f: AvroField) => [f.name, this.value(f.type, depth + 1)]))
    }
  }

  #take(count: number): number {
    const start = this.at
    if (count > this.#end - start)
      throw new AvroValueError(start, `${count} bytes are needed, ${this.#end - start} are left`)
    this.at = start + count
    return start
  }

  #slice(count: number): Uint8Array {
    const start = this.#take(count)
    return this.#bytes.subarray(start, start + count)
  }

  #boolean(): boolean {
    const at = this.#take(1)
    const byte = this.#bytes[at]!
    if (byte > 1) throw new AvroValueError(at, `${byte} is no boolean`)
    return byte === 1
  }

  #int(): number {
    const at = this.at
    const value = this.#long()
    if (value !== BigInt.asIntN(32, value)) throw new AvroValueError(at, 'does not fit an int')
    return Number(value)
  }

  /** Zigzag varint of at most ten bytes. */
  #long(): bigint {
    const start = this.at
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (value >> 64n !== 0n) break
        return (value >> 1n) ^ -(value & 1n)
      }
    }
    throw new AvroValueError(start, 'is longer than a 64-bit integer')
  }

  #length(): number {
    const at = this.at
    const value = this.#long()
    if (value < 0n || value > BigInt(this.#end - this.at))
      throw new AvroValueError(at, `a length of ${value} is not there`)
    return Number(value)
  }

  #string(): string {
    const at = this.at
    try {
      return this.#text.decode(this.#slice(this.#length()))
    } catch (error) {
      if (error instanceof AvroValueError) throw error
      throw new AvroValueError(at, 'is not UTF-8')
    }
  }

  #indexed<T>(list: readonly T[], what: string): T {
    const at = this.at
    const index = this.#long()
    const found = index >= 0n && index < BigInt(list.length) ? list[Number(index)] : undefined
    if (found === undefined) throw new AvroValueError(at, `there is no ${what} ${index}`)
    return found
  }

  /** Blocks of items: a count each, negative when the size of the block in bytes follows, 0 at the end. */
  #blocks(readItem: () => void): void {
    for (;;) {
      const at = this.at
      let count = this.#long()
      if (count === 0n) return
      if (count < 0n) {
        count = -count
        this.#long()
      }
      if (count > BigInt(AVRO_VALUE_ITEMS_MAX - this.#items)) {
        throw new AvroValueError(at, `the value has more than ${AVRO_VALUE_ITEMS_MAX} items`)
      }
      this.#items += Number(count)
      for (let i = 0; i < Number(count); i++) readItem()
    }
  }
}

function narrow(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}
