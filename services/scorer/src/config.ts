import { parseArgs } from 'node:util'
import { ConfigError, type ConfigProblem, type EndpointConfig, type PlatformConfig } from '@sluice/contracts'

/** Which version of which endpoint this process scores. */
export interface ScorerArguments {
  readonly config: string
  readonly endpoint: string
  readonly version: number
}

export const SCORER_USAGE = `Usage: scorer --config sluice.yaml --endpoint churn --version 8`

/** Reads the command line, or throws ConfigError with every problem. */
export function parseScorerArguments(argv: readonly string[]): ScorerArguments {
  const problems: ConfigProblem[] = []
  const wanted = (path: string): ConfigProblem => ({ path, problem: 'is missing', fix: SCORER_USAGE })
  let values: { readonly config?: string; readonly endpoint?: string; readonly version?: string } = {}
  try {
    values = parseArgs({
      args: [...argv],
      options: { config: { type: 'string' }, endpoint: { type: 'string' }, version: { type: 'string' } },
    }).values
  } catch (error) {
    problems.push({ path: 'command line', problem: (error as Error).message, fix: SCORER_USAGE })
  }
  const { config, endpoint, version } = values
  if (config === undefined) problems.push(wanted('--config'))
  if (endpoint === undefined) problems.push(wanted('--endpoint'))
  if (version === undefined) problems.push(wanted('--version'))
  else if (!/^\d{1,9}$/.test(version))
    problems.push({ path: '--version', problem: `\`${version}\` is no version number`, fix: SCORER_USAGE })
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: config!, endpoint: endpoint!, version: Number(version) }
}

/** The endpoint and the role that a version has on it. */
export interface ScorerRole {
  readonly endpoint: EndpointConfig
  readonly model: string
  readonly variant: string
}

/** Finds the version among an endpoint's variants and shadows, or throws ConfigError naming what is there. */
export function scorerRole(config: PlatformConfig, args: ScorerArguments): ScorerRole {
  const endpoint = config.endpoints[args.endpoint]
  if (endpoint === undefined) {
    throw new ConfigError([
      {
        path: `endpoints.${args.endpoint}`,
        problem: 'is not configured',
        fix: `Configured are: ${Object.keys(config.endpoints).join(', ')}.`,
      },
    ])
  }
  const roles = [...endpoint.variants, ...endpoint.shadows]
  const role = roles.find((r) => r.version === args.version)
  if (role === undefined) {
    throw new ConfigError([
      {
        path: `endpoints.${args.endpoint}`,
        problem: `has no variant or shadow of version ${args.version}`,
        fix: `Add it, or start one of these versions: ${roles.map((r) => r.version).join(', ')}.`,
      },
    ])
  }
  return { endpoint, model: role.model, variant: role.name }
}
