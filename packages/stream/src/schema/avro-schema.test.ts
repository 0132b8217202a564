import { expect, test } from 'vitest'
import { AVRO_SCHEMA_DEPTH_MAX, AvroSchemaError, parseAvroSchema } from './avro-schema.ts'

const record = (fields: readonly unknown[], rest: object = {}): object => ({
  type: 'record',
  name: 'R',
  fields,
  ...rest,
})

/** Schemas that are not valid Avro 1.12, with the place and a word of the message. */
test.each<[string, unknown, string, RegExp]>([
  ['an unknown name', record([{ name: 'a', type: 'Plan' }]), 'a', /`Plan` is neither/],
  ['no type', {}, '', /no `type`/],
  ['a number', 7, '', /must be a type name/],
  ['a record without fields', { type: 'record', name: 'R' }, '', /no `fields`/],
  ['a record without a name', { type: 'record', fields: [] }, '', /needs a `name`/],
  ['a record named like a primitive', { type: 'record', name: 'string', fields: [] }, '', /primitive/],
  ['a name with a hyphen', record([{ name: 'a-b', type: 'int' }]), '', /valid `name`/],
  [
    'a field twice',
    record([
      { name: 'a', type: 'int' },
      { name: 'a', type: 'int' },
    ]),
    'a',
    /twice/,
  ],
  ['a default of another type', record([{ name: 'a', type: 'int', default: '1' }]), 'a', /default/],
  ['an int default of 33 bits', record([{ name: 'a', type: 'int', default: 2 ** 31 }]), 'a', /default/],
  ['a default of the second branch', record([{ name: 'a', type: ['null', 'int'], default: 1 }]), 'a', /first type/],
  ['a union in a union', [['null', 'int'], 'string'], '', /union inside a union/],
  ['a union with a type twice', ['int', 'int'], '', /twice in one union/],
  ['an empty union', [], '', /union of nothing/],
  ['an enum without symbols', { type: 'enum', name: 'E', symbols: [] }, '', /at least one symbol/],
  ['an enum with a symbol twice', { type: 'enum', name: 'E', symbols: ['a', 'a'] }, '', /distinct/],
  [
    'an enum default that is no symbol',
    { type: 'enum', name: 'E', symbols: ['a'], default: 'b' },
    '',
    /not one of its/,
  ],
  ['a fixed without a size', { type: 'fixed', name: 'F' }, '', /`size`/],
  ['aliases that are not a list', record([], { aliases: 'S' }), '', /`aliases`/],
  ['a namespace that is no name', record([], { namespace: 'a..b' }), '', /`namespace`/],
  ['a type defined twice', record([{ name: 'a', type: record([]) }]), 'a', /defined twice/],
  ['a bad item type', record([{ name: 'a', type: { type: 'array', items: 'X' } }]), 'a[]', /neither/],
  ['a bad map type', record([{ name: 'a', type: { type: 'map', values: 'X' } }]), 'a{}', /neither/],
])('%s is refused where it is', (_what, schema, path, message) => {
  const error = (() => {
    try {
      return parseAvroSchema(schema)
    } catch (e) {
      return e
    }
  })()
  expect(error).toBeInstanceOf(AvroSchemaError)
  expect((error as AvroSchemaError).path).toBe(path)
  expect((error as AvroSchemaError).message).toMatch(message)
})

test('names resolve through namespaces as the specification has it', () => {
  const parsed = parseAvroSchema({
    type: 'record',
    name: 'Outer',
    namespace: 'a.b',
    fields: [
      { name: 'x', type: { type: 'enum', name: 'E', symbols: ['s'] } },
      { name: 'y', type: { type: 'fixed', name: 'c.F', size: 2 } },
      { name: 'again', type: ['null', 'E', 'c.F', 'a.b.Outer'], default: null },
    ],
  })
  if (parsed.kind !== 'record') throw new Error('expected a record')
  const names = parsed.fields.map((f) => ('name' in f.type ? f.type.name : f.type.kind))
  expect([parsed.name, ...names]).toEqual(['a.b.Outer', 'a.b.E', 'c.F', 'union'])
  const union = parsed.fields[2]!.type
  if (union.kind !== 'union') throw new Error('expected a union')
  expect(union.branches[3], 'a recursive record contains itself').toBe(parsed)
})

test('the depth limit holds from both sides', () => {
  const nested = (levels: number): unknown => {
    let schema: unknown = 'int'
    for (let i = 0; i < levels; i++) schema = { type: 'array', items: schema }
    return schema
  }
  expect(parseAvroSchema(nested(AVRO_SCHEMA_DEPTH_MAX)).kind).toBe('array')
  expect(() => parseAvroSchema(nested(AVRO_SCHEMA_DEPTH_MAX + 1))).toThrow(/deeper than 64/)
})
