import avsc from 'avsc'
import { describe, expect, test } from 'vitest'
import { type FeatureSpec, featureList } from '../feature-spec.ts'
import { RowMajorBatch } from '../row-major-batch.ts'
import { type AvroDecoderOptions, compileAvroDecoder } from './compile-avro-decoder.ts'

/** Rows by the decoder under test; `write` is avsc's encoding of the value. */
function decode(schema: object, value: unknown, features: object[], options?: AvroDecoderOptions) {
  return decodeBytes(schema, avsc.Type.forSchema(schema as avsc.Schema).toBuffer(value), features, options)
}

function decodeBytes(schema: object, bytes: Uint8Array, features: object[], options?: AvroDecoderOptions) {
  const specs = featureList.parse(features)
  const batch = new RowMajorBatch(1, specs.length)
  const fault = compileAvroDecoder(JSON.stringify(schema), specs, options).decode(bytes, 0, bytes.length, batch, 0)
  return fault === 0 ? [...batch.values] : fault
}

function record(...fields: object[]) {
  return { type: 'record', name: 'Event', namespace: 'io.sluice', fields }
}

const N = (name: string, more: object = {}): object => ({ name, type: 'number', ...more })
const B = (name: string, more: object = {}): object => ({ name, type: 'boolean', ...more })
const C = (name: string, categories: string[], more: object = {}): object => ({
  name,
  type: 'category',
  categories,
  ...more,
})

