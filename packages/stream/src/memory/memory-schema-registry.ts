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
  const idByText = new Map<string, number>()
  const subjects = new Map<string, RegisteredSchema[]>()

  async function check(subject: string, schema: AvroSchemaJson): Promise<CompatibilityReport> {
    return checkAvroCompatibility(schema, subjects.get(subject) ?? [])
  }

  return {
    check,
    schemaById: async (id) => byId[id - 1],
    latest: async (subject) => subjects.get(subject)?.at(-1),
    async register(subject, schema) {
      const text = JSON.stringify(schema)
      const versions = subjects.get(subject) ?? []
      const same = versions.find((v) => idByText.get(text) === v.id)
      if (same !== undefined) return same.id
      const { reasons } = await check(subject, schema)
      if (reasons.length > 0) throw new SchemaRejectedError(subject, reasons)
      let id = idByText.get(text)
      if (id === undefined) {
        byId.push(freezeSchema(JSON.parse(text) as AvroSchemaJson))
        id = byId.length
        idByText.set(text, id)
      }
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
