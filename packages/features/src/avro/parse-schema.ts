import type { AvroType, EnumType, FixedType, PrimitiveKind, RecordField, RecordType } from './schema.ts'
import { SchemaUnusable } from './schema-unusable.ts'

/** Types inside types in the text of a schema. Deeper schemas are refused: compiling one is recursive. */
export const MAX_SCHEMA_DEPTH = 64

const PRIMITIVES: ReadonlySet<string> = new Set<PrimitiveKind>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const FULL_NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/

type Json = Readonly<Record<string, unknown>>

/**
 * Parses the JSON text of an Avro schema (Avro 1.12 specification, "Schema Declaration"). Throws `SchemaUnusable` with the
 * first problem and where it is.
 */
export function parseSchema(json: string): AvroType {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch (cause) {
    throw new SchemaUnusable(['the schema is not JSON'], { cause })
  }
  return new SchemaParser().parse(parsed, '', 'schema', 1)
}

class SchemaParser {
  readonly #named = new Map<string, AvroType>()

  parse(node: unknown, namespace: string, at: string, depth: number): AvroType {
    if (depth > MAX_SCHEMA_DEPTH) throw problem(at, `types are nested deeper than ${MAX_SCHEMA_DEPTH}`)
    if (typeof node === 'string') return this.#reference(node, namespace, at)
    if (Array.isArray(node)) return this.#union(node, namespace, at, depth)
    if (!isObject(node)) throw problem(at, 'a type is a name, an array or an object')
    const { type } = node
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(node, namespace, at, depth)
      case 'enum':
        return this.#enum(node, namespace, at)
      case 'fixed':
        return this.#fixed(node, namespace, at)
      case 'array':
        return { kind: 'array', items: this.parse(node['items'], namespace, `${at}.items`, depth + 1) }
      case 'map':
        return { kind: 'map', values: this.parse(node['values'], namespace, `${at}.values`, depth + 1) }
      default:
        return this.parse(type, namespace, at, depth + 1)
    }
  }

  #reference(name: string, namespace: string, at: string): AvroType {
    if (PRIMITIVES.has(name)) return { kind: name as PrimitiveKind }
    const found =
      this.#named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? this.#named.get(name)
    if (found === undefined) throw problem(at, `there is no type \`${name}\``)
    return found
  }

  #union(nodes: readonly unknown[], namespace: string, at: string, depth: number): AvroType {
    const branches = nodes.map((node, i) => this.parse(node, namespace, `${at}[${i}]`, depth + 1))
    if (branches.length === 0) throw problem(at, 'a union has at least one branch')
    if (branches.some((branch) => branch.kind === 'union')) throw problem(at, 'a union is not directly in a union')
    const names = branches.map((branch) => ('name' in branch ? branch.name : branch.kind))
    if (new Set(names).size < names.length) throw problem(at, 'the branches of a union are distinct')
    return { kind: 'union', branches }
  }

  #record(node: Json, outer: string, at: string, depth: number): RecordType {
    const { name, namespace, aliases } = this.#nameOf(node, outer, at)
    const fields: RecordField[] = []
    // Registered before its fields are read, because a record may contain itself.
    const record: RecordType = { kind: 'record', name, aliases, fields }
    this.#define(record, at)
    if (!Array.isArray(node['fields'])) throw problem(at, 'a record has an array of fields')
    for (const field of node['fields'] as unknown[]) {
      if (!isObject(field) || typeof field['name'] !== 'string' || !NAME.test(field['name']))
        throw problem(at, 'each field is an object with a valid name')
      const fieldAt = `${at}.${field['name']}`
      if (fields.some((other) => other.name === field['name'])) throw problem(fieldAt, 'the field is there twice')
      fields.push({
        name: field['name'],
        aliases: aliasesOf(field, fieldAt),
        type: this.parse(field['type'], namespace, fieldAt, depth + 1),
        ...(Object.hasOwn(field, 'default') ? { default: { value: field['default'] } } : {}),
      })
    }
    return record
  }

  #enum(node: Json, outer: string, at: string): EnumType {
    const { name, aliases } = this.#nameOf(node, outer, at)
    const symbols: unknown = node['symbols']
    if (!Array.isArray(symbols) || !symbols.every((s): s is string => typeof s === 'string' && NAME.test(s)))
      throw problem(at, 'an enum has an array of symbols')
    if (new Set(symbols).size < symbols.length) throw problem(at, 'the symbols of an enum are distinct')
    const fallback = node['default']
    if (fallback !== undefined && !symbols.includes(fallback as string))
      throw problem(at, 'the default of an enum is one of its symbols')
    const type: EnumType = {
      kind: 'enum',
      name,
      aliases,
      symbols,
      ...(fallback === undefined ? {} : { default: fallback as string }),
    }
    this.#define(type, at)
    return type
  }

  #fixed(node: Json, outer: string, at: string): FixedType {
    const { name, aliases } = this.#nameOf(node, outer, at)
    const size = node['size']
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
      throw problem(at, 'a fixed has a size that is a whole number')
    const type: FixedType = { kind: 'fixed', name, aliases, size }
    this.#define(type, at)
    return type
  }

  #nameOf(node: Json, outer: string, at: string): { name: string; namespace: string; aliases: readonly string[] } {
    const given = node['name']
    if (typeof given !== 'string' || !FULL_NAME.test(given)) throw problem(at, 'a named type has a valid name')
    const declared = node['namespace']
    if (declared !== undefined && typeof declared !== 'string') throw problem(at, 'a namespace is text')
    const dot = given.lastIndexOf('.')
    const namespace = dot >= 0 ? given.slice(0, dot) : (declared ?? outer)
    const qualify = (name: string) => (name.includes('.') || namespace === '' ? name : `${namespace}.${name}`)
    return { name: qualify(given), namespace, aliases: aliasesOf(node, at).map(qualify) }
  }

  #define(type: RecordType | EnumType | FixedType, at: string): void {
    if (this.#named.has(type.name)) throw problem(at, `the type \`${type.name}\` is defined twice`)
    this.#named.set(type.name, type)
  }
}

function aliasesOf(node: Json, at: string): readonly string[] {
  const aliases = node['aliases'] ?? []
  if (!Array.isArray(aliases) || !aliases.every((a): a is string => typeof a === 'string'))
    throw problem(at, 'aliases are an array of names')
  return aliases
}

function isObject(node: unknown): node is Json {
  return typeof node === 'object' && node !== null && !Array.isArray(node)
}

function problem(at: string, text: string): SchemaUnusable {
  return new SchemaUnusable([`${at}: ${text}`])
}
