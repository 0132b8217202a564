import { z } from 'zod'

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Longest duration of a rollout: beyond a year a comparison says nothing about today. */
export const DURATION_DAYS_MAX = 365

/** `30m`, `24h`, `7d`; in milliseconds once parsed. */
export const durationText = z
  .string()
  .regex(/^[1-9]\d{0,7}[smhd]$/, 'write a whole number and a unit: 90s, 30m, 24h or 7d')
  .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1)]!)
  .refine((ms) => ms <= DURATION_DAYS_MAX * UNIT_MS['d']!, `is longer than ${DURATION_DAYS_MAX}d`)

/** The two largest units of a duration, for sentences: `1d 4h`, `12m`, `0s`. */
export function formatDuration(ms: number): string {
  const parts: string[] = []
  let rest = Math.max(0, Math.floor(ms / 1_000)) * 1_000
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / UNIT_MS[unit]!)
    rest -= count * UNIT_MS[unit]!
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`)
  }
  return parts.length === 0 ? '0s' : parts.join(' ')
}
