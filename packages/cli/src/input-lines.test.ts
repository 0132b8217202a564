import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inputLines } from './input-lines.ts'

async function lines(chunks: readonly Uint8Array[], bytesMax = 1_000) {
  async function* input(): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  const found = []
  for await (const line of inputLines(input(), bytesMax)) found.push(line)
  return found
}

test('lines are the same however the bytes are cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 8 })),
      fc.array(fc.nat(40)),
      async (texts, cuts) => {
        const clean = texts.map((t) => t.replaceAll(/[\r\n]/g, '.'))
        const bytes = Buffer.from(clean.map((t) => `${t}\n`).join(''))
        const chunks: Uint8Array[] = []
        let at = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut))
          at += cut
        }
        chunks.push(bytes.subarray(at))
        expect((await lines(chunks)).map((l) => l.text)).toEqual(clean)
      },
    ),
    { seed: 20_261_128 },
  )
})

test('a last line without a break counts, Windows line ends go, numbers start at 1', async () => {
  expect(await lines([Buffer.from('a\r\n\nb')])).toEqual([
    { number: 1, text: 'a', tooLong: false, isUtf8: true },
    { number: 2, text: '', tooLong: false, isUtf8: true },
    { number: 3, text: 'b', tooLong: false, isUtf8: true },
  ])
  expect(await lines([])).toEqual([])
})

test('the limit holds from both sides, and the next line is read again', async () => {
  const found = await lines([Buffer.from('1234'), Buffer.from('5\n123456\n'), Buffer.from('7')], 5)
  expect(found.map((l) => [l.text, l.tooLong])).toEqual([
    ['12345', false],
    ['', true],
    ['7', false],
  ])
})

test('a byte order mark at the start is no text; bytes that are not UTF-8 are told, and the next line is read', async () => {
  expect((await lines([Buffer.from('\ufeffa\n\ufeffb')])).map((l) => l.text)).toEqual(['a', '\ufeffb'])
  const found = await lines([Buffer.from([0x61, 0xff, 0x0a, 0x62])])
  expect(found.map((l) => [l.text, l.isUtf8])).toEqual([
    ['', false],
    ['b', true],
  ])
})
