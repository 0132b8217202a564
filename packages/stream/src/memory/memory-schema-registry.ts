import { isDeepStrictEqual } from 'node:util'
import { checkAvroCompatibility } from '../schema/avro-compatibility.ts'
import {
  type AvroSchemaJson,
  type CompatibilityReport,
  type RegisteredSchema,
  type SchemaRegistry,
  SchemaRejectedError,
} from '../schema-registry.ts'

/** A schema registry in this process: for simulations and for a start without a registry. Ids count from 1. */
export function memorySchemaRegistry(): SchemaRegistry {
  const byId: AvroSchemaJson[] = []
  const subjects = new Map<string, RegisteredSchema[]>()

  async function check(subject: string, schema: AvroSchemaJson): Promise<CompatibilityReport> {
    return checkAvroCompatibility(schema, subjects.get(subject) ?? [])
  }

  return {
    check,
    schemaById: async (id) => byId[id - 1],
    latest: async (subject) => subjects.get(subject)?.at(-1),
    async register(subject, given) {
      // As it would come back from a registry: a copy, without what JSON leaves out.
      const schema = freezeSchema(JSON.parse(JSON.stringify(given)) as AvroSchemaJson)
      const versions = subjects.get(subject) ?? []
      const { reasons, version } = await check(subject, schema)
      if (version !== undefined) return versions[version - 1]!.id
      if (reasons.length > 0) throw new SchemaRejectedError(subject, reasons)
      const known = byId.findIndex((other) => isDeepStrictEqual(other, schema))
      const id = known >= 0 ? known + 1 : byId.push(schema)
      subjects.set(subject, [...versions, { id, version: versions.length + 1, schema: byId[id - 1]! }])
      return id
    },
  }
}

/** Freezes a parsed schema all the way down: it is shared by everyone who asks for its id. */
export function freezeSchema<T extends object>(schema: T): T {
  for (const inner of Object.values(schema)) if (typeof inner === 'object' && inner !== null) freezeSchema(inner)
  return Object.freeze(schema)
}
