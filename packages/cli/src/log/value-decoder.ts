import {
  AvroSchemaError,
  type AvroType,
  AvroValueError,
  parseAvroSchema,
  readAvroValue,
  type SchemaRegistry,
} from '@sluice/stream'

/** What the bytes of a value are. */
export type DecodedValue =
  | { readonly format: 'null' }
  | { readonly format: 'avro'; readonly schemaId: number; readonly value: unknown }
  | { readonly format: 'json'; readonly value: unknown }
  | { readonly format: 'text'; readonly value: string }
  | { readonly format: 'binary'; readonly value: Uint8Array; readonly problem?: string }

/** Bytes before the payload of a registry frame: magic byte 0 and a 32-bit id. */
const FRAME_BYTES = 5
/** Most parsed schemas kept. */
const TYPES_MAX = 256

/** Makes values readable: Avro through the registry, JSON, text; what is none of these stays bytes, with the reason. */
export class ValueDecoder {
  readonly #registry: SchemaRegistry
  readonly #types = new Map<number, AvroType | string>()

  constructor(registry: SchemaRegistry) {
    this.#registry = registry
  }

  async decode(bytes: Uint8Array | null): Promise<DecodedValue> {
    if (bytes === null) return { format: 'null' }
    if (bytes[0] === 0 && bytes.length >= FRAME_BYTES) return this.#decodeFrame(bytes)
    const text = utf8(bytes)
    if (text === undefined) return { format: 'binary', value: bytes }
    const json = parseJson(text)
    return json === undefined ? { format: 'text', value: text } : { format: 'json', value: json.value }
  }

  async #decodeFrame(bytes: Uint8Array): Promise<DecodedValue> {
    const schemaId = new DataView(bytes.buffer, bytes.byteOffset).getInt32(1)
    const type = await this.#type(schemaId)
    if (typeof type === 'string') return { format: 'binary', value: bytes, problem: type }
    try {
      return { format: 'avro', schemaId, value: readAvroValue(type, bytes, FRAME_BYTES) }
    } catch (error) {
      if (!(error instanceof AvroValueError)) throw error
      return { format: 'binary', value: bytes, problem: `is not a value of schema ${schemaId}: ${error.message}` }
    }
  }

  /** The parsed schema, or why there is none. */
  async #type(id: number): Promise<AvroType | string> {
    const known = this.#types.get(id)
    if (known !== undefined) return known
    const schema = await this.#registry.schemaById(id)
    if (schema === undefined) return `the registry has no schema with id ${id}`
    let type: AvroType | string
    try {
      type = parseAvroSchema(schema)
    } catch (error) {
      if (!(error instanceof AvroSchemaError)) throw error
      type = `schema ${id} is not Avro: ${error.message}`
    }
    if (this.#types.size >= TYPES_MAX) this.#types.clear()
    this.#types.set(id, type)
    return type
  }
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined // Not text, which is an answer and not a failure.
  }
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
