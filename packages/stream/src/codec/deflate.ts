import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { Arena } from './arena.ts'
import { BatchFault } from './batch-fault.ts'
import type { Compression } from './batch-layout.ts'
import { deflateLz4 } from './deflate-lz4.ts'
import { deflateSnappy } from './deflate-snappy.ts'

/** Appends the compressed bytes of `source[start, end)` to the arena. Works synchronously, as a batch is small. */
export function deflate(compression: Compression, source: Uint8Array, start: number, end: number, arena: Arena): void {
  switch (compression) {
    case 'none':
      arena.append(source.subarray(start, end))
      return
    case 'gzip':
      arena.append(gzipSync(source.subarray(start, end)))
      return
    case 'snappy':
      deflateSnappy(source, start, end, arena)
      return
    case 'lz4':
      deflateLz4(source, start, end, arena)
      return
    case 'zstd':
      // Node.js 22.15 brought zstd; the name is undefined before.
      if (typeof zstdCompressSync !== 'function') throw new BatchFault('E_BATCH_CODEC_UNAVAILABLE', process.version)
      arena.append(zstdCompressSync(source.subarray(start, end)))
  }
}
