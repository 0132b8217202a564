import { isDefaultOf } from './avro-default.ts'

/** Deepest nesting of a schema that is accepted. */
export const AVRO_SCHEMA_DEPTH_MAX = 64

export const AVRO_PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export type AvroPrimitive = (typeof AVRO_PRIMITIVES)[number]

/** A schema with its names resolved; a recursive record contains itself. */
export type AvroType =
  | { readonly kind: AvroPrimitive }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | AvroFixed
  | AvroEnum
  | AvroRecord

interface Named {
  /** Namespace and name, joined by a dot. */
  readonly name: string
  /** Full names. */
  readonly aliases: readonly string[]
}
export interface AvroFixed extends Named {
  readonly kind: 'fixed'
  readonly size: number
}
export interface AvroEnum extends Named {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
  readonly default: string | undefined
}
export interface AvroRecord extends Named {
  readonly kind: 'record'
  readonly fields: readonly AvroField[]
}
export interface AvroField {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: AvroType
  readonly hasDefault: boolean
}

/** Not a valid Avro schema; `path` says where. */
export class AvroSchemaError extends Error {
  override readonly name = 'AvroSchemaError'
  readonly path: string
  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/**
 * Resolves a parsed schema by the specification of Avro 1.12 (apache.org, "Schema Declaration", "Names"). Throws
 * AvroSchemaError at the first thing that is not valid. Logical types and docs mean nothing to resolution and are left out.
 */
export function parseAvroSchema(schema: unknown): AvroType {
  return new Parser().type(schema, '', '', 0)
}

/** The name without its namespace. */
export function unqualified(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const FULL_NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/
type Json = Readonly<Record<string, unknown>>

class Parser {
  readonly #named = new Map<string, AvroType>()

  type(schema: unknown, namespace: string, path: string, depth: number): AvroType {
    if (depth > AVRO_SCHEMA_DEPTH_MAX) {
      throw new AvroSchemaError(path, `is nested deeper than ${AVRO_SCHEMA_DEPTH_MAX} levels; flatten it`)
    }
    if (typeof schema === 'string') return this.#byName(schema, namespace, path)
    if (Array.isArray(schema)) return this.#union(schema, namespace, path, depth)
    if (!isObject(schema)) throw new AvroSchemaError(path, 'must be a type name, an object or an array')
    const { type } = schema
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(schema, namespace, path, depth)
      case 'enum':
        return this.#enum(schema, namespace, path)
      case 'fixed':
        return this.#fixed(schema, namespace, path)
      case 'array':
        return { kind: 'array', items: this.type(schema['items'], namespace, `${path}[]`, depth + 1) }
      case 'map':
        return { kind: 'map', values: this.type(schema['values'], namespace, `${path}{}`, depth + 1) }
      case undefined:
        throw new AvroSchemaError(path, 'has no `type`')
      default:
        // `{ "type": "long", "logicalType": ... }` and `{ "type": { ... } }`.
        return this.type(type, namespace, path, depth + 1)
    }
  }

  #byName(name: string, namespace: string, path: string): AvroType {
    if (isPrimitive(name)) return { kind: name }
    const found = this.#named.get(qualify(name, namespace)) ?? this.#named.get(name)
    if (found === undefined)
      throw new AvroSchemaError(path, `\`${name}\` is neither a primitive type nor defined before`)
    return found
  }

