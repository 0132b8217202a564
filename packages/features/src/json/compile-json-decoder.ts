import { DECODER_LIMITS, type DecoderLimits } from '../decoder-limits.ts'
import type { FeatureDecoder } from '../feature-decoder.ts'
import type { FeatureSpec } from '../feature-spec.ts'
import { JsonScanner } from './json-scanner.ts'
import { JsonTextDecoder } from './json-text-decoder.ts'

/**
 * The decoder for events that are JSON objects. Numbers are exactly those of `JSON.parse`; of equal keys the last one counts;
 * a number in quotes is a type fault; a boolean feature also reads 0 and 1.
 */
export function compileJsonDecoder(
  features: readonly FeatureSpec[],
  limits: DecoderLimits = DECODER_LIMITS,
): FeatureDecoder {
  const scanner = new JsonScanner(features, limits)
  const text = new JsonTextDecoder(features, limits)
  return {
    width: features.length,
    decode(bytes, start, length, batch, row) {
      if (scanner.scan(bytes, start, length, batch, row)) return 0
      return text.decode(bytes, start, length, batch, row)
    },
  }
}
