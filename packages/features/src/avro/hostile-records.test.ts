import avsc from 'avsc'
import { describe, expect, test, vi } from 'vitest'
import type { DecoderLimits } from '../decoder-limits.ts'
import { DECODER_LIMITS, MAX_DEPTH, MAX_ITEMS, MAX_STRING_BYTES } from '../decoder-limits.ts'
import { featureList } from '../feature-spec.ts'
import { RowMajorBatch } from '../row-major-batch.ts'
import { compileAvroDecoder } from './compile-avro-decoder.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

/** `x` is the one feature, an int after the field under attack. */
function decodeAfter(type: unknown, attack: readonly number[] | Uint8Array, limits: DecoderLimits = DECODER_LIMITS) {
  const schema = {
    type: 'record',
    name: 'Event',
    fields: [
      { name: 'attack', type },
      { name: 'x', type: 'int' },
    ],
  }
  const decoder = compileAvroDecoder(JSON.stringify(schema), featureList.parse([{ name: 'x', type: 'number' }]), {
    limits,
  })
  const bytes = Uint8Array.from([...attack, 14])
  const batch = new RowMajorBatch(1, 1)
  const fault = decoder.decode(bytes, 0, bytes.length, batch, 0)
  return fault === 0 ? batch.values[0] : fault.code
}

/** The varint of a long, zigzag-encoded. */
function long(value: bigint | number): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n))
  const bytes: number[] = []
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  return [...bytes, Number(rest)]
}

const array = (items: unknown) => ({ type: 'array', items })
const map = (values: unknown) => ({ type: 'map', values })
const emptyRecord = { type: 'record', name: 'Nothing', fields: [{ name: 'n', type: 'null' }] }
const chain = {
  type: 'record',
  name: 'Chain',
  fields: [{ name: 'next', type: ['null', 'Chain'] }],
}
const endless = { type: 'record', name: 'Endless', fields: [{ name: 'again', type: 'Endless' }] }

describe('limits, from both sides', () => {
  test('items of one array', () => {
    expect(decodeAfter(array('boolean'), [...long(MAX_ITEMS), ...Array<number>(MAX_ITEMS).fill(1), 0])).toBe(7)
    expect(decodeAfter(array('boolean'), [...long(MAX_ITEMS + 1), ...Array<number>(MAX_ITEMS + 1).fill(1), 0])).toBe(
      'E_RECORD_TOO_MANY_ITEMS',
    )
  })

  test('items of all arrays of a record count together, also in blocks that carry their size', () => {
    const limits = { ...DECODER_LIMITS, maxItems: 6 }
    const twoAndFour = [...long(2), ...long(1), 5, 0, ...long(-3), ...long(3), 1, 2, 3, 0, 0]
    expect(decodeAfter(array(array('int')), twoAndFour, limits)).toBe(7)
    expect(decodeAfter(array(array('int')), twoAndFour, { ...limits, maxItems: 5 })).toBe('E_RECORD_TOO_MANY_ITEMS')
  })

  test('bytes of one string', () => {
    const text = (length: number) => [...long(length), ...new Uint8Array(length).fill(97)]
    expect(decodeAfter('string', text(MAX_STRING_BYTES))).toBe(7)
    expect(decodeAfter('string', text(MAX_STRING_BYTES + 1))).toBe('E_RECORD_TOO_MANY_ITEMS')
    const limits = { ...DECODER_LIMITS, maxStringBytes: 2 }
    expect(decodeAfter(map('int'), [...long(1), ...text(2), 0, 0], limits)).toBe(7)
    expect(decodeAfter(map('int'), [...long(1), ...text(3), 0, 0], limits)).toBe('E_RECORD_TOO_MANY_ITEMS')
  })

  test('depth of a record that contains itself', () => {
    // The event is the first level, each link of the chain one more.
    const links = (count: number) => [...Array<number>(count - 1).fill(2), 0]
    expect(decodeAfter(chain, links(MAX_DEPTH - 1))).toBe(7)
    expect(decodeAfter(chain, links(MAX_DEPTH))).toBe('E_RECORD_TOO_DEEP')
    expect(decodeAfter(chain, links(10_000))).toBe('E_RECORD_TOO_DEEP')
  })

  test('arrays count as depth', () => {
    const limits = { ...DECODER_LIMITS, maxDepth: 3 }
    expect(decodeAfter(array(array('int')), [2, 2, 2, 0, 0], limits)).toBe(7)
    expect(decodeAfter(array(array(array('int'))), [2, 2, 2, 2, 0, 0, 0], limits)).toBe('E_RECORD_TOO_DEEP')
  })
})

