import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAvroSchema } from './avro-schema.ts'
import { AVRO_VALUE_DEPTH_MAX, AVRO_VALUE_ITEMS_MAX, AvroValueError, readAvroValue } from './avro-value.ts'

const read = (schema: unknown, bytes: readonly number[]): unknown =>
  readAvroValue(parseAvroSchema(schema), Uint8Array.from(bytes))

/** Bytes from the examples and rules of "Binary Encoding" in the Avro 1.12 specification. */
test.each<[string, unknown, readonly number[], unknown]>([
  ['0', 'int', [0x00], 0],
  ['-1', 'int', [0x01], -1],
  ['1', 'int', [0x02], 1],
  ['-64', 'int', [0x7f], -64],
  ['64', 'int', [0x80, 0x01], 64],
  ['"foo"', 'string', [0x06, 0x66, 0x6f, 0x6f], 'foo'],
  [
    'a record',
    {
      type: 'record',
      name: 'test',
      fields: [
        { name: 'a', type: 'long' },
        { name: 'b', type: 'string' },
      ],
    },
    [0x36, 0x06, 0x66, 0x6f, 0x6f],
    { a: 27, b: 'foo' },
  ],
  ['an array', { type: 'array', items: 'long' }, [0x04, 0x06, 0x36, 0x00], [3, 27]],
  ['a sized block', { type: 'array', items: 'long' }, [0x03, 0x04, 0x06, 0x36, 0x00], [3, 27]],
  ['null in a union', ['null', 'string'], [0x00], null],
  ['"a" in a union', ['null', 'string'], [0x02, 0x02, 0x61], 'a'],
  ['the smallest long', 'long', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], -(2n ** 63n)],
  ['2^53 - 1', 'long', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], 2 ** 53 - 1],
  ['2^53', 'long', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], 2n ** 53n],
])('%s', (_what, schema, bytes, expected) => {
  expect(read(schema, bytes)).toEqual(expected)
})

test.each<[string, unknown, readonly number[], RegExp]>([
  ['nothing', 'int', [], /byte 0: 1 bytes are needed/],
  ['left over bytes', 'int', [0x00, 0x00], /byte 1: 1 bytes are left over/],
  ['a string longer than the bytes', 'string', [0x08, 0x61], /a length of 4 is not there/],
  ['a string of negative length', 'string', [0x01], /a length of -1/],
  ['bad UTF-8', 'string', [0x02, 0xff], /not UTF-8/],
  ['a boolean of 2', 'boolean', [0x02], /2 is no boolean/],
  ['an int of 33 bits', 'int', [0x80, 0x80, 0x80, 0x80, 0x10], /does not fit an int/],
  ['a varint of eleven bytes', 'long', Array(11).fill(0x80), /longer than a 64-bit/],
  ['a varint of 70 bits', 'long', [...Array(9).fill(0xff), 0x7f], /longer than a 64-bit/],
  ['a union branch that is not there', ['null'], [0x02], /no union branch 1/],
  ['a negative enum index', { type: 'enum', name: 'E', symbols: ['a'] }, [0x01], /no enum symbol -1/],
  ['a float cut short', 'float', [0, 0, 0], /4 bytes are needed, 3 are left/],
])('%s is an error that says where', (_what, schema, bytes, message) => {
  expect(() => read(schema, bytes)).toThrow(AvroValueError)
  expect(() => read(schema, bytes)).toThrow(message)
})

describe('limits', () => {
  const nulls = (count: number): Uint8Array => {
    const writer = avro.Type.forSchema({ type: 'array', items: 'null' })
    return writer.toBuffer(Array(count).fill(null))
  }
  const items = parseAvroSchema({ type: 'array', items: 'null' })

  test('items without bytes are counted, from both sides of the limit', () => {
    expect(readAvroValue(items, nulls(AVRO_VALUE_ITEMS_MAX))).toHaveLength(AVRO_VALUE_ITEMS_MAX)
    expect(() => readAvroValue(items, nulls(AVRO_VALUE_ITEMS_MAX + 1))).toThrow(/more than 1000000 items/)
  })

  test('depth is limited, from both sides', () => {
    const list = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] }
    // A record, then a union around each further record: two levels per link.
    const links = (count: number): number[] => [...Array(count - 1).fill(0x02), 0x00]
    expect(read(list, links(AVRO_VALUE_DEPTH_MAX / 2))).toBeDefined()
    expect(() => read(list, links(AVRO_VALUE_DEPTH_MAX / 2 + 1))).toThrow(/nested deeper/)
  })
})

test('field and key names never reach a prototype', () => {
  const value = read({ type: 'map', values: 'string' }, [0x02, 18, ...Buffer.from('__proto__'), 0x02, 0x61, 0x00])
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  expect(Object.keys(value as object)).toEqual(['__proto__'])
})

test('random values come back as another implementation wrote them', () => {
  const schema = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'i', type: 'int' },
      { name: 'l', type: 'long' },
      { name: 'f', type: 'float' },
      { name: 'd', type: 'double' },
      { name: 'b', type: 'boolean' },
      { name: 's', type: 'string' },
      { name: 'y', type: 'bytes' },
      { name: 'x', type: { type: 'fixed', name: 'F', size: 3 } },
      { name: 'e', type: { type: 'enum', name: 'E', symbols: ['a', 'b', 'c'] } },
      { name: 'u', type: ['null', 'double', 'string'] },
      { name: 'a', type: { type: 'array', items: ['null', 'string'] } },
      { name: 'm', type: { type: 'map', values: 'int' } },
    ],
  }
  const writer = avro.Type.forSchema(schema as avro.Schema)
  const type = parseAvroSchema(schema)
  fc.assert(
    fc.property(
      fc.record({
        i: fc.integer(),
        // The other implementation loses the last bit beyond 2^52.
        l: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
        f: fc.float({ noNaN: true }),
        d: fc.double({ noNaN: true }),
        b: fc.boolean(),
        s: fc.string({ unit: 'grapheme' }),
        y: fc.uint8Array({ maxLength: 8 }).map((b) => Buffer.from(b)),
        x: fc.uint8Array({ minLength: 3, maxLength: 3 }).map((b) => Buffer.from(b)),
        e: fc.constantFrom('a', 'b', 'c'),
        u: fc.oneof(fc.constant(null), fc.double({ noNaN: true }), fc.string()),
        a: fc.array(fc.option(fc.string()), { maxLength: 5 }),
        m: fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true }),
      }),
      (value) => {
        const found = readAvroValue(type, writer.toBuffer(value)) as Record<string, unknown>
        expect({
          ...found,
          y: Buffer.from(found['y'] as Uint8Array),
          x: Buffer.from(found['x'] as Uint8Array),
        }).toEqual(value)
      },
    ),
    { seed: 20_261_125, numRuns: 500 },
  )
})

test('random bytes end in a value or an error, never in anything else', () => {
  const type = parseAvroSchema({
    type: 'record',
    name: 'R',
    fields: [
      { name: 'a', type: { type: 'array', items: ['null', 'R', 'string'] } },
      { name: 'm', type: { type: 'map', values: 'double' } },
    ],
  })
  let values = 0
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 1, 2, 3, 4, 97, 255), { maxLength: 12 }), (bytes) => {
      try {
        readAvroValue(type, Uint8Array.from(bytes))
        values++
      } catch (error) {
        expect(error).toBeInstanceOf(AvroValueError)
      }
    }),
    { seed: 20_261_126, numRuns: 5_000 },
  )
  expect(values, 'some are values').toBeGreaterThan(0)
})
