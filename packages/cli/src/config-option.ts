import { resolve } from 'node:path'
import { ConfigError, type EndpointConfig } from '@sluice/contracts'
import { type LoadedConfig, loadPlatformConfig } from '@sluice/runtime'
import type { Command } from 'commander'
import type { CliIo } from './cli-io.ts'

export interface ConfigFlag {
  readonly config: string
}

/** Adds `--config` with its default. */
export function withConfig(command: Command): Command {
  return command.option('-c, --config <file>', 'configuration file', 'sluice.yaml')
}

export function loadConfig(io: CliIo, flags: ConfigFlag): LoadedConfig {
  return loadPlatformConfig({ file: resolve(flags.config), env: io.env })
}

export interface NamedEndpoint {
  readonly name: string
  readonly endpoint: EndpointConfig
}

/** The endpoint that is meant: the named one, or the only one there is. */
export function pickEndpoint({ config }: LoadedConfig, name: string | undefined): NamedEndpoint {
  const names = Object.keys(config.endpoints)
  const picked = name ?? (names.length === 1 ? names[0]! : undefined)
  const endpoint = picked === undefined ? undefined : config.endpoints[picked]
  if (picked === undefined || endpoint === undefined) {
    const problem = picked === undefined ? 'there is more than one endpoint' : `\`${picked}\` is not configured`
    throw new ConfigError([{ path: 'endpoints', problem, fix: `Name one with --endpoint: ${names.join(', ')}.` }])
  }
  return { name: picked, endpoint }
}