describe('bombs: a few bytes that claim a lot', () => {
  test.each([
    ['2^31 nulls', array('null'), long(2 ** 31)],
    ['2^62 nulls', array('null'), long(2n ** 62n)],
    ['2^31 empty records', array(emptyRecord), long(2 ** 31)],
    ['-2^63 items in a sized block', array('null'), [...long(-(2n ** 63n)), 0]],
    ['2^31 fixed values of no bytes', array({ type: 'fixed', name: 'Z', size: 0 }), long(2 ** 31)],
    ['2^40 entries', map('null'), long(2n ** 40n)],
  ])('%s', (_name, type, attack) => {
    expect(decodeAfter(type, attack)).toBe('E_RECORD_TOO_MANY_ITEMS')
  })

  test('many blocks of items without bytes are counted, not walked', () => {
    const block = [...long(50_000)]
    expect(decodeAfter(array(emptyRecord), [...block, ...block, 0])).toBe(7)
    expect(decodeAfter(array(emptyRecord), [...block, ...block, ...long(1), 0])).toBe('E_RECORD_TOO_MANY_ITEMS')
  })

  test('a record that is nothing but itself ends at the depth limit', () => {
    expect(decodeAfter(endless, [])).toBe('E_RECORD_TOO_DEEP')
    expect(decodeAfter(array(endless), long(3))).toBe('E_RECORD_TOO_DEEP')
  })

  test.each([
    ['fixed', { type: 'fixed', name: 'F', size: 2 ** 31 }],
    ['fixed beyond 2^53 in sum', array({ type: 'fixed', name: 'F', size: Number.MAX_SAFE_INTEGER })],
  ])('a %s larger than the record', (_name, type) => {
    expect(decodeAfter(type, [2, 2])).toBe('E_RECORD_UNDECODABLE')
  })
})

describe('bytes that do not match', () => {
  test.each([
    ['a string of negative length', 'string', long(-1)],
    ['a string longer than the record', 'string', long(1000)],
    ['a string of 2^40 bytes', 'string', long(2n ** 40n)],
    ['a branch that is not there', ['null', 'int'], long(2)],
    ['a negative branch', ['null', 'int'], long(-1)],
    ['a branch beyond 2^32', ['null', 'int'], long(2n ** 32n)],
    ['a sized block longer than the record', array('int'), [...long(-1), ...long(1000)]],
    ['a sized block of negative size', array('int'), [...long(-1), ...long(-2)]],
    ['an array that ends inside an item', array('string'), [...long(1), ...long(8), 97]],
  ])('%s', (_name, type, attack) => {
    expect(decodeAfter(type, attack)).toBe('E_RECORD_UNDECODABLE')
  })

  test('every truncation of a record is a fault that names the byte, and so is every byte too many', () => {
    const schema = {
      type: 'record',
      name: 'Event',
      fields: [
        { name: 's', type: 'string' },
        { name: 'tags', type: { type: 'map', values: ['null', 'double', 'string'] } },
        { name: 'list', type: { type: 'array', items: 'long' } },
        { name: 'e', type: { type: 'enum', name: 'E', symbols: ['A', 'B'] } },
        { name: 'x', type: ['null', 'double'] },
        { name: 'f', type: 'float' },
      ],
    }
    const value = { s: 'abc', tags: { k: 1.5, l: 'zz', m: null }, list: [1, -300, 1e9], e: 'B', x: 2.5, f: 1.5 }
    const bytes = avsc.Type.forSchema(schema as avsc.Schema).toBuffer(value)
    const features = featureList.parse([
      { name: 'x', type: 'number' },
      { name: 'e', type: 'category', categories: ['B'] },
      { name: 'f', type: 'number' },
    ])
    const decoder = compileAvroDecoder(JSON.stringify(schema), features)
    const batch = new RowMajorBatch(1, 3)
    expect(decoder.decode(bytes, 0, bytes.length, batch, 0)).toBe(0)
    expect([...batch.values]).toEqual([2.5, 0, 1.5])
    for (let length = 0; length < bytes.length; length++) {
      expect(decoder.decode(bytes, 0, length, batch, 0), `${length} bytes`).toMatchObject({
        code: 'E_RECORD_UNDECODABLE',
        at: expect.stringMatching(/^byte \d+$/),
      })
    }
    const longer = Uint8Array.from([...bytes, 0])
    expect(decoder.decode(longer, 0, longer.length, batch, 0)).toEqual({
      code: 'E_RECORD_TRAILING_BYTES',
      at: `byte ${bytes.length}`,
    })
  })
})

test('a bad record leaves its neighbours alone, in rows and in column blocks', () => {
  const schema = JSON.stringify({
    type: 'record',
    name: 'Event',
    fields: [
      { name: 'a', type: 'double' },
      { name: 'b', type: 'double' },
    ],
  })
  const features = featureList.parse([
    { name: 'a', type: 'number' },
    { name: 'b', type: 'number' },
  ])
  const bytes = new Uint8Array(3 * 16)
  const view = new DataView(bytes.buffer)
  ;[1, 2, 3, Number.NaN, 5, 6].forEach((value, i) => {
    view.setFloat64(8 * i, value, true)
  })
  const columns = { rowsMax: 3, width: 2, values: new Float32Array(6), columnStride: 3, rowBase: (row: number) => row }
  for (const batch of [new RowMajorBatch(3, 2), columns]) {
    const decoder = compileAvroDecoder(schema, features)
    expect(decoder.decode(bytes, 0, 16, batch, 0)).toBe(0)
    expect(decoder.decode(bytes, 32, 16, batch, 2)).toBe(0)
    expect(decoder.decode(bytes, 16, 16, batch, 1)).toEqual({ code: 'E_FEATURE_NOT_FINITE', at: 'b' })
    const at = (row: number, column: number) => batch.values[batch.rowBase(row) + column * batch.columnStride]
    expect([at(0, 0), at(0, 1), at(2, 0), at(2, 1)]).toEqual([1, 2, 5, 6])
  }
})
