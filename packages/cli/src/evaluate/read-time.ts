/** How times are written in a file. */
export const TIME_FORMATS = ['auto', 'iso', 'epoch-ms', 'epoch-s'] as const
export type TimeFormat = (typeof TIME_FORMATS)[number]

/** From here on a number is taken for milliseconds: as milliseconds it is 3 March 1973, as seconds the year 5138. */
export const EPOCH_MS_FROM = 100_000_000_000

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i

/**
 * Milliseconds since the Unix epoch, or what is wrong as text. ISO 8601 without an offset means UTC, because a file must
 * mean the same on every machine; fractions of a millisecond are cut.
 */
export function readTime(value: unknown, format: TimeFormat): number | string {
  if (value === undefined || value === null) return 'is missing'
  if (typeof value === 'string' && (format === 'auto' || format === 'iso')) return readIso(value)
  if (typeof value !== 'number' || format === 'iso') return `is no time in the format ${format}; see --time-format`
  const ms = format === 'epoch-s' || (format === 'auto' && Math.abs(value) < EPOCH_MS_FROM) ? value * 1_000 : value
  return ms >= 0 && ms <= MAX_MS ? Math.floor(ms) : `is ${value}, which is no time after 1970`
}

/** Last millisecond that a JavaScript date can write down. */
const MAX_MS = 8.64e15

function readIso(text: string): number | string {
  const match = ISO.exec(text)
  const hasTime = text.length > 'yyyy-mm-dd'.length
  const ms = match === null ? Number.NaN : Date.parse(hasTime && match[1] === undefined ? `${text}Z` : text)
  if (Number.isNaN(ms) || !isDay(text.slice(0, 10))) return 'is no ISO 8601 time such as 2026-01-31T12:00:00Z'
  return ms >= 0 ? ms : 'is before 1970'
}

/** The parser of dates takes 30 February for 2 March. */
function isDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}
