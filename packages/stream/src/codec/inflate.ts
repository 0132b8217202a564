import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Arena } from './arena.ts'
import { BatchFault } from './batch-fault.ts'
import type { Compression } from './batch-layout.ts'
import { inflateLz4 } from './inflate-lz4.ts'
import { inflateSnappy } from './inflate-snappy.ts'

/**
 * Appends the inflated bytes of `source[start, end)` to the arena: at most `limit` of them, else throws
 * `E_BATCH_INFLATED_TOO_LARGE`. Works synchronously: a batch is small and the lane that waits for it has nothing else to do.
 */
export function inflate(
  compression: Compression,
  source: Uint8Array,
  start: number,
  end: number,
  arena: Arena,
  limit: number,
): void {
  switch (compression) {
    case 'none':
      arena.append(source.subarray(start, end))
      return
    case 'gzip':
      arena.append(runZlib(gunzipSync, source.subarray(start, end), limit))
      return
    case 'snappy':
      inflateSnappy(source, start, end, arena, limit)
      return
    case 'lz4':
      inflateLz4(source, start, end, arena, limit)
      return
    case 'zstd':
      // Node.js 22.15 brought zstd; the name is undefined before.
      if (typeof zstdDecompressSync !== 'function') throw new BatchFault('E_BATCH_CODEC_UNAVAILABLE', process.version)
      arena.append(runZlib(zstdDecompressSync, source.subarray(start, end), limit))
  }
}

type Inflater = (source: Uint8Array, options: { maxOutputLength: number }) => Uint8Array

function runZlib(inflater: Inflater, source: Uint8Array, limit: number): Uint8Array {
  if (limit < 1) throw tooLarge(limit)
  try {
    return inflater(source, { maxOutputLength: limit })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit)
    if (code.startsWith('Z')) throw new BatchFault('E_BATCH_COMPRESSED_DATA', code, error)
    throw error
  }
}

export function tooLarge(limit: number): BatchFault {
  return new BatchFault('E_BATCH_INFLATED_TOO_LARGE', `more than the ${limit} bytes left of the limit`)
}
