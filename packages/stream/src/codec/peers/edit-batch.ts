import { BATCH } from '../batch-layout.ts'
import { crc32c } from '../crc32c.ts'

/** A copy of a sealed batch with some bytes changed and the checksum made to match them again. */
export function editBatch(batch: Uint8Array, edit: (view: DataView<ArrayBuffer>) => void): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(batch)
  const view = new DataView(copy.buffer)
  edit(view)
  view.setUint32(BATCH.checksum, crc32c(copy, BATCH.attributes, copy.length))
  return copy
}

/** A copy of a sealed batch at the place where a broker would have put it. */
export function placeBatch(batch: Uint8Array, baseOffset: bigint): Uint8Array<ArrayBuffer> {
  return editBatch(batch, (view) => view.setBigInt64(BATCH.baseOffset, baseOffset))
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
