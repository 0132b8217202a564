import { describe, expect, test, vi } from 'vitest'
import { DECODER_LIMITS, type DecoderLimits, MAX_DEPTH, MAX_ITEMS, MAX_STRING_BYTES } from '../decoder-limits.ts'
import { featureList } from '../feature-spec.ts'
import { RowMajorBatch } from '../row-major-batch.ts'
import { compileJsonDecoder } from './compile-json-decoder.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

const SPECS = featureList.parse([
  { name: 'n', type: 'number' },
  { name: 'b', type: 'boolean' },
  { name: 'c', type: 'category', categories: ['basic', 'pro', 'Köln', '7', 'true', 'a"b'] },
  { name: 'deep', type: 'number', source: 'customer.address.zip', nonFinite: 'allow' },
])
const NaN_ = Number.NaN

function decodeBytes(bytes: Uint8Array, specs = SPECS, limits: DecoderLimits = DECODER_LIMITS) {
  const decoder = compileJsonDecoder(specs, limits)
  const batch = new RowMajorBatch(1, specs.length)
  // Twice: the second time the keys are where they are predicted to be.
  const first = decoder.decode(bytes, 0, bytes.length, batch, 0)
  const row = [...batch.values]
  batch.values.fill(99)
  expect(decoder.decode(bytes, 0, bytes.length, batch, 0)).toEqual(first)
  if (first === 0) expect([...batch.values]).toEqual(row)
  return first === 0 ? row : first.code
}

const decode = (text: string) => decodeBytes(new TextEncoder().encode(text))

describe('values', () => {
  test.each<[string, number[]]>([
    ['{"n":1.5,"b":true,"c":"pro","customer":{"address":{"zip":3}}}', [1.5, 1, 1, 3]],
    [
      '{"customer":{"x":[1,{"y":null}],"address":{"zip":3}},"c":"Köln","other":"\\u00e9\\n","b":false,"n":-0}',
      [-0, 0, 2, 3],
    ],
    ['{}', [NaN_, NaN_, NaN_, NaN_]],
    ['{"n":null,"b":null,"c":null,"customer":null}', [NaN_, NaN_, NaN_, NaN_]],
    ['{"customer":{"address":null}}', [NaN_, NaN_, NaN_, NaN_]],
    ['{"b":1}', [NaN_, 1, NaN_, NaN_]],
    ['{"b":0}', [NaN_, 0, NaN_, NaN_]],
    ['{"b":1.0}', [NaN_, 1, NaN_, NaN_]],
    ['{"c":7}', [NaN_, NaN_, 3, NaN_]],
    ['{"c":7.0}', [NaN_, NaN_, 3, NaN_]],
    ['{"c":true}', [NaN_, NaN_, 4, NaN_]],
    ['{"c":"\\u0062asic"}', [NaN_, NaN_, 0, NaN_]],
    ['{"c":"a\\"b"}', [NaN_, NaN_, 5, NaN_]],
    ['{"\\u006e":5}', [5, NaN_, NaN_, NaN_]],
    ['{"c":"unseen"}', [NaN_, NaN_, NaN_, NaN_]],
    ['{"n":1e2}', [100, NaN_, NaN_, NaN_]],
    ['{"customer":{"address":{"zip":1e999}}}', [NaN_, NaN_, NaN_, Infinity]],
    [' \t\r\n{ "n" : 1 , "b" : true } \n', [1, 1, NaN_, NaN_]],
  ])('%s', (text, row) => {
    expect(decode(text)).toEqual(row)
  })

  test('of equal keys the last one counts, with all that is in it', () => {
    expect(decode('{"n":1,"n":2}')).toEqual([2, NaN_, NaN_, NaN_])
    expect(decode('{"n":"x","n":2}')).toEqual([2, NaN_, NaN_, NaN_])
    expect(decode('{"customer":{"address":{"zip":3}},"customer":{}}')).toEqual([NaN_, NaN_, NaN_, NaN_])
    expect(decode('{"n":1,"\\u006e":2}')).toEqual([2, NaN_, NaN_, NaN_])
  })

  test('names of the prototype are names like others', () => {
    expect(decode('{"__proto__":{"n":1},"constructor":{"prototype":{"b":1}},"n":2}')).toEqual([2, NaN_, NaN_, NaN_])
    const specs = featureList.parse([
      { name: 'p', type: 'number', source: '__proto__.n' },
      { name: 't', type: 'number', source: 'toString' },
    ])
    expect(decodeBytes(new TextEncoder().encode('{}'), specs)).toEqual([NaN_, NaN_])
    expect(decodeBytes(new TextEncoder().encode('{"__proto__":{"n":4}}'), specs)).toEqual([4, NaN_])
    expect(({} as Record<string, unknown>)['n']).toBeUndefined()
  })
})

