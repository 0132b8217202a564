import { DECODER_LIMITS, type DecoderLimits } from '../decoder-limits.ts'
import type { FeatureDecoder } from '../feature-decoder.ts'
import type { FeatureSpec } from '../feature-spec.ts'
import { AvroDecoder } from './avro-decoder.ts'
import { compileProgram } from './compile-program.ts'
import { parseSchema } from './parse-schema.ts'

export interface AvroDecoderOptions {
  /**
   * JSON text of the endpoint's own schema. Its defaults fill fields that the writer does not have, its aliases find fields
   * that the writer names otherwise, and its types say which promotions are allowed. Without it a field that the writer
   * does not have is missing.
   */
  readonly readerSchema?: string
  readonly limits?: DecoderLimits
}

/**
 * Compiles the decoder for one writer schema: once per schema id, not per record. Logical types are ignored: a date is the
 * number it is written as.
 *
 * Errors  `SchemaUnusable` with every reason, each naming the field, when the schema is not one or cannot fill the features.
 */
export function compileAvroDecoder(
  writerSchema: string,
  features: readonly FeatureSpec[],
  options: AvroDecoderOptions = {},
): FeatureDecoder {
  const writer = parseSchema(writerSchema)
  const reader = options.readerSchema === undefined ? undefined : parseSchema(options.readerSchema)
  return new AvroDecoder(compileProgram(writer, features, reader), options.limits ?? DECODER_LIMITS)
}
