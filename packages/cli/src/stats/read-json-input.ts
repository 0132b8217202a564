import { UsageError } from '../exit-codes.ts'

/** Standard input is one document in memory; larger data belongs into counters. */
export const INPUT_BYTES_MAX = 256 * 1024 * 1024

/** The JSON document on standard input. */
export async function readJsonInput(input: AsyncIterable<Uint8Array>): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of input) {
    bytes += chunk.length
    if (bytes > INPUT_BYTES_MAX) {
      throw new UsageError(`input: more than ${INPUT_BYTES_MAX} bytes; give counters instead of raw values`)
    }
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  if (text.trim() === '') throw new UsageError('input: is empty; give one JSON object on standard input')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`input: is no JSON: ${(error as Error).message}`, { cause: error })
  }
}
