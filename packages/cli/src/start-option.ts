import { InvalidArgumentError } from 'commander'

/** Where reading starts, as a flag says it. */
export type Start =
  | { readonly kind: 'earliest' | 'latest' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | Moment

/** A time, or an age before now. */
export type Moment =
  | { readonly kind: 'time'; readonly timeMs: number }
  | { readonly kind: 'age'; readonly ageMs: number }

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export function parseStart(text: string): Start {
  if (text === 'earliest' || text === 'latest') return { kind: text }
  if (/^\d{1,18}$/.test(text)) return { kind: 'offset', offset: BigInt(text) }
  return parseMoment(text)
}

export function parseMoment(text: string): Moment {
  const age = /^(\d{1,9})([smhd])$/.exec(text)
  if (age !== null) return { kind: 'age', ageMs: Number(age[1]) * UNIT_MS[age[2]!]! }
  const timeMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(timeMs))
    throw new InvalidArgumentError('write a time (2026-01-31T12:00:00Z) or an age (10m, 2h, 1d).')
  return { kind: 'time', timeMs }
}

export function momentMs(moment: Moment, nowMs: number): number {
  return moment.kind === 'time' ? moment.timeMs : nowMs - moment.ageMs
}
