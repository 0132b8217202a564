import { COMPATIBILITY } from '@kafkajs/confluent-schema-registry'
import { type Clock, DependencyError } from '@sluice/contracts'
import {
  type AvroSchemaJson,
  type CompatibilityReport,
  checkAvroCompatibility,
  freezeSchema,
  type Incompatibility,
  type RegisteredSchema,
  type SchemaRegistry,
  SchemaRejectedError,
  type WriterVersion,
} from '@sluice/stream'
import { ConfluentClient, isClientRefusal, statusOf } from './confluent-client.ts'
import {
  callRegistry,
  propertyOf,
  type RegistryAddress,
  type RegistryAnswer,
  registryAddress,
  unreachable,
  wrongStatus,
} from './registry-http.ts'
import { SchemaCache } from './schema-cache.ts'

/** Longest one call to the registry may take, in milliseconds. */
export const REGISTRY_TIMEOUT_MS = 5_000
/** Most versions of one subject that a compatibility check reads. */
export const VERSIONS_MAX = 1_000

export interface SchemaRegistryOptions {
  /** Base URL, with credentials if it needs any. */
  readonly url: string
  readonly clock: Clock
  readonly timeoutMs?: number
}

/** A registry that speaks Confluent's REST interface: Confluent, Apicurio (`/apis/ccompat/v7`), Karapace, Redpanda. */
export function confluentSchemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  return new ConfluentSchemaRegistry(options)
}

class ConfluentSchemaRegistry implements SchemaRegistry {
  readonly #address: RegistryAddress
  readonly #timeoutMs: number
  readonly #client: ConfluentClient
  readonly #cache: SchemaCache

  constructor(options: SchemaRegistryOptions) {
    this.#address = registryAddress(options.url)
    this.#timeoutMs = options.timeoutMs ?? REGISTRY_TIMEOUT_MS
    this.#client = new ConfluentClient(this.#address, this.#timeoutMs)
    this.#cache = new SchemaCache({ clock: options.clock, load: (id) => this.#load(id) })
  }

  async schemaById(id: number): Promise<AvroSchemaJson | undefined> {
    // Ids are positive 32-bit integers; a frame can carry any four bytes.
    return id >= 1 && id <= 0x7f_ff_ff_ff ? this.#cache.get(id) : undefined
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    return this.#version(subject, 'latest')
  }

