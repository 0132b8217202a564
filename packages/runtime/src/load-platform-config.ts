import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError, type ConfigProblem, type PlatformConfig, platformConfig } from '@sluice/contracts'
import { parseDocument } from 'yaml'
import type { z } from 'zod'
import { checkEndpoints } from './check-endpoints.ts'
import { environmentOverrides } from './environment-overrides.ts'
import { nearestKey } from './nearest-key.ts'

/** Largest configuration file that is read, in bytes. */
export const CONFIG_BYTES_MAX = 1_048_576

export interface LoadConfigOptions {
  /** Path of `sluice.yaml`. */
  readonly file: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Values from the command line, by dotted path; they win over everything. */
  readonly flags?: Readonly<Record<string, unknown>>
}

export interface LoadedConfig {
  readonly config: PlatformConfig
  /** Folder of the file: relative paths in the configuration start here. */
  readonly baseDir: string
}

/** Reads flags > environment > file > defaults into one frozen object, or throws ConfigError with every problem at once. */
export function loadPlatformConfig(options: LoadConfigOptions): LoadedConfig {
  const file = resolve(options.file)
  const problems: ConfigProblem[] = []
  const raw = readYaml(file)
  for (const { path, value } of environmentOverrides(options.env ?? process.env, raw, problems))
    setPath(raw, path, value)
  for (const [path, value] of Object.entries(options.flags ?? {})) setPath(raw, path.split('.'), value)
  const parsed = platformConfig.safeParse(raw)
  if (!parsed.success)
    throw new ConfigError([...problems, ...parsed.error.issues.flatMap((issue) => explain(issue, raw))])
  problems.push(...checkEndpoints(parsed.data))
  if (problems.length > 0) throw new ConfigError(problems)
  return { config: deepFreeze(parsed.data), baseDir: dirname(file) }
}

function readYaml(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new ConfigError([
      { path: file, problem: `cannot be read (${why})`, fix: 'Name an existing file with --config.' },
    ])
  }
  if (text.length > CONFIG_BYTES_MAX) {
    throw new ConfigError([
      { path: file, problem: `is larger than ${CONFIG_BYTES_MAX} bytes`, fix: 'Split off what is not configuration.' },
    ])
  }
  const document = parseDocument(text, { uniqueKeys: true })
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((e) => ({
        path: `${file}:${e.linePos?.[0].line ?? 1}`,
        problem: e.message.split('\n')[0]!,
        fix: 'Correct the YAML.',
      })),
    )
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError([{ path: file, problem: 'is not a mapping', fix: 'Start with `kafka:` and `endpoints:`.' }])
  }
  return value as Record<string, unknown>
}

function setPath(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = target
  for (const key of path.slice(0, -1)) {
    const next = at[key]
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) at = next as Record<string, unknown>
    else {
      const made: Record<string, unknown> = {}
      at[key] = made
      at = made
    }
  }
  at[path.at(-1)!] = value
}

function explain(issue: z.core.$ZodIssue, raw: unknown): ConfigProblem[] {
  const path = formatPath(issue.path)
  if (issue.code !== 'unrecognized_keys')
    return [{ path: path || '(root)', problem: issue.message, fix: 'See docs/reference/config.md.' }]
  return issue.keys.map((key) => {
    const near = nearestKey(key, issue.path, raw)
    return {
      path: path === '' ? key : `${path}.${key}`,
      problem: 'unknown key, it would have no effect',
      fix: near === undefined ? 'Remove it.' : `Did you mean \`${near}\`? Otherwise remove it.`,
    }
  })
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}
