/** From here on the engine's block copy beats the loop although it needs a view of the source. */
const LOOP_BYTES_MAX = 64

/** Copies `source[start, start + length)` to `target[at, …)` and returns the position after it. */
export function copyBytes(source: Uint8Array, start: number, length: number, target: Uint8Array, at: number): number {
  if (length > LOOP_BYTES_MAX) {
    target.set(source.subarray(start, start + length), at)
  } else {
    for (let i = 0; i < length; i++) target[at + i] = source[start + i]!
  }
  return at + length
}