describe('values of every type', () => {
  test('numbers of all four types are rounded to float32', () => {
    const schema = record(
      { name: 'i', type: 'int' },
      { name: 'l', type: 'long' },
      { name: 'f', type: 'float' },
      { name: 'd', type: 'double' },
    )
    expect(
      decode(schema, { i: -2147483648, l: 9007199254740990, f: 0.5, d: 0.1 }, [N('i'), N('l'), N('f'), N('d')]),
    ).toEqual([-2147483648, 9007199254740992, 0.5, 0.10000000149011612])
  })

  test.each([
    ['long', '-1', [0x01], -1],
    ['long', 'the smallest', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], -(2 ** 63)],
    ['long', 'the largest', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 2 ** 63],
    ['long', '2^32', [0x80, 0x80, 0x80, 0x80, 0x20], 4294967296],
    ['long', 'padded zero', [0x80, 0x00], 0],
    ['int', 'the largest', [0xfe, 0xff, 0xff, 0xff, 0x0f], 2147483648],
  ])('%s %s', (type, _name, bytes, expected) => {
    expect(decodeBytes(record({ name: 'x', type }), Uint8Array.from(bytes), [N('x')])).toEqual([expected])
  })

  test.each([
    ['int', 'a sixth byte', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['int', 'bit 33', [0xff, 0xff, 0xff, 0xff, 0x1f]],
    ['long', 'an eleventh byte', [...Array<number>(10).fill(0x80), 0x00]],
    ['long', 'bit 65', [...Array<number>(9).fill(0xff), 0x03]],
  ])('a varint of an %s with %s is undecodable, read or skipped', (type, _what, bytes) => {
    const schema = record({ name: 'x', type }, { name: 'y', type: ['null', 'int'] })
    const event = Uint8Array.from([...bytes, 0x00])
    expect(decodeBytes(schema, event, [N('x')])).toMatchObject({ code: 'E_RECORD_UNDECODABLE' })
    expect(decodeBytes(schema, event, [N('y')])).toMatchObject({ code: 'E_RECORD_UNDECODABLE' })
  })

  test('booleans, and whole numbers as booleans', () => {
    const schema = record({ name: 'a', type: 'boolean' }, { name: 'b', type: 'int' }, { name: 'c', type: 'long' })
    expect(decode(schema, { a: true, b: 0, c: 1 }, [B('a'), B('b'), B('c')])).toEqual([1, 0, 1])
    expect(decode(schema, { a: true, b: 2, c: 1 }, [B('a'), B('b'), B('c')])).toEqual({
      code: 'E_FEATURE_TYPE',
      at: 'b',
    })
    expect(decodeBytes(schema, Uint8Array.from([2, 0, 0]), [B('a')])).toMatchObject({ code: 'E_RECORD_UNDECODABLE' })
  })

  test('categories from strings, bytes, enums, whole numbers and booleans, each by its text', () => {
    const schema = record(
      { name: 's', type: 'string' },
      { name: 'y', type: 'bytes' },
      { name: 'e', type: { type: 'enum', name: 'Plan', symbols: ['BASIC', 'PRO'] } },
      { name: 'i', type: 'int' },
      { name: 'l', type: 'long' },
      { name: 'b', type: 'boolean' },
    )
    const features = [
      C('s', ['Köln', '', '東京']),
      C('y', ['a', 'b']),
      C('e', ['PRO', 'BASIC']),
      C('i', ['07', '7', '-7']),
      C('l', ['9007199254740993', '-1']),
      C('b', ['true', 'false']),
    ]
    const value = { s: '東京', y: Buffer.from('b'), e: 'BASIC', i: -7, l: -1, b: false }
    expect(decode(schema, value, features)).toEqual([2, 1, 1, 2, 1, 1])
    expect(decode(schema, { ...value, s: '', i: 7 }, features)).toEqual([1, 1, 1, 1, 1, 1])
  })

  test('a long category above 2^53 is exact', () => {
    const schema = record({ name: 'l', type: 'long' })
    // zigzag(2^53 + 1) = 2^54 + 2
    const bytes = Uint8Array.from([0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20])
    expect(decodeBytes(schema, bytes, [C('l', ['9007199254740992', '9007199254740993'])])).toEqual([1])
  })

  test('an unseen category is missing or a fault, as the feature says', () => {
    const schema = record({ name: 's', type: 'string' })
    expect(decode(schema, { s: 'c' }, [C('s', ['a'])])).toEqual([Number.NaN])
    expect(decode(schema, { s: 'c' }, [C('s', ['a'], { unseen: 'reject' })])).toEqual({
      code: 'E_FEATURE_UNSEEN_CATEGORY',
      at: 's',
    })
  })

  test.each(['float', 'double'])('a %s that is not finite in float32', (type) => {
    const schema = record({ name: 'x', type })
    for (const x of type === 'float' ? [Number.NaN, Infinity, -Infinity] : [Number.NaN, Infinity, 3.5e38, -1e300]) {
      expect(decode(schema, { x }, [N('x')])).toEqual({ code: 'E_FEATURE_NOT_FINITE', at: 'x' })
      expect(decode(schema, { x }, [N('x', { nonFinite: 'allow' })])).toEqual([Math.fround(x)])
    }
    expect(decode(schema, { x: 3.4028234663852886e38 }, [N('x')])).toEqual([3.4028234663852886e38])
  })

  test('null is missing in any place of the union', () => {
    for (const type of [
      ['null', 'int'],
      ['int', 'null'],
      ['boolean', 'int', 'null', 'string'],
    ]) {
      const schema = record({ name: 'x', type })
      expect(decode(schema, { x: null }, [N('x')])).toEqual([Number.NaN])
      expect(decode(schema, { x: null }, [N('x', { missing: 'reject' })])).toEqual({
        code: 'E_FEATURE_MISSING',
        at: 'x',
      })
    }
  })

  test.each([
    ['2', [0x04, 0x0a]],
    ['-1', [0x01, 0x0a]],
    ['2^31', [0x80, 0x80, 0x80, 0x80, 0x10, 0x0a]],
    ['2^32', [0x80, 0x80, 0x80, 0x80, 0x20, 0x0a]],
    ['-2^31', [0xff, 0xff, 0xff, 0xff, 0x0f, 0x0a]],
  ])('there is no branch %s', (_index, bytes) => {
    const schema = record({ name: 'x', type: ['null', 'int'] })
    for (const missing of ['allow', 'reject'])
      expect(decodeBytes(schema, Uint8Array.from(bytes), [N('x', { missing })])).toMatchObject({
        code: 'E_RECORD_UNDECODABLE',
      })
  })

  test('a branch that cannot be the feature is a fault of the records that take it', () => {
    const schema = record({ name: 'x', type: ['null', 'int', 'string'] })
    const type = avsc.Type.forSchema(schema as avsc.Schema)
    expect(decodeBytes(schema, type.toBuffer({ x: 4 }), [N('x')])).toEqual([4])
    expect(decodeBytes(schema, type.toBuffer({ x: '4' }), [N('x')])).toEqual({
      code: 'E_FEATURE_TYPE',
      at: 'x',
    })
  })

  test('one field may fill several columns', () => {
    const schema = record({ name: 'x', type: ['null', 'int'] }, { name: 'y', type: 'int' })
    const features = [N('a', { source: 'x' }), C('b', ['5'], { source: 'x' }), N('y'), B('c', { source: 'x' })]
    expect(decode(schema, { x: null, y: 9 }, features)).toEqual([Number.NaN, Number.NaN, 9, Number.NaN])
    expect(decode(schema, { x: 1, y: 9 }, features)).toEqual([1, Number.NaN, 9, 1])
  })
})

