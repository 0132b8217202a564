import { describe, expect, test, vi } from 'vitest'
import { FIXTURES } from '../test/fixture-zoo.ts'
import { modelFaultOf } from '../test/model-fault-of.ts'
import { readJson } from './json-reader.ts'
import type { DocumentValue } from './model-document.ts'
import { DOCUMENT_DEPTH_MAX, DOCUMENT_VALUES_MAX } from './model-limits.ts'
import { readUbj } from './ubj-reader.ts'

vi.setConfig({ testTimeout: 60_000 }) // thousands of models each; a busy machine takes its time

/** Texts are bytes of their characters; numbers are single bytes. */
const bytes = (...parts: (string | number)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part, 'latin1')])))
const fault = (...parts: (string | number)[]) => modelFaultOf(() => readUbj(bytes(...parts)))
const int64 = (value: bigint): string => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64BE(value)
  return buffer.toString('latin1')
}

describe('values, as the specification encodes them', () => {
  test.each<[string, Uint8Array, DocumentValue]>([
    ['int8', bytes('i', 0xff), -1],
    ['uint8', bytes('U', 0xff), 255],
    ['int16', bytes('I', 0x80, 0), -32_768],
    ['int32', bytes('l', 0x7f, 0xff, 0xff, 0xff), 2_147_483_647],
    ['int64', bytes(`L${int64(-(2n ** 53n) + 1n)}`), Number.MIN_SAFE_INTEGER],
    ['float32', bytes('d', 0x3f, 0x80, 0, 0), 1],
    ['float64', bytes('D', 0xbf, 0xe0, 0, 0, 0, 0, 0, 0), -0.5],
    ['true', bytes('T'), true],
    ['false', bytes('F'), false],
    ['null', bytes('Z'), null],
    ['character', bytes('CA'), 'A'],
    ['text', bytes('Si', 3, 'h\xc3\xa9'), 'hé'],
    ['typed int8', bytes('[$i#i', 2, 1, 0xfe), Int8Array.of(1, -2)],
    ['typed uint8', bytes('[$U#i', 2, 1, 0xfe), Uint8Array.of(1, 254)],
    ['typed int16', bytes('[$I#U', 1, 1, 0), Int16Array.of(256)],
    ['typed int32', bytes('[$l#I', 0, 1, 0, 0, 1, 0), Int32Array.of(256)],
    ['typed int64', bytes(`[$L#L${int64(1n)}${int64(-2n)}`), Float64Array.of(-2)],
    ['typed float32', bytes('[$d#i', 1, 0xc0, 0, 0, 0), Float32Array.of(-2)],
    ['typed float64', bytes('[$D#i', 1, 0x40, 0, 0, 0, 0, 0, 0, 0), Float64Array.of(2)],
    ['counted array', bytes('[#i', 2, 'Ti', 7), [true, 7]],
    ['open array of numbers', bytes('[i', 1, 'U', 2, ']'), Float64Array.of(1, 2)],
    [
      'empty arrays',
      bytes('[[]', '[#i', 0, '[$d#i', 0, ']'),
      [new Float64Array(), new Float64Array(), new Float32Array()],
    ],
    [
      'object',
      bytes('{i', 1, 'aTi', 1, 'bZ}'),
      new Map<string, DocumentValue>([
        ['a', true],
        ['b', null],
      ]),
    ],
  ])('%s', (_, input, expected) => {
    expect(readUbj(input)).toEqual(expected)
  })
})

test('every fixture says the same in UBJSON and in JSON', () => {
  for (const shape of FIXTURES) {
    expect(plain(readUbj(shape.bytes('ubj'))), shape.title).toEqual(plain(readJson(shape.bytes('json'))))
  }
})

/** The document with all numbers as float32, in which JSON and UBJSON must agree. */
function plain(value: DocumentValue): unknown {
  if (ArrayBuffer.isView(value)) return Float32Array.from(value as ArrayLike<number>)
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, plain(inner)]))
  return Array.isArray(value) ? value.map(plain) : value
}

