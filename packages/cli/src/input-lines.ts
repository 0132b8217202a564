export interface InputLine {
  /** Counts from 1. */
  readonly number: number
  /** Without the line break; empty when the line was too long. */
  readonly text: string
  readonly tooLong: boolean
}

/**
 * Lines of a byte stream, read as UTF-8, a final line break or none. A line longer than the limit is dropped as it comes,
 * so that input without line breaks cannot fill the memory.
 */
export async function* inputLines(input: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<InputLine> {
  let parts: Uint8Array[] = []
  let length = 0
  let number = 0
  const finish = (): InputLine => {
    const tooLong = length > bytesMax
    const text = tooLong ? '' : Buffer.concat(parts).toString('utf8').replace(/\r$/, '')
    parts = []
    length = 0
    return { number: ++number, text, tooLong }
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
