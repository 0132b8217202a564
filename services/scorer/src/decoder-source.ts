import type { RecordFault } from '@sluice/contracts'
import {
  compileAvroDecoder,
  compileJsonDecoder,
  type FeatureDecoder,
  type FeatureSpec,
  type Frame,
  refusingDecoder,
  SchemaUnusable,
} from '@sluice/features'
import type { SchemaRegistry } from '@sluice/stream'

/** Writer schemas whose compiled decoders are kept; producers that register schemas without end must not fill the memory. */
export const DECODERS_MAX = 256

/** The compiled decoder for each way in which events of an endpoint are written. */
export class DecoderSource {
  readonly #registry: SchemaRegistry
  readonly #features: readonly FeatureSpec[]
  readonly #readerSchema: string
  readonly #json: FeatureDecoder
  readonly #bySchema = new Map<number, FeatureDecoder>()

  /** `readerSchema` is the endpoint's own event schema: its defaults and aliases apply to what older producers wrote. */
  constructor(options: {
    readonly registry: SchemaRegistry
    readonly features: readonly FeatureSpec[]
    readonly readerSchema: string
  }) {
    this.#registry = options.registry
    this.#features = options.features
    this.#readerSchema = options.readerSchema
    this.#json = compileJsonDecoder(options.features)
  }

  /** The decoder if it is at hand; `undefined` when its schema must be loaded first. */
  known(frame: Frame): FeatureDecoder | undefined {
    return frame.kind === 'json' ? this.#json : this.#bySchema.get(frame.schemaId)
  }

  /**
   * Fetches and compiles. An id that the registry does not know is a fault of the record and is asked for again later,
   * since a registry may learn it. Throws DependencyError when the registry does not answer.
   */
  async load(schemaId: number): Promise<FeatureDecoder | RecordFault> {
    const schema = await this.#registry.schemaById(schemaId)
    if (schema === undefined) return { code: 'E_SCHEMA_UNKNOWN', at: `schema ${schemaId}` }
    const decoder = this.#compile(JSON.stringify(schema))
    if (this.#bySchema.size >= DECODERS_MAX) this.#bySchema.delete(this.#bySchema.keys().next().value!)
    this.#bySchema.set(schemaId, decoder)
    return decoder
  }

  /** A schema that cannot fill the features refuses each of its records: no registry can change what an id means. */
  #compile(writerSchema: string): FeatureDecoder {
    try {
      return compileAvroDecoder(writerSchema, this.#features, { readerSchema: this.#readerSchema })
    } catch (error) {
      if (!(error instanceof SchemaUnusable)) throw error
      return refusingDecoder(this.#features.length, error.fault)
    }
  }
}
