import type { ConfigProblem } from '@sluice/contracts'
import { platformConfig } from '@sluice/contracts'
import { childKeys } from './nearest-key.ts'

const PREFIX = 'SLUICE_'

/**
 * `SLUICE_SECTION__KEY=value` sets `section.key`; words of one key are joined by one underscore
 * (`SLUICE_HTTP__ROUTER_PORT` is `http.routerPort`). Lists are separated by commas; numbers and booleans are read as such.
 * A variable that names no setting is a problem, because it would have no effect.
 */
export function environmentOverrides(
  env: Readonly<Record<string, string | undefined>>,
  raw: Readonly<Record<string, unknown>>,
  problems: ConfigProblem[],
): { readonly path: readonly string[]; readonly value: unknown }[] {
  const out: { path: readonly string[]; value: unknown }[] = []
  for (const name of Object.keys(env).sort()) {
    const text = env[name]
    if (!name.startsWith(PREFIX) || !name.includes('__') || text === undefined) continue
    const path = resolvePath(name.slice(PREFIX.length).split('__'), raw)
    if (path === undefined) {
      problems.push({
        path: name,
        problem: 'names no setting, it would have no effect',
        fix: 'Unset it or see docs/reference/config.md.',
      })
    } else out.push({ path, value: readValue(path, text) })
  }
  return out
}

function resolvePath(parts: readonly string[], raw: unknown): readonly string[] | undefined {
  const path: string[] = []
  let at: unknown = raw
  for (const part of parts) {
    const wanted = part.toLowerCase().replaceAll('_', '')
    const key = childKeys(platformConfig, path, at).find((k) => k.toLowerCase().replaceAll(/[_-]/g, '') === wanted)
    if (key === undefined) return undefined
    path.push(key)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined
  }
  return path
}

function readValue(path: readonly string[], text: string): unknown {
  if (path.at(-1) === 'brokers') return text.split(',').map((s) => s.trim())
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^[[{]/.test(text)) {
    try {
      return JSON.parse(text)
    } catch {
      return text // The schema then says what it expected instead.
    }
  }
  return text
}