describe('faults', () => {
  test.each([
    ['{"n":"1"}', 'E_FEATURE_TYPE'],
    ['{"n":true}', 'E_FEATURE_TYPE'],
    ['{"n":[1]}', 'E_FEATURE_TYPE'],
    ['{"n":{}}', 'E_FEATURE_TYPE'],
    ['{"b":"true"}', 'E_FEATURE_TYPE'],
    ['{"b":2}', 'E_FEATURE_TYPE'],
    // Next to 1, and 1 in float32.
    ['{"b":1.00000000001}', 'E_FEATURE_TYPE'],
    ['{"c":7.5}', 'E_FEATURE_TYPE'],
    ['{"c":12345678901234567890}', 'E_FEATURE_TYPE'],
    ['{"c":["basic"]}', 'E_FEATURE_TYPE'],
    ['{"customer":5}', 'E_FEATURE_TYPE'],
    ['{"customer":[{"address":{"zip":3}}]}', 'E_FEATURE_TYPE'],
    ['{"customer":{"address":"x"}}', 'E_FEATURE_TYPE'],
    ['{"n":1e39}', 'E_FEATURE_NOT_FINITE'],
    ['{"n":-1e999}', 'E_FEATURE_NOT_FINITE'],
    ['{"n":NaN}', 'E_RECORD_UNDECODABLE'],
    ['{"n":Infinity}', 'E_RECORD_UNDECODABLE'],
    ['{"n":-Infinity}', 'E_RECORD_UNDECODABLE'],
    ['{"n":01}', 'E_RECORD_UNDECODABLE'],
    ['{"n":1.}', 'E_RECORD_UNDECODABLE'],
    ['{"n":.5}', 'E_RECORD_UNDECODABLE'],
    ['{"n":+1}', 'E_RECORD_UNDECODABLE'],
    ['{"n":1,}', 'E_RECORD_UNDECODABLE'],
    ['{"n":1}{"n":2}', 'E_RECORD_UNDECODABLE'],
    ['{"n":1}x', 'E_RECORD_UNDECODABLE'],
    ['{"x":"\u0001"}', 'E_RECORD_UNDECODABLE'],
    ['{"x":"\\x41"}', 'E_RECORD_UNDECODABLE'],
    ["{'n':1}", 'E_RECORD_UNDECODABLE'],
    ['{"n":1', 'E_RECORD_UNDECODABLE'],
    ['[]', 'E_RECORD_UNDECODABLE'],
    ['null', 'E_RECORD_UNDECODABLE'],
    ['"text"', 'E_RECORD_UNDECODABLE'],
    ['', 'E_RECORD_UNDECODABLE'],
    ['\ufeff{}', 'E_RECORD_UNDECODABLE'],
    ['{"n":1 /* one */}', 'E_RECORD_UNDECODABLE'],
  ])('%j is %s', (text, code) => {
    expect(decode(text)).toBe(code)
  })

  test.each([
    ['overlong', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lone continuation', [0x80]],
    ['cut off', [0xe2, 0x82]],
    ['overlong in three bytes', [0xe0, 0x9f, 0xbf]],
    ['overlong in four bytes', [0xf0, 0x8f, 0xbf, 0xbf]],
  ])('bytes that are no UTF-8 are no JSON: %s', (_name, middle) => {
    const bytes = Uint8Array.from([...new TextEncoder().encode('{"x":"'), ...middle, ...new TextEncoder().encode('"}')])
    expect(decodeBytes(bytes)).toBe('E_RECORD_UNDECODABLE')
  })

  test('missing and unseen values are faults where the feature says so', () => {
    const specs = featureList.parse([
      { name: 'n', type: 'number', missing: 'reject' },
      { name: 'c', type: 'category', categories: ['a'], unseen: 'reject' },
    ])
    const by = (text: string) => decodeBytes(new TextEncoder().encode(text), specs)
    expect(by('{"n":1,"c":"a"}')).toEqual([1, 0])
    expect(by('{"c":"a"}')).toBe('E_FEATURE_MISSING')
    expect(by('{"n":null,"c":"a"}')).toBe('E_FEATURE_MISSING')
    expect(by('{"n":1,"c":"b"}')).toBe('E_FEATURE_UNSEEN_CATEGORY')
  })
})

describe('limits, from both sides', () => {
  const nested = (levels: number) => `{"x":${'['.repeat(levels)}${']'.repeat(levels)},"n":1}`
  test('depth', () => {
    expect(decode(nested(MAX_DEPTH - 1))).toEqual([1, NaN_, NaN_, NaN_])
    expect(decode(nested(MAX_DEPTH))).toBe('E_RECORD_TOO_DEEP')
    expect(decode(nested(10_000))).toBe('E_RECORD_TOO_DEEP')
    expect(decode('{"customer":'.repeat(10_000))).toBe('E_RECORD_TOO_DEEP')
  })
  test('items', () => {
    // The event's brace, the array's bracket, the comma before "n" and one comma less than there are ones.
    const withItems = (items: number) => `{"x":[${Array(items - 2).fill(1)}],"n":1}`
    expect(decode(withItems(MAX_ITEMS))).toEqual([1, NaN_, NaN_, NaN_])
    expect(decode(withItems(MAX_ITEMS + 1))).toBe('E_RECORD_TOO_MANY_ITEMS')
  })
  test('bytes of a string', () => {
    const withText = (length: number) => `{"x":"${'a'.repeat(length)}","n":1}`
    expect(decode(withText(MAX_STRING_BYTES))).toEqual([1, NaN_, NaN_, NaN_])
    expect(decode(withText(MAX_STRING_BYTES + 1))).toBe('E_RECORD_TOO_MANY_ITEMS')
    const small = { ...DECODER_LIMITS, maxStringBytes: 8 }
    const by = (text: string) => decodeBytes(new TextEncoder().encode(text), SPECS, small)
    expect(by('{"12345678":1}')).toEqual([NaN_, NaN_, NaN_, NaN_])
    expect(by('{"123456789":1}')).toBe('E_RECORD_TOO_MANY_ITEMS')
  })
})

test('a record cut off where a neighbour would complete it is no record', () => {
  const bytes = new TextEncoder().encode('{"n":12}  {"n":3}')
  const decoder = compileJsonDecoder(SPECS)
  const batch = new RowMajorBatch(1, SPECS.length)
  for (let length = 0; length < 8; length++)
    expect(decoder.decode(bytes, 0, length, batch, 0), `${length} bytes`).toMatchObject({
      code: 'E_RECORD_UNDECODABLE',
    })
  expect(decoder.decode(bytes, 0, 8, batch, 0)).toBe(0)
  expect(batch.values[0]).toBe(12)
  expect(decoder.decode(bytes, 10, 7, batch, 0)).toBe(0)
  expect(batch.values[0]).toBe(3)
})
