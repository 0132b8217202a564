import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeaderBlockBuilder } from './header-block.ts'
import { findHeader, HeaderBlockError, readHeaders } from './read-headers.ts'

type Header = readonly [name: string, value: Uint8Array | null]

const utf8 = new TextEncoder()

function collect(bytes: Uint8Array, start: number, length: number, count: number): Header[] {
  const headers: Header[] = []
  readHeaders(bytes, start, length, count, (nameStart, nameLength, valueStart, valueLength) => {
    const name = Buffer.from(bytes.subarray(nameStart, nameStart + nameLength)).toString()
    headers.push([name, valueLength < 0 ? null : bytes.slice(valueStart, valueStart + valueLength)])
    return true
  })
  return headers
}

function find(block: HeaderBlockBuilder, name: string): string | null | undefined {
  const found = { start: -7, length: -7 }
  if (!findHeader(block.bytes, 0, block.length, block.count, utf8.encode(name), found)) {
    expect(found).toEqual({ start: -7, length: -7 })
    return undefined
  }
  if (found.length < 0) return null
  return Buffer.from(block.bytes.subarray(found.start, found.start + found.length)).toString()
}

describe('a header block', () => {
  it('has the bytes of the record format', () => {
    const block = new HeaderBlockBuilder()
      .text('a', 'é')
      .binary('ü', null)
      .binary('', new Uint8Array([9]))
    const expected = [0x02, 0x61, 0x04, 0xc3, 0xa9, 0x04, 0xc3, 0xbc, 0x01, 0x00, 0x02, 0x09]
    expect([...block.bytes.subarray(0, block.length)]).toEqual(expected)
    expect(block.count).toBe(3)
  })

  it('gives back what was put in, with any text, in order, duplicates too', () => {
    const anyHeader = fc.tuple(
      fc.string({ unit: 'binary', maxLength: 90 }),
      fc.option(fc.uint8Array({ maxLength: 90 })),
    )
    const block = new HeaderBlockBuilder()
    fc.assert(
      fc.property(fc.array(anyHeader, { maxLength: 20 }), (headers) => {
        block.clear()
        for (const [name, value] of headers) block.binary(name, value)
        expect(collect(block.bytes, 0, block.length, block.count)).toEqual(headers)
      }),
      { seed: 20260904, numRuns: 100 },
    )
  })

  it('writes text values as UTF-8, also beyond ASCII and across growth', () => {
    const block = new HeaderBlockBuilder()
    const texts = ['', 'plain', 'schlüssel', '鍵'.repeat(100), '😀'.repeat(80), `${'a'.repeat(300)}é`]
    for (const text of texts) block.text(text, text)
    expect(collect(block.bytes, 0, block.length, block.count)).toEqual(
      texts.map((text) => [text, new Uint8Array(utf8.encode(text))]),
    )
  })

  it('keeps its memory when it is cleared', () => {
    const block = new HeaderBlockBuilder().text('name', 'value')
    const { bytes } = block
    block.clear()
    expect(block.length).toBe(0)
    expect(block.count).toBe(0)
    block.text('name', 'other')
    expect(block.bytes).toBe(bytes)
  })
})

describe('findHeader', () => {
  const block = new HeaderBlockBuilder()
    .text('sluice-origin', 'forged')
    .text('other', 'x')
    .text('sluice-origin', '3:17')
    .binary('empty', null)

  it('finds the last of a name', () => {
    expect(find(block, 'sluice-origin')).toBe('3:17')
    expect(find(block, 'other')).toBe('x')
  })

  it('tells a header without a value from a missing one', () => {
    expect(find(block, 'empty')).toBeNull()
    expect(find(block, 'sluice-origi')).toBeUndefined()
    expect(find(block, 'sluice-origin-')).toBeUndefined()
  })
})

describe('readHeaders', () => {
  it('stops when the visitor has seen enough', () => {
    const block = new HeaderBlockBuilder().text('a', '1').text('b', '2')
    let visits = 0
    readHeaders(block.bytes, 0, block.length, block.count, () => {
      visits++
      return false
    })
    expect(visits).toBe(1)
  })

  it.each([
    ['a count that is too high', 3, 0],
    ['a count that is too low', 1, 0],
    ['a length that is too short', 2, -1],
    ['a length that is too long', 2, 1],
  ])('refuses %s', (_, count, by) => {
    const block = new HeaderBlockBuilder().text('a', '1').text('b', '2')
    expect(() => collect(block.bytes, 0, block.length + by, count)).toThrow(HeaderBlockError)
  })
})
