import { readdirSync } from 'node:fs'
import { ConfigError } from '@sluice/contracts'
import { avroIncompatibilities, checkAvroCompatibility, parseAvroSchema } from '@sluice/stream'
import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import { PLATFORM_SCHEMAS, platformSchema, readSchemaFile } from './platform-schemas.ts'

interface Field {
  readonly name: string
  readonly type: unknown
  readonly doc?: string
  readonly default?: unknown
}
type Node = Readonly<Record<string, unknown>>

/** Every record and enum of a schema with its path. */
function namedTypes(schema: unknown, path = ''): { path: string; node: Node }[] {
  if (Array.isArray(schema)) return schema.flatMap((branch) => namedTypes(branch, path))
  if (typeof schema !== 'object' || schema === null) return []
  const node = schema as Node
  const self = node['type'] === 'record' || node['type'] === 'enum' ? [{ path, node }] : []
  const inner = ((node['fields'] ?? []) as Field[]).flatMap((f) => namedTypes(f.type, `${path}.${f.name}`))
  return [...self, ...inner, ...namedTypes(node['items'], `${path}[]`), ...namedTypes(node['values'], `${path}{}`)]
}

test('every schema file is listed, and the other way round', () => {
  const files = readdirSync(new URL('../../../schemas/', import.meta.url)).filter((f) => f.endsWith('.avsc'))
  expect(files.sort()).toEqual(PLATFORM_SCHEMAS.map((name) => `${name}.avsc`).sort())
})

describe.each(PLATFORM_SCHEMAS)('schemas/%s.avsc', (name) => {
  const schema = platformSchema(name)
  const types = namedTypes(schema)

  test('is Avro by another implementation and reads itself by ours', () => {
    const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true })
    const file = name.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1))
    expect(type.name).toBe(`io.sluice.${file.join('')}`)
    expect(avroIncompatibilities(parseAvroSchema(schema), parseAvroSchema(schema))).toEqual([])
    expect(() => type.createResolver(avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true }))).not.toThrow()
  })

  test('says what every field is for, in a sentence', () => {
    for (const { path, node } of types.filter((t) => t.node['type'] === 'record')) {
      expect(String(node['doc']), path).toMatch(/\.$/)
      for (const field of node['fields'] as Field[]) expect(field.doc, `${path}.${field.name}`).toMatch(/^\S.*\.$/s)
    }
  })

  test('names fields in camelCase and types in PascalCase', () => {
    for (const { path, node } of types) {
      expect(node['name'], path).toMatch(/^[A-Z][A-Za-z]+$/)
      for (const field of (node['fields'] ?? []) as Field[]) expect(field.name, path).toMatch(/^[a-z][A-Za-z0-9]*$/)
      for (const symbol of (node['symbols'] ?? []) as string[]) expect(symbol, path).toMatch(/^[a-z][A-Za-z]*$/)
    }
  })

  test('gives every optional field null as its default', () => {
    for (const { path, node } of types) {
      for (const field of (node['fields'] ?? []) as Field[]) {
        if (Array.isArray(field.type) && field.type[0] === 'null' && !path.includes('[]')) {
          expect(Object.hasOwn(field, 'default') ? field.default : 'none', `${path}.${field.name}`).toBeNull()
        }
      }
    }
  })

  test('can lose a field with a default and get it back', () => {
    const record = schema as { fields: Field[] }
    for (const field of record.fields.filter((f) => Object.hasOwn(f, 'default'))) {
      const without = { ...schema, fields: record.fields.filter((f) => f !== field) }
      expect(checkAvroCompatibility(schema, [{ version: 1, schema: without }]).reasons, field.name).toEqual([])
      expect(checkAvroCompatibility(without, [{ version: 1, schema }]).reasons, field.name).toEqual([])
    }
  })
})

test('an old record without the fields that have defaults is read with them (by avsc)', () => {
  const schema = platformSchema('outcome') as { fields: Field[] }
  const old = { ...schema, fields: schema.fields.filter((f) => !Object.hasOwn(f, 'default')) }
  const writer = avro.Type.forSchema(old as avro.Schema)
  const reader = avro.Type.forSchema(schema as unknown as avro.Schema)
  const bytes = writer.toBuffer({ occurredAt: 1_700_000_000_000 })
  expect({ ...(reader.fromBuffer(bytes, reader.createResolver(writer)) as object) }).toEqual({
    predictionId: null,
    eventId: null,
    ceId: null,
    key: null,
    label: null,
    value: null,
    occurredAt: 1_700_000_000_000,
    source: 'system',
    revision: 0,
    recordedAt: null,
    reviewId: null,
    inclusionProbability: null,
  })
})

test('a file that is not there or not JSON is a configuration error that names it', () => {
  expect(() => readSchemaFile('/nowhere/event.avsc')).toThrow(ConfigError)
  expect(() => readSchemaFile(import.meta.filename)).toThrow(/platform-schemas\.test\.ts: is not JSON/)
})
