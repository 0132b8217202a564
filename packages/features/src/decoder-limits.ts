/**
 * What one record may cost. A record beyond a limit is a fault, so that no producer can make a small record expensive:
 * every other step of a decoder consumes input.
 */
export interface DecoderLimits {
  /** Records, arrays and maps (JSON: objects and arrays) that may be open inside each other, the event itself included. */
  readonly maxDepth: number
  /** Array and map items of one record in all (JSON: commas and opening brackets, which is the number of values). */
  readonly maxItems: number
  /** Bytes of one string, bytes value or map key (JSON: bytes between the quotes). */
  readonly maxStringBytes: number
}

export const MAX_DEPTH = 64
export const MAX_ITEMS = 100_000
export const MAX_STRING_BYTES = 1_048_576

export const DECODER_LIMITS: DecoderLimits = {
  maxDepth: MAX_DEPTH,
  maxItems: MAX_ITEMS,
  maxStringBytes: MAX_STRING_BYTES,
}