describe('nested records', () => {
  const customer = record({ name: 'age', type: ['null', 'int'] }, { name: 'city', type: 'string' })
  const schema = {
    type: 'record',
    name: 'Outer',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'customer', type: ['null', { ...customer, name: 'Customer' }] },
      { name: 'amount', type: 'double' },
    ],
  }
  const features = [N('amount'), N('age', { source: 'customer.age' }), C('city', ['Ulm'], { source: 'customer.city' })]

  test('dotted sources read fields of nested records', () => {
    expect(decode(schema, { id: 'x', customer: { age: 41, city: 'Ulm' }, amount: 1 }, features)).toEqual([1, 41, 0])
  })
  test('a null record makes all its features missing', () => {
    expect(decode(schema, { id: 'x', customer: null, amount: 1 }, features)).toEqual([1, Number.NaN, Number.NaN])
  })
  test('a record that contains itself is read as deep as a source says', () => {
    const list = {
      type: 'record',
      name: 'Node',
      fields: [
        { name: 'v', type: 'int' },
        { name: 'next', type: ['null', 'Node'] },
      ],
    }
    const value = { v: 1, next: { v: 2, next: { v: 3, next: { v: 4, next: null } } } }
    expect(decode(list, value, [N('v'), N('third', { source: 'next.next.v' })])).toEqual([1, 3])
  })
})

