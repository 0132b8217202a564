import type { AvroType, RecordField, RecordType } from './schema.ts'

const NUMBERS = ['int', 'long', 'float', 'double'] as const

/**
 * Writer kinds that a reader kind accepts besides itself (Avro 1.12, "Schema Resolution"). Numbers go further than that
 * and accept every kind of number: what reads them in the end is a float32 column, and a producer that widens an int to a
 * double may do so before the endpoint's own schema follows.
 */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: NUMBERS,
  long: NUMBERS,
  float: NUMBERS,
  double: NUMBERS,
  string: ['bytes'],
  bytes: ['string'],
}

/**
 * The part of the reader's type that reads a value the writer wrote as `writer`: itself, or the branch of its union, by the
 * rules of schema resolution. `undefined` when there is none.
 */
export function readerFor(reader: AvroType, writer: AvroType): AvroType | undefined {
  const candidates = reader.kind === 'union' ? reader.branches : [reader]
  const same = candidates.filter((candidate) => candidate.kind === writer.kind)
  return (
    same.find((candidate) => hasNameOf(candidate, writer)) ??
    // Resolution by structure: Avro's libraries take a record of another name when it is the only one.
    (same.length === 1 ? same[0] : undefined) ??
    candidates.find((candidate) => PROMOTIONS[candidate.kind]?.includes(writer.kind))
  )
}

function hasNameOf(reader: AvroType, writer: AvroType): boolean {
  if (!('name' in reader) || !('name' in writer)) return true
  return reader.name === writer.name || reader.aliases.includes(writer.name)
}

/** The writer's field that the reader's field stands for: of the same name, or of one of its aliases. */
export function writerFieldFor(writer: RecordType, reader: RecordField): RecordField | undefined {
  return (
    writer.fields.find((field) => field.name === reader.name) ??
    writer.fields.find((field) => reader.aliases.includes(field.name))
  )
}

/**
 * The JavaScript value that a schema default gives a field on a path below it: record members that the default leaves out
 * have their own defaults. `null` where the path ends early.
 */
export function defaultValueAt(type: AvroType, value: unknown, path: readonly string[]): unknown {
  if (type.kind === 'union') {
    // Avro 1.12 lets a default match any branch; which one matters only for bytes and records.
    const branch = type.branches.find((candidate) => defaultFits(candidate, value))
    return branch === undefined ? null : defaultValueAt(branch, value, path)
  }
  if (path.length === 0) return type.kind === 'bytes' ? textOfBytesDefault(value) : value
  if (type.kind !== 'record' || typeof value !== 'object' || value === null) return null
  const [name, ...rest] = path
  const field = type.fields.find((candidate) => candidate.name === name)
  if (field === undefined) return null
  const given: unknown = Object.hasOwn(value, field.name)
    ? (value as Record<string, unknown>)[field.name]
    : field.default?.value
  return given === undefined ? null : defaultValueAt(field.type, given, rest)
}

function defaultFits(type: AvroType, value: unknown): boolean {
  switch (type.kind) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return typeof value === 'number'
    case 'enum':
      return typeof value === 'string' && type.symbols.includes(value)
    case 'string':
    case 'bytes':
    case 'fixed':
      return typeof value === 'string'
    case 'array':
      return Array.isArray(value)
    default:
      return typeof value === 'object' && value !== null && !Array.isArray(value)
  }
}

/** Defaults of bytes are written as text with one character per byte; a category reads those bytes as UTF-8. */
function textOfBytesDefault(value: unknown): unknown {
  if (typeof value !== 'string') return value
  return new TextDecoder().decode(Uint8Array.from(value, (character) => character.charCodeAt(0)))
}
