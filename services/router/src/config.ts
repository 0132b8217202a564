import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError, type ConfigProblem, type EndpointTopics, endpointTopics } from '@sluice/contracts'
import type { LoadedConfig } from '@sluice/runtime'

export interface RouterArguments {
  readonly config: string
}

export const ROUTER_USAGE = 'Usage: router --config sluice.yaml'

/** Reads the command line, or throws ConfigError. */
export function parseRouterArguments(argv: readonly string[]): RouterArguments {
  let config: string | undefined
  try {
    config = parseArgs({ args: [...argv], options: { config: { type: 'string' } } }).values.config
  } catch (error) {
    throw new ConfigError([{ path: 'command line', problem: (error as Error).message, fix: ROUTER_USAGE }])
  }
  if (config === undefined) throw new ConfigError([{ path: '--config', problem: 'is missing', fix: ROUTER_USAGE }])
  return { config }
}

/** What the router needs to know of one endpoint. */
export interface RoutedEndpoint {
  readonly name: string
  readonly topics: EndpointTopics
  readonly partitions: number
  readonly keyField: string
  /** The event schema, parsed from JSON. */
  readonly schema: unknown
  readonly maxValueBytes: number
}

/** The endpoints of a configuration, each with its event schema; throws ConfigError for every schema that cannot be read. */
export function routedEndpoints({ config, baseDir }: LoadedConfig): readonly RoutedEndpoint[] {
  const problems: ConfigProblem[] = []
  const endpoints = Object.entries(config.endpoints).map(([name, endpoint]): RoutedEndpoint => {
    return {
      name,
      topics: endpointTopics(name, config.topics.prefix),
      partitions: endpoint.partitions,
      keyField: endpoint.key,
      schema: readSchema(resolve(baseDir, endpoint.schema), `endpoints.${name}.schema`, problems),
      maxValueBytes: endpoint.maxValueBytes,
    }
  })
  if (problems.length > 0) throw new ConfigError(problems)
  return endpoints
}

function readSchema(file: string, path: string, problems: ConfigProblem[]): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    problems.push({
      path,
      problem: `${file} is no readable JSON (${(error as Error).message})`,
      fix: 'Name the Avro schema of the events (.avsc), relative to the configuration file',
    })
    return undefined
  }
}
