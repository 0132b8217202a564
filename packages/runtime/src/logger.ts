import type { PlatformConfig } from '@sluice/contracts'
import type { Logger } from '@sluice/stream'
import { pino } from 'pino'

/** JSON lines on stderr, so that stdout stays free for data. Errors are written once, with their whole cause chain. */
export function jsonLogger(service: string, level: PlatformConfig['log']['level']): Logger {
  const log = pino(
    {
      level,
      base: { service },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return {
    debug: (message, fields) => log.debug(plain(fields), message),
    info: (message, fields) => log.info(plain(fields), message),
    warn: (message, fields) => log.warn(plain(fields), message),
    error: (message, fields) => log.error(plain(fields), message),
  }
}

/** Errors and bigints do not survive JSON by themselves. */
function plain(fields: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields ?? {})) {
    if (value instanceof Error) out[key] = errorChain(value)
    else if (typeof value === 'bigint') out[key] = value.toString()
    else out[key] = value
  }
  return out
}

/** Messages of an error and its causes, outermost first, joined by `: caused by: `. */
export function errorChain(error: unknown): string {
  const parts: string[] = []
  let at: unknown = error
  while (at !== undefined && at !== null && parts.length < 8) {
    parts.push(at instanceof Error ? `${at.name}: ${at.message}` : String(at))
    at = at instanceof Error ? at.cause : undefined
  }
  return parts.join(': caused by: ')
}
