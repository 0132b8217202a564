import type { Clock } from '@sluice/contracts'
import type { AvroSchemaJson } from '@sluice/stream'

/** Most schemas kept; an id never changes its meaning, so only room limits how long one stays. */
export const SCHEMAS_MAX = 1_000
/** Most unknown ids remembered: each record can carry another, and they must not fill the memory. */
export const UNKNOWN_IDS_MAX = 10_000
/** How long an unknown id counts as unknown: short, because a registry's replica may only lag behind. */
export const UNKNOWN_ID_TTL_MS = 10_000
/** Most look-ups under way at once; further ones wait their turn. */
export const LOOKUPS_MAX = 8

export interface SchemaCacheOptions {
  readonly clock: Clock
  /** Asks the registry; `undefined` when it has no such id. */
  readonly load: (id: number) => Promise<AvroSchemaJson | undefined>
  readonly schemasMax?: number
  readonly unknownIdsMax?: number
}

/** Schemas by id: known ones and unknown ones, one look-up per id at a time. A failed look-up is not remembered. */
export class SchemaCache {
  readonly #options: Required<SchemaCacheOptions>
  /** Both maps are in order of last use and of discovery: the first entry is the one to give up. */
  readonly #known = new Map<number, AvroSchemaJson>()
  readonly #unknownUntilMs = new Map<number, number>()
  readonly #pending = new Map<number, Promise<AvroSchemaJson | undefined>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(options: SchemaCacheOptions) {
    this.#options = { schemasMax: SCHEMAS_MAX, unknownIdsMax: UNKNOWN_IDS_MAX, ...options }
  }

  async get(id: number): Promise<AvroSchemaJson | undefined> {
    const known = this.#known.get(id)
    if (known !== undefined) {
      this.#known.delete(id)
      this.#known.set(id, known)
      return known
    }
    const until = this.#unknownUntilMs.get(id)
    if (until !== undefined && this.#options.clock.monotonicMs() < until) return undefined
    const pending = this.#pending.get(id)
    if (pending !== undefined) return pending
    const lookup = this.#lookUp(id).finally(() => this.#pending.delete(id))
    this.#pending.set(id, lookup)
    return lookup
  }

  put(id: number, schema: AvroSchemaJson): void {
    this.#unknownUntilMs.delete(id)
    this.#known.set(id, schema)
    trim(this.#known, this.#options.schemasMax)
  }

  async #lookUp(id: number): Promise<AvroSchemaJson | undefined> {
    if (this.#running < LOOKUPS_MAX) this.#running++
    else await new Promise<void>((takeOver) => this.#waiting.push(takeOver))
    try {
      const schema = await this.#options.load(id)
      if (schema !== undefined) this.put(id, schema)
      else {
        this.#unknownUntilMs.delete(id)
        this.#unknownUntilMs.set(id, this.#options.clock.monotonicMs() + UNKNOWN_ID_TTL_MS)
        trim(this.#unknownUntilMs, this.#options.unknownIdsMax)
      }
      return schema
    } finally {
      const takeOver = this.#waiting.shift()
      if (takeOver === undefined) this.#running--
      else takeOver()
    }
  }
}

function trim(map: Map<number, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return
    map.delete(oldest)
  }
}
