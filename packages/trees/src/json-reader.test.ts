import { describe, expect, test } from 'vitest'
import { modelFaultOf } from '../test/model-fault-of.ts'
import { NUMBER_TEXT_MAX, readJson } from './json-reader.ts'
import { DOCUMENT_DEPTH_MAX } from './model-limits.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const read = (text: string) => readJson(bytes(text))
const fault = (text: string) => modelFaultOf(() => read(text))

describe('values', () => {
  test('arrays of numbers become one typed array, others a list', () => {
    expect(read('[1, -2.5, 3E2, NaN, Infinity, -Infinity, 12345678901]')).toEqual(
      Float64Array.of(1, -2.5, 300, Number.NaN, Infinity, -Infinity, 12_345_678_901),
    )
    expect(read('[]')).toEqual(new Float64Array())
    expect(read('[true, false, null, "x"]')).toEqual([true, false, null, 'x'])
    expect(read(' {"a": [{"b": "c"}]}\n')).toEqual(new Map([['a', [new Map([['b', 'c']])]]]))
  })

  test('texts with every escape', () => {
    expect(read(String.raw`"\"\\\/\b\f\n\r\t\u00e9é😀"`)).toBe('"\\/\b\f\n\r\téé😀')
  })
})

describe('what is refused, and where', () => {
  test.each([
    ['{"a": 1', 'E_MODEL_TRUNCATED byte 7'],
    ['[1, 2', 'E_MODEL_TRUNCATED byte 5'],
    ['"abc', 'E_MODEL_TRUNCATED byte 4'],
    ['tru', 'E_MODEL_TRUNCATED byte 3'],
    ['12', 'E_MODEL_TRUNCATED byte 2'],
    ['{} x', 'E_MODEL_SYNTAX byte 3'],
    ['{"a" 1}', 'E_MODEL_SYNTAX byte 5'],
    ['{a: 1}', 'E_MODEL_SYNTAX byte 1'],
    ['[1 2]', 'E_MODEL_SYNTAX byte 3'],
    ['[1,]', 'E_MODEL_SYNTAX byte 3'],
    ['[1, "x"]', 'E_MODEL_SYNTAX byte 4'],
    ['01x ', 'E_MODEL_SYNTAX byte 2'],
    ['1e+ ', 'E_MODEL_SYNTAX byte 0'],
    ['- ', 'E_MODEL_SYNTAX byte 0'],
    ['nope', 'E_MODEL_SYNTAX byte 1'],
    ['"a\nb"', 'E_MODEL_SYNTAX byte 2'],
    [String.raw`"\q"`, 'E_MODEL_SYNTAX byte 4'],
    ['{"a": 1, "a": 2}', 'E_MODEL_KEY byte 9: "a" appears twice in one object'],
    ['{"__proto__": {}}', 'E_MODEL_KEY byte 1: "__proto__" may not be a key'],
  ])('%s', (text, expected) => {
    expect(fault(text).slice(0, expected.length)).toBe(expected)
  })

  test('bytes that are not UTF-8, in texts and keys', () => {
    const broken = (prefix: string, suffix: string) => Uint8Array.of(...bytes(prefix), 0xc3, 0x28, ...bytes(suffix))
    expect(modelFaultOf(() => readJson(broken('"', '"')))).toMatch(/^E_MODEL_ENCODING byte 1/)
    expect(modelFaultOf(() => readJson(broken('{"', '": 1}')))).toMatch(/^E_MODEL_ENCODING byte 2/)
  })
})

describe('limits', () => {
  test('nesting', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    expect(() => read(nested(DOCUMENT_DEPTH_MAX))).not.toThrow()
    expect(fault(nested(DOCUMENT_DEPTH_MAX + 1))).toMatch(/^E_MODEL_TOO_DEEP byte 32/)
    expect(fault('[{"a":'.repeat(1_000_000))).toMatch(/^E_MODEL_TOO_DEEP/)
  })

  test('characters of one number', () => {
    expect(read(`[1.${'0'.repeat(NUMBER_TEXT_MAX - 2)}]`)).toEqual(Float64Array.of(1))
    expect(fault(`[1.${'0'.repeat(NUMBER_TEXT_MAX - 1)}]`)).toMatch(/longer than 64 characters/)
  })
})