  #union(branches: readonly unknown[], namespace: string, path: string, depth: number): AvroType {
    if (branches.length === 0) throw new AvroSchemaError(path, 'is a union of nothing')
    const types = branches.map((branch) => this.type(branch, namespace, path, depth + 1))
    const seen = new Set<string>()
    for (const type of types) {
      if (type.kind === 'union') throw new AvroSchemaError(path, 'is a union inside a union; merge the two')
      const key = 'name' in type ? type.name : type.kind
      if (seen.has(key)) throw new AvroSchemaError(path, `has \`${key}\` twice in one union`)
      seen.add(key)
    }
    return { kind: 'union', branches: types }
  }

  #record(schema: Json, namespace: string, path: string, depth: number): AvroType {
    const { name, aliases, inner } = this.#names(schema, namespace, path)
    const fields: AvroField[] = []
    const record: AvroRecord = { kind: 'record', name, aliases, fields }
    this.#define(name, record, path)
    const list = schema['fields']
    if (!Array.isArray(list)) throw new AvroSchemaError(path, `record \`${name}\` has no \`fields\` array`)
    const seen = new Set<string>()
    for (const item of list as unknown[]) {
      if (!isObject(item) || typeof item['name'] !== 'string' || !NAME.test(item['name'])) {
        throw new AvroSchemaError(path, `record \`${name}\` has a field without a valid \`name\``)
      }
      const at = path === '' ? item['name'] : `${path}.${item['name']}`
      if (seen.has(item['name'])) throw new AvroSchemaError(at, 'is there twice')
      seen.add(item['name'])
      const type = this.type(item['type'], inner, at, depth + 1)
      const hasDefault = Object.hasOwn(item, 'default')
      if (hasDefault && !isDefaultOf(type, item['default'])) {
        throw new AvroSchemaError(at, 'has a default that is not of its type (of the first type, for a union)')
      }
      fields.push({ name: item['name'], aliases: stringList(item['aliases'], at, 'aliases'), type, hasDefault })
    }
    return record
  }

  #enum(schema: Json, namespace: string, path: string): AvroType {
    const { name, aliases } = this.#names(schema, namespace, path)
    const symbols = stringList(schema['symbols'], path, 'symbols')
    if (symbols.length === 0 || new Set(symbols).size !== symbols.length || !symbols.every((s) => NAME.test(s))) {
      throw new AvroSchemaError(path, `enum \`${name}\` needs at least one symbol, all of them distinct names`)
    }
    const byDefault = schema['default']
    if (byDefault !== undefined && (typeof byDefault !== 'string' || !symbols.includes(byDefault))) {
      throw new AvroSchemaError(path, `the default of enum \`${name}\` is not one of its symbols`)
    }
    const type: AvroEnum = { kind: 'enum', name, aliases, symbols, default: byDefault }
    this.#define(name, type, path)
    return type
  }

  #fixed(schema: Json, namespace: string, path: string): AvroType {
    const { name, aliases } = this.#names(schema, namespace, path)
    const size = schema['size']
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      throw new AvroSchemaError(path, `fixed \`${name}\` needs a \`size\` in bytes`)
    }
    const type: AvroFixed = { kind: 'fixed', name, aliases, size }
    this.#define(name, type, path)
    return type
  }

  #names(schema: Json, outer: string, path: string): { name: string; aliases: readonly string[]; inner: string } {
    const own = schema['name']
    if (typeof own !== 'string' || !FULL_NAME.test(own)) {
      throw new AvroSchemaError(path, `a ${String(schema['type'])} needs a \`name\` of letters, digits and _`)
    }
    if (isPrimitive(own)) throw new AvroSchemaError(path, `\`${own}\` is the name of a primitive type`)
    const given = schema['namespace']
    if (given !== undefined && (typeof given !== 'string' || (given !== '' && !FULL_NAME.test(given)))) {
      throw new AvroSchemaError(path, '`namespace` must be names joined by dots')
    }
    const name = qualify(own, given ?? outer)
    const inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : ''
    return { name, aliases: stringList(schema['aliases'], path, 'aliases').map((a) => qualify(a, inner)), inner }
  }

  #define(name: string, type: AvroType, path: string): void {
    if (this.#named.has(name)) throw new AvroSchemaError(path, `\`${name}\` is defined twice`)
    this.#named.set(name, type)
  }
}

function qualify(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPrimitive(name: string): name is AvroPrimitive {
  return (AVRO_PRIMITIVES as readonly string[]).includes(name)
}

function stringList(value: unknown, path: string, what: string): readonly string[] {
  if (value === undefined && what === 'aliases') return []
  if (!Array.isArray(value) || !value.every((v): v is string => typeof v === 'string')) {
    throw new AvroSchemaError(path, `\`${what}\` must be an array of strings`)
  }
  return value
}
