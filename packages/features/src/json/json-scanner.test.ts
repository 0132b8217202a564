import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { DECODER_LIMITS } from '../decoder-limits.ts'
import { featureList } from '../feature-spec.ts'
import { RowMajorBatch } from '../row-major-batch.ts'
import { JsonCursor } from './json-cursor.ts'
import { JsonScanner } from './json-scanner.ts'
import { JsonTextDecoder } from './json-text-decoder.ts'
import { LEARNED_KEYS_MAX } from './key-table.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

/** Replay: the seed and path that fast-check prints go into these options. */
const RUNS = { seed: 20_240_602, numRuns: 2_000 }
const KEYS = ['a', 'b', 'c', 'd', 'nested', 'deeper', 'ключ', 'zz', '__proto__', '']
const FEATURES = featureList.parse([
  { name: 'a', type: 'number' },
  { name: 'b', type: 'boolean' },
  { name: 'c', type: 'category', categories: ['x', 'Ж', '12', '-3', 'true', ''] },
  { name: 'a again', type: 'category', categories: ['1', '0'], source: 'a' },
  { name: 'na', type: 'number', source: 'nested.a', nonFinite: 'allow' },
  { name: 'nda', type: 'number', source: 'nested.deeper.a' },
  { name: 'k', type: 'number', source: 'ключ', missing: 'allow' },
  { name: 'd', type: 'category', categories: ['x', '1'], unseen: 'reject' },
])

const numberText = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('0', '-0', '1', '1.0', '0e0', '-0.0', '1E5', '12', '-3', '1e400', '1e-400', '1.00000000001'),
)
const scalarText = fc.oneof(
  numberText,
  fc.constantFrom('true', 'false', 'null', '"x"', '"Ж"', '"12"', '""', '"\\u0416"', '"a\\n"', '"😀"'),
  fc.string({ unit: 'binary', maxLength: 6 }).map((s) => JSON.stringify(s)),
)
/** JSON text with any spacing, keys out of a small set and therefore often twice. */
const documentText = fc.letrec<{ value: string; object: string; array: string }>((tie) => {
  const space = fc.constantFrom('', '', '', ' ', '\n', '\t ', '\r')
  const list = (item: fc.Arbitrary<string>, open: string, close: string) =>
    fc
      .tuple(
        space,
        fc.array(
          fc.tuple(space, item, space).map((t) => t.join('')),
          { maxLength: 6 },
        ),
      )
      .map(([s, items]) => `${open}${s}${items.join(',')}${close}`)
  return {
    value: fc.oneof(
      { maxDepth: 4 },
      { weight: 5, arbitrary: scalarText },
      { weight: 2, arbitrary: tie('object') },
      tie('array'),
    ),
    array: list(tie('value'), '[', ']'),
    object: list(
      fc
        .tuple(fc.constantFrom(...KEYS), space, space, tie('value'))
        .map(([key, s, t, value]) => `${JSON.stringify(key)}${s}:${t}${value}`),
      '{',
      '}',
    ),
  }
}).object

/** The two decoders on one text; the scanner may decline but not disagree. */
function compare(scanner: JsonScanner, text: JsonTextDecoder, bytes: Uint8Array): boolean {
  const [fast, slow] = [new RowMajorBatch(1, FEATURES.length), new RowMajorBatch(1, FEATURES.length)]
  const accepted = scanner.scan(bytes, 0, bytes.length, fast, 0)
  const fault = text.decode(bytes, 0, bytes.length, slow, 0)
  if (accepted) {
    expect(fault).toBe(0)
    expect([...fast.values]).toEqual([...slow.values])
  }
  return accepted
}

test('what the scanner accepts, JSON.parse reads the same', () => {
  const scanner = new JsonScanner(FEATURES, DECODER_LIMITS)
  const text = new JsonTextDecoder(FEATURES, DECODER_LIMITS)
  let accepted = 0
  fc.assert(
    fc.property(documentText, (document) => {
      if (compare(scanner, text, new TextEncoder().encode(document))) accepted++
    }),
    RUNS,
  )
  expect(accepted).toBeGreaterThan(RUNS.numRuns / 5)
})

