import { DATA_AT, DATA_BYTES, instantiateChecksum } from './crc32c-module.ts'

const checksum = instantiateChecksum()

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  let crc = -1
  for (let at = start; at < end; at += DATA_BYTES) {
    const stop = Math.min(end, at + DATA_BYTES)
    checksum.memory.set(bytes.subarray(at, stop), DATA_AT)
    crc = checksum.update(crc, DATA_AT, DATA_AT + stop - at)
  }
  return ~crc >>> 0
}
