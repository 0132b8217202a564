import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { IncompatibilityRule } from '../schema-registry.ts'
import { avroIncompatibilities, checkAvroCompatibility, INCOMPATIBILITIES_MAX } from './avro-compatibility.ts'
import { parseAvroSchema } from './avro-schema.ts'

const record = (fields: readonly unknown[], rest: object = {}): object => ({
  type: 'record',
  name: 'R',
  fields,
  ...rest,
})
const field = (type: unknown, rest: object = {}): object => ({ name: 'f', type, ...rest })
const enumOf = (symbols: readonly string[], rest: object = {}): object => ({
  type: 'enum',
  name: 'E',
  symbols,
  ...rest,
})
const fixed = (size: number, rest: object = {}): object => ({ type: 'fixed', name: 'F', size, ...rest })

type Found = readonly (readonly [IncompatibilityRule, string])[]
function found(reader: unknown, writer: unknown): Found {
  return avroIncompatibilities(parseAvroSchema(reader), parseAvroSchema(writer)).map((r) => [r.rule, r.path])
}

/** Rules of "Schema Resolution" in the Avro 1.12 specification, one line each: writer, reader, what is found. */
test.each<[string, unknown, unknown, Found]>([
  ['int to double', 'int', 'double', []],
  ['double to int', 'double', 'int', [['TYPE_MISMATCH', '']]],
  ['long to float', 'long', 'float', []],
  ['float to long', 'float', 'long', [['TYPE_MISMATCH', '']]],
  ['string to bytes', 'string', 'bytes', []],
  ['bytes to string', 'bytes', 'string', []],
  ['int to string', 'int', 'string', [['TYPE_MISMATCH', '']]],
  ['a type to a union with it', 'int', ['null', 'int'], []],
  ['a type to a union with a wider one', 'int', ['null', 'double'], []],
  ['a type to a union without it', 'string', ['null', 'int'], [['MISSING_UNION_BRANCH', '']]],
  ['a union to the type it always was', ['int', 'long'], 'long', []],
  ['a nullable to a type that is not', ['null', 'int'], 'int', [['TYPE_MISMATCH', '']]],
  ['a union that lost a branch', ['null', 'int', 'string'], ['null', 'int'], [['MISSING_UNION_BRANCH', '']]],
  ['a union in another order', ['null', 'int'], ['int', 'null'], []],
  ['array items', { type: 'array', items: 'string' }, { type: 'array', items: 'int' }, [['TYPE_MISMATCH', '[]']]],
  ['map values', { type: 'map', values: 'string' }, { type: 'map', values: 'int' }, [['TYPE_MISMATCH', '{}']]],
  ['array to map', { type: 'array', items: 'int' }, { type: 'map', values: 'int' }, [['TYPE_MISMATCH', '']]],
  ['an enum that grew', enumOf(['a']), enumOf(['a', 'b']), []],
  ['an enum that lost a symbol', enumOf(['a', 'b']), enumOf(['a']), [['MISSING_ENUM_SYMBOLS', '']]],
  ['an enum that lost a symbol but has a default', enumOf(['a', 'b']), enumOf(['a'], { default: 'a' }), []],
  ['an enum of another name', enumOf(['a']), enumOf(['a'], { name: 'G' }), [['NAME_MISMATCH', '']]],
  ['a fixed of another size', fixed(2), fixed(3), [['FIXED_SIZE_MISMATCH', '']]],
  ['a fixed of another name', fixed(2), fixed(2, { name: 'G' }), [['NAME_MISMATCH', '']]],
  ['a new field with a default', record([]), record([field('int', { default: 0 })]), []],
  ['a new field without one', record([]), record([field('int')]), [['READER_FIELD_MISSING_DEFAULT_VALUE', 'f']]],
  [
    'a new nullable field without one',
    record([]),
    record([field(['null', 'int'])]),
    [['READER_FIELD_MISSING_DEFAULT_VALUE', 'f']],
  ],
  ['a removed field', record([field('int')]), record([]), []],
  ['a field renamed with an alias', record([field('int')]), record([{ name: 'g', type: 'int', aliases: ['f'] }]), []],
  ['a record of another name', record([]), record([], { name: 'S' }), [['NAME_MISMATCH', '']]],
  ['a record renamed with an alias', record([]), record([], { name: 'S', aliases: ['R'] }), []],
  ['a record in another namespace', record([], { namespace: 'a' }), record([], { namespace: 'b' }), []],
  [
    'a fault deep inside',
    record([field({ type: 'array', items: record([{ name: 'g', type: 'string' }], { name: 'S' }) })]),
    record([field({ type: 'array', items: record([{ name: 'g', type: 'int' }], { name: 'S' }) })]),
    [['TYPE_MISMATCH', 'f[].g']],
  ],
  [
    'a fault inside the branch that was meant',
    record([field(['null', record([{ name: 'g', type: 'string' }], { name: 'S' })])]),
    record([field(['null', record([{ name: 'g', type: 'int' }], { name: 'S' })])]),
    [['TYPE_MISMATCH', 'f.g']],
  ],
  [
    'a recursive record',
    record([field(['null', 'R'], { default: null })]),
    record([field(['null', 'R'], { default: null }), { name: 'g', type: 'int' }]),
    [['READER_FIELD_MISSING_DEFAULT_VALUE', 'g']],
  ],
])('%s', (_what, writer, reader, expected) => {
  expect(found(reader, writer)).toEqual(expected)
})

