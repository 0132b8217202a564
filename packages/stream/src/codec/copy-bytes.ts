/** Above this the engine's block copy wins although it needs a view of the source (measured: 300 bytes in 42 ns either way). */
const WORD_COPY_MAX = 256
/** Up to here a loop over bytes is as fast as the block copy. */
const LOOP_MAX = 32

/** Copies `source[start, start + length)` to `target[at, …)` and returns the position after it. */
export function copyBytes(source: Uint8Array, start: number, length: number, target: Uint8Array, at: number): number {
  if (length > LOOP_MAX) {
    target.set(source.subarray(start, start + length), at)
  } else {
    for (let i = 0; i < length; i++) target[at + i] = source[start + i]!
  }
  return at + length
}

/** `repeatBytes` may write up to this many bytes behind what it was asked for. */
export const COPY_SLACK_BYTES = 8

/**
 * Writes `count` bytes at `at` that repeat what lies `distance` back, and returns the position after them. Both may overlap:
 * then the bytes just written repeat. Goes by words where it can, so `target` needs `COPY_SLACK_BYTES` more room.
 */
export function repeatBytes(target: Uint8Array, view: DataView, at: number, distance: number, count: number): number {
  const stop = at + count
  if (distance >= 8) {
    for (let i = at; i < stop; i += 8) view.setBigUint64(i, view.getBigUint64(i - distance, true), true)
  } else {
    for (let i = at; i < stop; i++) target[i] = target[i - distance]!
  }
  return stop
}

/**
 * Copies short runs out of one source, eight bytes at a time: a loop over bytes takes seven times longer. It keeps a view of
 * the source it saw last, so use one copier for each source.
 */
export class WordCopier {
  #source: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#source.buffer)

  /** As `copyBytes`; `targetView` spans all of `target`. */
  copy(
    source: Uint8Array,
    start: number,
    length: number,
    target: Uint8Array,
    targetView: DataView,
    at: number,
  ): number {
    if (length < 8 || length > WORD_COPY_MAX) return copyBytes(source, start, length, target, at)
    if (source !== this.#source) this.#look(source)
    const view = this.#view
    const tail = length - 8
    for (let i = 0; i < tail; i += 8) targetView.setBigUint64(at + i, view.getBigUint64(start + i, true), true)
    // The last word overlaps the one before instead of ending in single bytes.
    targetView.setBigUint64(at + tail, view.getBigUint64(start + tail, true), true)
    return at + length
  }

  #look(source: Uint8Array): void {
    this.#source = source
    this.#view = new DataView(source.buffer, source.byteOffset, source.length)
  }
}
