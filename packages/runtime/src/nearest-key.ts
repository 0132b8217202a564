import { platformConfig } from '@sluice/contracts'
import type { z } from 'zod'

/** Keys that the schema allows below a path; keys of a record (endpoint names) come from the value itself. */
export function childKeys(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): readonly string[] {
  let at = unwrap(schema)
  for (const part of path) {
    const def = at.def as unknown as {
      type: string
      shape?: Record<string, z.ZodType>
      valueType?: z.ZodType
      element?: z.ZodType
    }
    const next = def.type === 'object' ? def.shape?.[String(part)] : def.type === 'record' ? def.valueType : def.element
    if (next === undefined) return []
    at = unwrap(next)
  }
  const def = at.def as unknown as { type: string; shape?: Record<string, z.ZodType> }
  if (def.type === 'object') return Object.keys(def.shape ?? {})
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

function unwrap(schema: z.ZodType): z.ZodType {
  let at = schema
  for (;;) {
    const def = at.def as unknown as { innerType?: z.ZodType }
    if (def.innerType === undefined) return at
    at = def.innerType
  }
}

/** The allowed key that a mistyped one most resembles, if any is close (edit distance at most a third of its length). */
export function nearestKey(key: string, path: readonly PropertyKey[], raw: unknown): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(key.length / 3)) + 1
  for (const candidate of childKeys(platformConfig, path, raw)) {
    const distance = editDistance(key.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein distance by the two-row dynamic programme. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitute))
    }
    previous = current
  }
  return previous[b.length]!
}