  async check(subject: string, schema: AvroSchemaJson): Promise<CompatibilityReport> {
    return checkAvroCompatibility(schema, await this.#versions(subject))
  }

  async register(subject: string, schema: AvroSchemaJson): Promise<number> {
    const { reasons, version } = await this.check(subject, schema)
    if (reasons.length > 0) throw new SchemaRejectedError(subject, reasons)
    const known = version === undefined ? undefined : await this.#version(subject, version)
    if (known !== undefined) return known.id
    const compatibility = await this.#subjectCompatibility(subject)
    const text = JSON.stringify(schema)
    try {
      const id = await this.#client.register(subject, text, compatibility)
      if (typeof id !== 'number') throw wrongStatus(this.#address, 200, `the registration under ${subject}`)
      return id
    } catch (error) {
      // A conflict also means that another process registered the very same schema at the same moment.
      const theirs = statusOf(error) === 409 ? await this.#client.registeredId(subject, text) : undefined
      if (theirs !== undefined) return theirs
      throw this.#refusal(subject, error)
    }
  }

  async #load(id: number): Promise<AvroSchemaJson | undefined> {
    const { answer, parsed, failure } = await this.#client.schema(id)
    if (answer === undefined) {
      if (statusOf(failure) !== 404) throw this.#dependencyError(failure, `GET /schemas/ids/${id}`)
      // A wrong base path answers 404 to everything, and taking that for an unknown id would dead-letter every event.
      await callRegistry(this.#address, this.#timeoutMs, 'GET', '/schemas/types')
      return undefined
    }
    const schemaType = propertyOf(answer, 'schemaType') ?? 'AVRO'
    if (schemaType !== 'AVRO') return Object.freeze({ type: String(schemaType) })
    const references = propertyOf(answer, 'references')
    if (Array.isArray(references) && references.length > 0) {
      // The parsed type has the referenced types inlined, which is all a reader of the bytes needs.
      if (parsed === undefined) throw this.#dependencyError(failure, `the references of schema ${id}`)
      return freezeSchema(structuredClone(parsed.schema({ exportAttrs: true })))
    }
    return this.#parseText(propertyOf(answer, 'schema'), `schema ${id}`)
  }

  async #versions(subject: string): Promise<readonly WriterVersion[]> {
    const answer = await this.#get(`/subjects/${encodeURIComponent(subject)}/versions`)
    if (answer.status === 404) return []
    if (!Array.isArray(answer.body)) throw wrongStatus(this.#address, answer.status, `the versions of ${subject}`)
    const numbers = answer.body.filter((v) => typeof v === 'number')
    if (numbers.length > VERSIONS_MAX) {
      throw new DependencyError('schema registry', `${subject} has ${numbers.length} versions`, {
        next: `Delete old versions: at most ${VERSIONS_MAX} can be checked.`,
      })
    }
    const versions: WriterVersion[] = []
    for (const number of numbers) {
      const found = await this.#version(subject, number)
      if (found !== undefined) versions.push(found)
    }
    return versions
  }

  async #version(subject: string, version: number | 'latest'): Promise<RegisteredSchema | undefined> {
    const { status, body } = await this.#get(`/subjects/${encodeURIComponent(subject)}/versions/${version}`)
    if (status === 404) return undefined
    const [id, number] = [propertyOf(body, 'id'), propertyOf(body, 'version')]
    if (typeof id !== 'number' || typeof number !== 'number') {
      throw wrongStatus(this.#address, status, `the versions of ${subject}, without an id`)
    }
    const schema = this.#parseText(propertyOf(body, 'schema'), `${subject} version ${version}`)
    return { id, version: number, schema }
  }

  /**
   * The subject's own rule. Without one a registry may check nothing (Apicurio's global rule is NONE and wins over a
   * missing one), so it is set before the first version. A rule that somebody chose is kept.
   */
  async #subjectCompatibility(subject: string): Promise<COMPATIBILITY> {
    const before = await this.#ownRule(subject)
    if (before !== undefined) return before
    try {
      const body = { compatibility: COMPATIBILITY.BACKWARD_TRANSITIVE }
      await callRegistry(this.#address, this.#timeoutMs, 'PUT', `/config/${encodeURIComponent(subject)}`, body)
      return COMPATIBILITY.BACKWARD_TRANSITIVE
    } catch (error) {
      // Another process may have set it at the same moment, which a registry is free to call a conflict.
      const after = await this.#ownRule(subject)
      if (after === undefined) throw error
      return after
    }
  }

  async #ownRule(subject: string): Promise<COMPATIBILITY | undefined> {
    const level = propertyOf((await this.#get(`/config/${encodeURIComponent(subject)}`)).body, 'compatibilityLevel')
    if (typeof level !== 'string' || level === COMPATIBILITY.NONE || !(level in COMPATIBILITY)) return undefined
    return level as COMPATIBILITY
  }

  #get(path: string): Promise<RegistryAnswer> {
    return callRegistry(this.#address, this.#timeoutMs, 'GET', path)
  }

  #parseText(text: unknown, what: string): AvroSchemaJson {
    try {
      const schema: unknown = JSON.parse(String(text))
      return freezeSchema(typeof schema === 'object' && schema !== null ? schema : { type: schema })
    } catch (cause) {
      throw new DependencyError('schema registry', `${what} is not JSON`, {
        next: 'Look into the log of the schema registry.',
        cause,
      })
    }
  }

  /** The registry says no without saying why, or was quicker than our own check; 409 and 422 are told by status alone. */
  #refusal(subject: string, error: unknown): Error {
    const status = statusOf(error)
    const reject = (rule: Incompatibility['rule']): Error =>
      new SchemaRejectedError(subject, [{ rule, path: '', message: (error as Error).message }], { cause: error })
    if (status === 409) return reject('REFUSED_BY_REGISTRY')
    if (status === 422 || isClientRefusal(error)) return reject('INVALID_SCHEMA')
    return this.#dependencyError(error, `the registration under ${subject}`)
  }

  #dependencyError(error: unknown, call: string): DependencyError {
    if (error instanceof DependencyError) return error
    const status = statusOf(error)
    if (status === undefined) return unreachable(this.#address, this.#timeoutMs, error)
    return wrongStatus(this.#address, status, call)
  }
}