test('and so it is after bytes were changed, dropped or doubled', () => {
  const scanner = new JsonScanner(FEATURES, DECODER_LIMITS)
  const text = new JsonTextDecoder(FEATURES, DECODER_LIMITS)
  const byte = fc.oneof(
    fc.constantFrom(...new TextEncoder().encode('{}[]",:\\0123456789.eE+-truefalsn u\n\x01\x80\xff')),
    fc.nat({ max: 255 }),
  )
  const change = fc.tuple(fc.nat(), byte, fc.constantFrom('set', 'drop', 'double'))
  let accepted = 0
  fc.assert(
    fc.property(documentText, fc.array(change, { minLength: 1, maxLength: 3 }), (document, changes) => {
      let bytes = [...new TextEncoder().encode(document)]
      for (const [where, value, kind] of changes) {
        const at = where % (bytes.length + 1)
        bytes = [
          ...bytes.slice(0, at),
          ...(kind === 'double' ? [value, bytes[at] ?? 32] : kind === 'set' ? [value] : []),
          ...bytes.slice(at + 1),
        ]
      }
      if (compare(scanner, text, Uint8Array.from(bytes))) accepted++
    }),
    RUNS,
  )
  expect(accepted).toBeGreaterThan(RUNS.numRuns / 40)
})

test('usual events are accepted, so that the scanner is worth having', () => {
  const scanner = new JsonScanner(FEATURES, DECODER_LIMITS)
  const batch = new RowMajorBatch(1, FEATURES.length)
  for (const document of [
    {
      id: 'customer 1',
      a: 0,
      b: true,
      c: 'x',
      nested: { a: 0.1 + 0.2, deeper: { a: 1 / 3 } },
      ключ: 123456.789,
      d: '1',
      list: [1, { z: null }],
    },
    { d: 'x', c: 'Ж', b: 0, a: 1, note: 'ünï 😀', nested: null },
  ]) {
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    expect(scanner.scan(bytes, 0, bytes.length, batch, 0)).toBe(true)
  }
})

test('keys without end do not fill the memory, and rows stay right', () => {
  const scanner = new JsonScanner(FEATURES, DECODER_LIMITS)
  const text = new JsonTextDecoder(FEATURES, DECODER_LIMITS)
  for (let i = 0; i < 3 * LEARNED_KEYS_MAX; i++) {
    const document = { [`key${i}`]: i, d: 'x', [`other${i}`]: 0, a: i }
    expect(compare(scanner, text, new TextEncoder().encode(JSON.stringify(document)))).toBe(true)
  }
})

function readNumber(token: string): number | undefined {
  const cursor = new JsonCursor()
  const bytes = new TextEncoder().encode(`${token} `)
  cursor.open(bytes, 0, bytes.length)
  if (!cursor.readNumber()) return undefined
  expect(cursor.position).toBe(token.length)
  return cursor.number[0]
}

test('a number that is read has the float32 of JSON.parse', () => {
  const digits = (max: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`))
  const written = fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(
        fc.constant('0'),
        digits(40).map((d) => d.replace(/^0+(?=.)/, '')),
      ),
      fc.option(digits(40)),
      fc.option(fc.tuple(fc.constantFrom('e', 'E-', 'e+'), digits(3))),
    )
    .map(
      ([sign, integer, fraction, power]) =>
        `${sign}${integer}${fraction === null ? '' : `.${fraction}`}${power?.join('') ?? ''}`,
    )
  const bits = fc.integer().map((n) => new Float32Array(Int32Array.of(n).buffer)[0]!)
  // Half way between two float32 values, and the float64 values beside it, are where a wrong rounding shows.
  const halfway = fc
    .tuple(bits, fc.constantFrom(-1, 0, 1))
    .filter(([x]) => Number.isFinite(x))
    .map(([x, side]) => {
      const above = new Float32Array(Int32Array.of(new Int32Array(Float32Array.of(x).buffer)[0]! + 1).buffer)[0]!
      const middle = (x + above) / 2
      return String(Number.isFinite(middle) ? middle + side * Math.abs(middle) * 2 ** -52 : x)
    })
  let read = 0
  fc.assert(
    fc.property(fc.oneof(written, halfway, numberText), (token) => {
      const value = readNumber(token)
      if (value === undefined) return
      read++
      expect(value).toBe(Math.fround(JSON.parse(token) as number))
    }),
    { ...RUNS, numRuns: 20_000 },
  )
  expect(read).toBeGreaterThan(10_000)
})

test.each([
  // 1 + 2^-24 is half way between 1 and the next float32; the texts are just below, on and just above it.
  ['1.00000005960464477538', undefined],
  ['1.000000059604644775390625', undefined],
  ['1.0000000596046448', undefined],
  ['1.00000005', 1],
  ['1.00000006', 1 + 2 ** -23],
  ['123456789012345678901234567890', 1.2345679e29],
  ['0.1234567890123456789', 0.12345679],
  ['-0.000000000000000000000000000000000000000000001', -1.401298464324817e-45],
  ['0e99999', 0],
  ['1e39', Infinity],
])('%s is read as %s', (token, expected) => {
  expect(readNumber(token)).toBe(expected === undefined ? undefined : Math.fround(expected))
})
