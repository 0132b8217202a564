import { isUtf8 as isUtf8Bytes } from 'node:buffer'

export interface InputLine {
  /** Counts from 1. */
  readonly number: number
  /** Without the line break; empty when the line was too long or is not UTF-8. */
  readonly text: string
  readonly tooLong: boolean
  readonly isUtf8: boolean
}

/**
 * Lines of a byte stream, read as UTF-8 with or without a byte order mark, a final line break or none. A line longer than the limit is dropped as it comes,
 * so that input without line breaks cannot fill the memory.
 */
export async function* inputLines(input: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<InputLine> {
  let parts: Uint8Array[] = []
  let length = 0
  let number = 0
  const finish = (): InputLine => {
    const tooLong = length > bytesMax
    const bytes = Buffer.concat(parts)
    const isUtf8 = isUtf8Bytes(bytes)
    parts = []
    length = 0
    number++
    const text = tooLong || !isUtf8 ? '' : bytes.toString('utf8').replace(/\r$/, '')
    return { number, text: number === 1 ? text.replace(/^\ufeff/, '') : text, tooLong, isUtf8 }
  }
  for await (const chunk of input) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      yield finish()
      start = end + 1
    }
    add(chunk.subarray(start))
  }
  if (length > 0) yield finish()

  function add(part: Uint8Array): void {
    length += part.length
    if (length <= bytesMax && part.length > 0) parts.push(part)
    else if (length > bytesMax) parts = []
  }
}

const NEWLINE = 0x0a
