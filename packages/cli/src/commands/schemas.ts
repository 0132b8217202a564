import { resolve } from 'node:path'
import { type DesiredTopic, desiredTopics } from '@sluice/contracts'
import { platformSchema, readSchemaFile } from '@sluice/registry'
import type { LoadedConfig } from '@sluice/runtime'
import {
  type AvroSchemaJson,
  formatIncompatibility,
  type Incompatibility,
  type SchemaRegistry,
  valueSubject,
} from '@sluice/stream'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, withConfig } from '../config-option.ts'
import { GateRefusedError } from '../exit-codes.ts'

interface SchemasFlags extends ConfigFlag {
  readonly json?: boolean
}

/** What registering one subject's schema would do. */
export interface SubjectCheck {
  readonly subject: string
  readonly state: 'registered' | 'new subject' | 'new version' | 'incompatible'
  /** Of the latest version; absent for a new subject. */
  readonly id?: number
  readonly version?: number
  readonly reasons: readonly Incompatibility[]
}

export function schemasCommand(io: CliIo): Command {
  const schemas = new Command('schemas').description('Check and register the schemas of all topics.')
  schemas.addCommand(
    withConfig(new Command('check'))
      .description(
        'Show which schemas are new and which the registry would refuse, with every reason. Exit code 3 then.',
      )
      .option('--json', 'one JSON document')
      .addHelpText('after', '\nExample:\n  sluice schemas check --config sluice.yaml')
      .action(async (flags: SchemasFlags) => {
        const { registry, loaded } = await open(io, flags)
        const checks = await checkSchemas(loaded, registry)
        await print(io, checks, flags)
        refuseIncompatible(checks)
      }),
  )
  schemas.addCommand(
    withConfig(new Command('apply'))
      .description('Register every schema that is new; registers nothing when one of them would be refused.')
      .option('--json', 'one JSON document')
      .addHelpText('after', '\nExample:\n  sluice schemas apply --config sluice.yaml')
      .action(async (flags: SchemasFlags) => {
        const { registry, loaded } = await open(io, flags)
        refuseIncompatible(await checkSchemas(loaded, registry))
        for (const { subject, schema } of subjects(loaded)) await registry.register(subject, schema)
        await print(io, await checkSchemas(loaded, registry), flags)
      }),
  )
  return schemas
}

async function open(io: CliIo, flags: SchemasFlags): Promise<{ registry: SchemaRegistry; loaded: LoadedConfig }> {
  const loaded = loadConfig(io, flags)
  return { loaded, registry: await io.openRegistry(loaded.config) }
}

/** Compares every topic's schema with what its subject has. */
export async function checkSchemas(loaded: LoadedConfig, registry: SchemaRegistry): Promise<readonly SubjectCheck[]> {
  const checks: SubjectCheck[] = []
  for (const { subject, schema } of subjects(loaded)) {
    const latest = await registry.latest(subject)
    const at = latest === undefined ? {} : { id: latest.id, version: latest.version }
    const { compatible, reasons, version } = await registry.check(subject, schema)
    const isNew = latest === undefined ? 'new subject' : 'new version'
    const state = !compatible ? 'incompatible' : version === undefined ? isNew : 'registered'
    checks.push({ subject, state, ...at, reasons })
  }
  return checks
}

function subjects(loaded: LoadedConfig): readonly { subject: string; schema: AvroSchemaJson }[] {
  return desiredTopics(loaded.config).flatMap((topic) => {
    const schema = schemaOf(topic, loaded)
    return schema === undefined ? [] : [{ subject: valueSubject(topic.name), schema }]
  })
}

function schemaOf(topic: DesiredTopic, { config, baseDir }: LoadedConfig): AvroSchemaJson | undefined {
  if (topic.schema === undefined) return undefined
  if (topic.schema !== 'event') return platformSchema(topic.schema)
  return readSchemaFile(resolve(baseDir, config.endpoints[topic.endpoint]!.schema))
}

async function print(io: CliIo, checks: readonly SubjectCheck[], flags: SchemasFlags): Promise<void> {
  if (flags.json) return io.out(toJson({ subjects: checks }))
  for (const { subject, state, id, version } of checks) {
    await io.out(`${subject}\t${state}${id === undefined ? '' : `\tversion ${version}, id ${id}`}`)
  }
}

function refuseIncompatible(checks: readonly SubjectCheck[]): void {
  const reasons = checks.flatMap(({ subject, reasons: found }) =>
    found.map((reason) => ({
      path: subject,
      problem: formatIncompatibility(reason),
      fix: 'Change the schema so that it reads everything that was written, or start a new topic.',
    })),
  )
  if (reasons.length > 0) throw new GateRefusedError('The registry would refuse:', reasons)
}