describe('what is refused, and where', () => {
  test.each<[string, Uint8Array, string]>([
    [
      'a text longer than the file',
      bytes('SL', int64(2n ** 40n), 'x'),
      'E_MODEL_TRUNCATED byte 1: 1099511627776 elements of 1 bytes declared, 1 bytes left',
    ],
    [
      'a typed array longer than the file',
      bytes('[$d#l', 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0),
      'E_MODEL_TRUNCATED byte 4: 2147483647 elements of 4 bytes declared, 4 bytes left',
    ],
    [
      'a counted array longer than the file',
      bytes('[#l', 0x7f, 0xff, 0xff, 0xff, 'T'),
      'E_MODEL_TRUNCATED byte 2: 2147483647 elements',
    ],
    ['a negative length', bytes('Si', 0xff), 'E_MODEL_LENGTH byte 1: a length of -1'],
    ['a length beyond 2^53', bytes('SL', int64(2n ** 62n)), 'E_MODEL_SYNTAX byte 10: an int64 is beyond 2^53'],
    ['a length that is a float', bytes('Sd', 0, 0, 0, 0), 'E_MODEL_SYNTAX byte 2: expected a length'],
    [
      'elements without bytes',
      bytes('[$Z#l', 0x7f, 0xff, 0xff, 0xff),
      'E_MODEL_SYNTAX byte 3: arrays of type "Z" are not used by XGBoost',
    ],
    ['a typed array without a count', bytes('[$d', 0, 0), 'E_MODEL_SYNTAX byte 4: a typed array must give its count'],
    ['an unknown marker', bytes('?'), 'E_MODEL_SYNTAX byte 1: expected a value, found the marker "?"'],
    ['a number cut short', bytes('l', 0, 0), 'E_MODEL_TRUNCATED byte 1: 4 more bytes expected, 2 left'],
    ['an object that does not end', bytes('{i', 1, 'aT'), 'E_MODEL_TRUNCATED byte 5: 1 more bytes expected, 0 left'],
    ['an array that does not end', bytes('[T'), 'E_MODEL_TRUNCATED byte 2'],
    ['bytes left over', bytes('TT'), 'E_MODEL_SYNTAX byte 1: bytes are left over after the model'],
    ['a key twice', bytes('{i', 1, 'aTi', 1, 'aT}'), 'E_MODEL_KEY byte 5: "a" appears twice in one object'],
    ['__proto__', bytes('{i', 9, '__proto__{}}'), 'E_MODEL_KEY byte 1: "__proto__" may not be a key'],
    ['a text that is not UTF-8', bytes('Si', 2, '\xc3('), 'E_MODEL_ENCODING byte 3'],
  ])('%s', (_, input, expected) => {
    expect(modelFaultOf(() => readUbj(input)).slice(0, expected.length)).toBe(expected)
  })
})

describe('limits', () => {
  test('nesting', () => {
    const nested = (levels: number) => bytes('['.repeat(levels), ']'.repeat(levels))
    expect(() => readUbj(nested(DOCUMENT_DEPTH_MAX))).not.toThrow()
    expect(modelFaultOf(() => readUbj(nested(DOCUMENT_DEPTH_MAX + 1)))).toMatch(/^E_MODEL_TOO_DEEP/)
    expect(fault('{i', 1, 'a'.padEnd(1), '{i', 1, 'b', '['.repeat(100_000))).toMatch(/^E_MODEL_TOO_DEEP/)
  })

  test('values', () => {
    const values = (count: number) => bytes('[', 'Z'.repeat(count - 1), ']') // the array counts as one
    expect(readUbj(values(DOCUMENT_VALUES_MAX))).toHaveLength(DOCUMENT_VALUES_MAX - 1)
    expect(modelFaultOf(() => readUbj(values(DOCUMENT_VALUES_MAX + 1)))).toMatch(/^E_MODEL_TOO_LARGE/)
  })
})
