import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { ByteVocabulary } from './byte-vocabulary.ts'
import { featureSpec } from './feature-spec.ts'
import { IntegerVocabulary } from './integer-vocabulary.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

const utf8 = (text: string) => new TextEncoder().encode(text)

test('a text is found by its bytes exactly when the list has it', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 }).map((s) => s.toWellFormed())
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 60 }), text, (entries, other) => {
      const vocabulary = new ByteVocabulary(entries)
      for (const sought of [...entries, other]) {
        const bytes = utf8(`#${sought}#`)
        expect(vocabulary.indexOf(bytes, 1, bytes.length - 2)).toBe(entries.indexOf(sought))
      }
    }),
    { seed: 3, numRuns: 300 },
  )
})

test('a full vocabulary of 65,536 texts finds each', () => {
  const entries = Array.from({ length: 65_536 }, (_, i) => `category ${i}`)
  const vocabulary = new ByteVocabulary(entries)
  for (let i = 0; i < entries.length; i += 97) {
    const bytes = utf8(entries[i]!)
    expect(vocabulary.indexOf(bytes, 0, bytes.length)).toBe(i)
  }
})

test('texts that differ in bytes which a quick look passes over are told apart', () => {
  // 26^2 texts of 16 letters that are alike at the ends, in the middle and at the quarters.
  const entries = Array.from({ length: 676 }, (_, i) => {
    const letters = [...'aaaaaaaaaaaaaaaa']
    letters[1] = String.fromCharCode(97 + (i % 26))
    letters[6] = String.fromCharCode(97 + Math.floor(i / 26))
    return letters.join('')
  })
  const vocabulary = new ByteVocabulary(entries)
  entries.forEach((entry, i) => {
    expect(vocabulary.indexOf(utf8(entry), 0, 16)).toBe(i)
  })
  expect(vocabulary.indexOf(utf8('aAaaaaaaaaaaaaaa'), 0, 16)).toBe(-1)
})

test('a whole number is found by the text it has', () => {
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const near = fc.oneof(int64, fc.bigInt({ min: -20n, max: 20n }))
  fc.assert(
    fc.property(fc.uniqueArray(near, { maxLength: 30 }), near, (numbers, other) => {
      const entries = ['', '00', '+1', '1.0', '-0', '9223372036854775808', ...numbers.map(String)]
      const vocabulary = new IntegerVocabulary(entries)
      for (const sought of [...numbers, other]) {
        const low = Number(BigInt.asIntN(32, sought))
        const high = Number(BigInt.asIntN(32, sought >> 32n))
        expect(vocabulary.indexOf(low, high)).toBe(entries.indexOf(String(sought)))
      }
    }),
    { seed: 4, numRuns: 300 },
  )
})

test.each([
  ['twice the same', ['a', 'a'], false],
  ['half a surrogate pair', ['\ud800'], false],
  ['1,024 characters', ['a'.repeat(1024)], true],
  ['1,025 characters', ['a'.repeat(1025)], false],
  ['65,536 entries', Array.from({ length: 65_536 }, (_, i) => String(i)), true],
  ['65,537 entries', Array.from({ length: 65_537 }, (_, i) => String(i)), false],
])('a vocabulary with %s', (_name, categories, valid) => {
  expect(featureSpec.safeParse({ name: 'c', type: 'category', categories }).success).toBe(valid)
})

test.each(['.a', 'a.', 'a..b', ''])('%j is no source', (source) => {
  expect(featureSpec.safeParse({ name: 'n', type: 'number', source }).success).toBe(false)
})