describe('schemas that cannot fill the features', () => {
  const schema = record(
    { name: 'name', type: 'string' },
    { name: 'tags', type: { type: 'array', items: 'int' } },
    { name: 'count', type: 'int' },
    { name: 'either', type: ['null', 'string', 'bytes'] },
  )
  test.each<[string, object[], RegExp]>([
    ['a string is no number', [N('name')], /^name: the writer has string, feature `name` is a number$/],
    ['no branch is a number', [N('either')], /either: the writer has string.*\n.*bytes/],
    ['an array is no number', [N('tags')], /tags: the writer has array/],
    ['an int has no fields', [N('x', { source: 'count.x' })], /count: the writer has int, features read fields/],
    ['a field that must be there is not', [N('age', { missing: 'reject' })], /age: the writer has no such field/],
  ])('%s', (_name, features, message) => {
    expect(() => decodeBytes(schema, new Uint8Array(), features)).toThrow(message)
  })

  test('all problems come at once', () => {
    expect(() => decodeBytes(schema, new Uint8Array(), [N('name'), N('tags'), N('count')])).toThrow(/name.*\ntags/)
  })

  test.each<[string, string, RegExp]>([
    ['not JSON', '{', /not JSON/],
    ['not a record', '"int"', /the event: the writer has int/],
    [
      'unknown type',
      '{"type":"record","name":"R","fields":[{"name":"a","type":"uuid"}]}',
      /schema\.a: there is no type/,
    ],
    ['union in a union', '{"type":"record","name":"R","fields":[{"name":"a","type":[["null"]]}]}', /directly in/],
    ['twice', '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}', /twice/],
    ['negative fixed', '{"type":"fixed","name":"F","size":-1}', /whole number/],
    ['no fields', '{"type":"record","name":"R"}', /array of fields/],
  ])('%s', (_name, json, message) => {
    expect(() => compileAvroDecoder(json, featureList.parse([N('a')]))).toThrow(message)
  })

  test('types may be nested as deep as the limit and no deeper', () => {
    // The record is one level and each array one; the innermost `int` is the last.
    const nested = (arrays: number) =>
      JSON.stringify(
        record({
          name: 'a',
          type: Array.from({ length: arrays }).reduce<unknown>((items) => ({ type: 'array', items }), 'int'),
        }),
      )
    expect(() => compileAvroDecoder(nested(62), featureList.parse([N('b')]))).not.toThrow()
    expect(() => compileAvroDecoder(nested(63), featureList.parse([N('b')]))).toThrow(/nested deeper than 64/)
  })

  test('records whose unions multiply are refused instead of filling the memory', () => {
    // Each level has 10 record types with a field `n` that may be any type of the next level: 10^k ways to read it.
    let types: object[] = ['int'] as never
    for (let level = 0; level < 8; level++) {
      const inner = types
      types = Array.from({ length: 10 }, (_, i) => ({
        type: 'record',
        name: `L${level}R${i}`,
        fields: [
          {
            name: 'n',
            type: i === 0 ? inner : inner.map((t) => ('name' in Object(t) ? (t as { name: string }).name : t)),
          },
        ],
      }))
    }
    const schema = JSON.stringify(record({ name: 'n', type: types }))
    const source = Array.from({ length: 9 }, () => 'n').join('.')
    expect(() => compileAvroDecoder(schema, featureList.parse([N('x', { source })]))).toThrow(/multiply/)
  })
})

