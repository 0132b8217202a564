import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '@sluice/contracts'
import { type AvroSchemaJson, freezeSchema } from '@sluice/stream'

/** Schemas of the records that Sluice itself writes or reads, `schemas/<name>.avsc`. */
export const PLATFORM_SCHEMAS = [
  'prediction',
  'outcome',
  'review-requested',
  'review-completed',
  'review-resolved',
  'quality-pane',
] as const
export type PlatformSchema = (typeof PLATFORM_SCHEMAS)[number]

/** Beside the packages in a working copy, beside the bundle in an image. */
const SCHEMAS_DIR = ['../../../schemas/', './schemas/']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(`${path}prediction.avsc`))

export function platformSchema(name: PlatformSchema): AvroSchemaJson {
  return readSchemaFile(`${SCHEMAS_DIR ?? 'schemas/'}${name}.avsc`)
}

/** Reads an `.avsc` file. Throws ConfigError when it is not there or not JSON; whether it is Avro is the registry's check. */
export function readSchemaFile(path: string): AvroSchemaJson {
  try {
    const schema: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return freezeSchema(typeof schema === 'object' && schema !== null ? schema : { type: schema })
  } catch (error) {
    const problem =
      error instanceof SyntaxError ? `is not JSON (${error.message})` : `cannot be read (${String(error)})`
    throw new ConfigError([{ path, problem, fix: 'Name an Avro schema file (.avsc).' }])
  }
}
