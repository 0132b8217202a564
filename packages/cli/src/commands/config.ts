import { platformConfig } from '@sluice/contracts'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { z } from 'zod'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, withConfig } from '../config-option.ts'

export function configCommand(io: CliIo): Command {
  const config = new Command('config').description('Check, show and describe the configuration.')
  config.addCommand(
    withConfig(new Command('validate'))
      .description('Check the configuration; lists every problem with its fix.')
      .option('--json', 'print {"valid": true} on stdout when it is')
      .addHelpText('after', '\nExample:\n  sluice config validate --config sluice.yaml')
      .action(async (flags: ConfigFlag & { readonly json?: boolean }) => {
        const { config: loaded } = loadConfig(io, flags)
        const endpoints = Object.keys(loaded.endpoints)
        if (flags.json) await io.out(toJson({ valid: true, endpoints }))
        else io.note(`${flags.config} is valid: ${endpoints.length} endpoint(s): ${endpoints.join(', ')}.`)
      }),
  )
  config.addCommand(
    withConfig(new Command('show'))
      .description('Print the configuration in force: file, environment and defaults together. Passwords print as ***.')
      .option('--json', 'print JSON instead of YAML')
      .addHelpText('after', '\nExample:\n  SLUICE_KAFKA__BROKERS=kafka:9092 sluice config show')
      .action(async (flags: ConfigFlag & { readonly json?: boolean }) => {
        const shown = hideCredentials(loadConfig(io, flags).config)
        await io.out(flags.json ? toJson(shown) : stringify(shown).trimEnd())
      }),
  )
  config.addCommand(
    new Command('schema')
      .description('Print the JSON Schema of the configuration, for editors.')
      .addHelpText('after', '\nExample:\n  sluice config schema > sluice.schema.json')
      .action(async () => {
        await io.out(toJson(z.toJSONSchema(platformConfig, { io: 'input' }), 2))
      }),
  )
  return config
}

/** Credentials can only lie in URLs; whatever else the configuration gets must be hidden here too. */
function hideCredentials(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^(\w+:\/\/)([^/@\s]*)@/, '$1***@')
  if (Array.isArray(value)) return value.map(hideCredentials)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideCredentials(inner)]))
}
