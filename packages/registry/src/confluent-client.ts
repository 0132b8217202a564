import { SchemaRegistry as Client, type COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import { propertyOf, type RegistryAddress, unreachable } from './registry-http.ts'

/** The client does not export the class of the error that it throws for a schema it cannot parse. */
const CLIENT_ARGUMENT_ERROR = 'ConfluentSchemaRegistryArgumentError'
/** One call may ask for the rule and for the schema, and each of these once more. */
const REQUESTS_PER_CALL = 4

/** What the registry said about an id, and what the client made of it. */
export interface SchemaAnswer {
  /** The registry's JSON as it came; `undefined` when there was no good answer. */
  readonly answer: unknown
  /** The client's parsed type with all references inlined; `undefined` when it could not be parsed. */
  readonly parsed: { schema(options: { readonly exportAttrs: boolean }): object } | undefined
  readonly failure: unknown
}

/**
 * The client library with limited time, no cache of its own, and the registry's answers as they came: its parsed types have
 * lost logical types and enum defaults.
 */
export class ConfluentClient {
  readonly #address: RegistryAddress
  readonly #timeoutMs: number
  readonly #client: Client
  /** Look-ups under way, each with the registry's answer once it is there. */
  readonly #answers = new Map<number, unknown>()

  constructor(address: RegistryAddress, timeoutMs: number) {
    this.#address = address
    this.#timeoutMs = timeoutMs
    this.#client = this.#open()
  }

  async schema(id: number): Promise<SchemaAnswer> {
    let parsed: unknown
    let failure: unknown
    this.#answers.set(id, undefined)
    try {
      parsed = await this.#withinTime(this.#client.getSchema(id))
    } catch (error) {
      failure = error
    }
    const answer = this.#answers.get(id)
    this.#answers.delete(id)
    return { answer, parsed: parsed as SchemaAnswer['parsed'], failure }
  }

  /** Registers a schema text under a subject whose rule is `compatibility`, and returns what the registry calls its id. */
  async register(subject: string, text: string, compatibility: COMPATIBILITY): Promise<unknown> {
    const { id } = await this.#withinTime(
      this.#client.register(envelope(text), { subject, compatibility, updateConfig: false }),
    )
    return id
  }

  /** The id that a subject already has for a schema text; `undefined` when it has none, or does not say. */
  async registeredId(subject: string, text: string): Promise<number | undefined> {
    try {
      return await this.#withinTime(this.#client.getRegistryIdBySchema(subject, envelope(text)))
    } catch {
      return undefined // Only asked after another error, which says more than this one.
    }
  }

  #open(): Client {
    const timeoutMs = this.#timeoutMs
    const answers = this.#answers
    return new Client({
      host: this.#address.url,
      clientId: 'sluice',
      ...(this.#address.auth === undefined ? {} : { auth: this.#address.auth }),
      // One retry covers a kept-alive connection that the registry has just closed. Callers back off by themselves. All
      // five are given because the client keeps them in a module-wide object that another instance may have changed.
      retry: { retries: 1, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 0.2, factor: 0.2, multiplier: 2 },
      middlewares: [
        () => ({
          prepareRequest: async (next) =>
            (await next()).enhance({ timeout: timeoutMs, signal: AbortSignal.timeout(timeoutMs) }),
          response: async (next) => {
            const response = await next()
            const id = /\/schemas\/ids\/(\d+)$/.exec(response.request().url())?.[1]
            if (id !== undefined && answers.has(Number(id))) answers.set(Number(id), response.data())
            return response
          },
        }),
      ],
    })
  }

  /** An answer that breaks off in its middle never ends the client's promise, so its time is limited from outside too. */
  async #withinTime<T>(call: Promise<T>): Promise<T> {
    const limitMs = REQUESTS_PER_CALL * this.#timeoutMs
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(unreachable(this.#address, limitMs, undefined)), limitMs)
    })
    try {
      return await Promise.race([call, late])
    } finally {
      clearTimeout(timer)
      this.#client.cache.clear() // The client's cache has no limit; ours is the only one.
    }
  }
}

/** HTTP status of a failed call. The client reports lost connections and time-outs as 400: no answer, so `undefined`. */
export function statusOf(error: unknown): number | undefined {
  const status = propertyOf(error, 'status')
  return typeof status === 'number' && status !== 400 ? status : undefined
}

/** Whether the client itself refused a schema, before anything was sent. */
export function isClientRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === CLIENT_ARGUMENT_ERROR
}

/** As text: the client would take an Avro schema with an attribute `schema` for its own envelope. */
function envelope(text: string): { readonly type: SchemaType.AVRO; readonly schema: string } {
  return { type: SchemaType.AVRO, schema: text }
}