describe('resolution against the endpoint schema', () => {
  const reader = (...fields: object[]): AvroDecoderOptions => ({ readerSchema: JSON.stringify(record(...fields)) })

  test('a field that the writer lost takes the default of the reader', () => {
    const options = reader(
      { name: 'a', type: 'int' },
      { name: 'n', type: 'double', default: 0.1 },
      { name: 'c', type: 'string', default: 'x' },
      { name: 'u', type: ['null', 'int'], default: null },
      { name: 'b', type: 'boolean', default: true },
      { name: 'y', type: 'bytes', default: 'K\u00c3\u00b6ln' },
    )
    expect(
      decode(
        record({ name: 'a', type: 'int' }),
        { a: 3 },
        [N('a'), N('n'), C('c', ['w', 'x']), N('u'), B('b'), C('y', ['Köln'])],
        options,
      ),
    ).toEqual([3, 0.10000000149011612, 1, Number.NaN, 1, 0])
  })

  test('a record that the writer lost takes its fields from the default', () => {
    const inner = {
      type: 'record',
      name: 'Inner',
      fields: [
        { name: 'x', type: 'int' },
        { name: 'y', type: 'int', default: 5 },
      ],
    }
    const options = reader({ name: 'a', type: 'int' }, { name: 'in', type: inner, default: { x: 4 } })
    const features = [N('x', { source: 'in.x' }), N('y', { source: 'in.y' })]
    expect(decode(record({ name: 'a', type: 'int' }), { a: 1 }, features, options)).toEqual([4, 5])
  })

  test('without a default it is missing, where that is allowed', () => {
    const options = reader({ name: 'a', type: 'int' }, { name: 'n', type: 'double' })
    const writer = record({ name: 'a', type: 'int' })
    expect(decode(writer, { a: 3 }, [N('a'), N('n')], options)).toEqual([3, Number.NaN])
    expect(() => decode(writer, { a: 3 }, [N('n', { missing: 'reject' })], options)).toThrow(/must not be missing/)
  })

  test('aliases of the reader find renamed fields', () => {
    const options = reader({ name: 'tenure', type: 'long', aliases: ['months'] })
    expect(decode(record({ name: 'months', type: 'int' }), { months: 7 }, [N('tenure')], options)).toEqual([7])
  })

  test.each([
    ['int', 'long', 5],
    ['int', 'float', 5],
    ['int', 'double', 5],
    ['long', 'float', 5],
    ['long', 'double', 5],
    ['float', 'double', 5],
  ])('%s is promoted to %s', (from, to, x) => {
    expect(decode(record({ name: 'x', type: from }), { x }, [N('x')], reader({ name: 'x', type: to }))).toEqual([x])
  })

  test.each([
    ['long', 'int', 5],
    ['double', 'float', 5.5],
    ['double', 'long', 5.5],
    ['double', 'int', 5.5],
    ['float', 'int', 5.5],
  ])(
    'a producer that writes %s is ahead of an endpoint that reads %s: the column takes the number as it is',
    (from, to, x) => {
      expect(decode(record({ name: 'x', type: from }), { x }, [N('x')], reader({ name: 'x', type: to }))).toEqual([x])
    },
  )

  test('a boolean is no int', () => {
    const compile = () =>
      decodeBytes(
        record({ name: 'x', type: 'boolean' }),
        new Uint8Array(),
        [C('x', ['1'])],
        reader({ name: 'x', type: 'int' }),
      )
    expect(compile).toThrow(`x: the writer has boolean, the endpoint's schema reads int`)
  })

  test('string and bytes read each other', () => {
    const x = { name: 'x', type: 'bytes' }
    const category = [C('x', ['a', 'b'])]
    expect(decode(record(x), { x: Buffer.from('b') }, category, reader({ name: 'x', type: 'string' }))).toEqual([1])
    expect(decode(record({ name: 'x', type: 'string' }), { x: 'b' }, category, reader(x))).toEqual([1])
  })

  test('an enum symbol that the endpoint does not know is its default', () => {
    const plan = (symbols: string[], more = {}) => ({ name: 'p', type: { type: 'enum', name: 'P', symbols, ...more } })
    const category = [C('p', ['BASIC', 'OTHER', 'GOLD'])]
    const writer = record(plan(['GOLD', 'BASIC']))
    expect(decode(writer, { p: 'GOLD' }, category, reader(plan(['BASIC', 'OTHER'], { default: 'OTHER' })))).toEqual([1])
    expect(decode(writer, { p: 'GOLD' }, category, reader(plan(['BASIC', 'OTHER'])))).toEqual([2])
  })

  test('a source in neither schema is a typing error of the model package', () => {
    const x = { name: 'x', type: 'int' }
    expect(() => decode(record(x), { x: 1 }, [N('y')], reader(x))).toThrow(/y: neither the writer's nor the endpoint's/)
  })

  test('two sources that are one field of the writer are refused', () => {
    const writer = record({ name: 'months', type: 'int' })
    const options = reader({ name: 'tenure', type: 'int', aliases: ['months'] })
    expect(() => decode(writer, { months: 1 }, [N('months'), N('tenure')], options)).toThrow(/one field of the writer/)
  })
})

test('features that a decoder was compiled for say its width', () => {
  const specs: FeatureSpec[] = featureList.parse([N('a'), N('b')])
  expect(compileAvroDecoder(JSON.stringify(record({ name: 'a', type: 'int' })), specs).width).toBe(2)
})