test('reasons stop at the limit', () => {
  const many = (type: string, count: number): object =>
    record(Array.from({ length: count }, (_, i) => ({ name: `f${i}`, type })))
  const at = INCOMPATIBILITIES_MAX
  expect(found(many('int', at), many('string', at))).toHaveLength(at)
  expect(found(many('int', at + 1), many('string', at + 1))).toHaveLength(at)
})

test('a version that is no valid Avro has no say', () => {
  const report = checkAvroCompatibility(record([]), [{ version: 1, schema: { type: 'nonsense' } }])
  expect(report).toEqual({ compatible: true, reasons: [] })
})

describe('against avsc, an independent implementation', () => {
  const primitive = fc.constantFrom('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string')
  /** Named types get a name from their place, so that two schemas of the same shape share names but no schema has one twice. */
  const { schema } = fc.letrec<{ schema: unknown; fields: unknown[] }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      primitive,
      fc.record({ type: fc.constant('array'), items: tie('schema') }),
      fc.record({ type: fc.constant('map'), values: tie('schema') }),
      fc.record({ type: fc.constant('fixed'), size: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ type: fc.constant('enum'), symbols: fc.constantFrom(['a'], ['a', 'b'], ['b', 'c']) }),
      fc.record({ type: fc.constant('record'), fields: tie('fields') }),
      fc.uniqueArray(primitive, { minLength: 1, maxLength: 4 }),
    ),
    fields: fc.uniqueArray(
      fc
        .record({ name: fc.constantFrom('p', 'q', 'r'), type: tie('schema'), optional: fc.boolean() })
        .map(({ name, type, optional }) =>
          optional && typeof type === 'string' && type !== 'null'
            ? { name, type: ['null', type], default: null }
            : { name, type },
        ),
      { selector: (f) => f.name, maxLength: 3 },
    ),
  }))
  const named = (value: unknown, path = 'N'): unknown => {
    if (Array.isArray(value)) return value.map((v, i) => named(v, `${path}${i}`))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([k, v]) => [k, k === 'symbols' ? v : named(v, `${path}_${k}`)])
    const out = Object.fromEntries(entries) as Record<string, unknown>
    return ['fixed', 'enum', 'record'].includes(String(out['type'])) ? { ...out, name: path } : out
  }

  const resolves = (reader: unknown, writer: unknown): boolean => {
    // An options object of its own for each: avsc keeps the names it has seen in it.
    const r = avro.Type.forSchema(reader as avro.Schema, { wrapUnions: true })
    const w = avro.Type.forSchema(writer as avro.Schema, { wrapUnions: true })
    try {
      r.createResolver(w)
      return true
    } catch {
      return false
    }
  }

  test('a random schema reads itself', () => {
    fc.assert(
      fc.property(
        schema.map((s) => named(s)),
        (s) => {
          expect(found(s, s)).toEqual([])
        },
      ),
      { seed: 20_261_123, numRuns: 500 },
    )
  })

  test('both say the same about random pairs', () => {
    const seen = { compatible: 0, incompatible: 0 }
    fc.assert(
      fc.property(schema, schema, (a, b) => {
        const [reader, writer] = [named(a), named(b)]
        const ours = found(reader, writer).length === 0
        seen[ours ? 'compatible' : 'incompatible']++
        expect(ours, JSON.stringify({ reader, writer })).toBe(resolves(reader, writer))
      }),
      { seed: 20_261_124, numRuns: 5_000 },
    )
    expect(Math.min(seen.compatible, seen.incompatible), 'both answers occur').toBeGreaterThan(200)
  })
})
