import type { Logger } from '@sluice/stream'
import { toJson } from './cli-io.ts'

/** What the parts below a command have to say, for a person: warnings and errors as notes, nothing else. */
export function noteLogger(note: (line: string) => void): Logger {
  const say =
    (word: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const details = Object.entries(fields).map(([name, value]) => `${name}=${detail(value)}`)
      note([`${word}: ${message}`, ...details].join(' '))
    }
  return { debug: () => {}, info: () => {}, warn: say('warning'), error: say('error') }
}

function detail(value: unknown): string {
  if (value instanceof Error) return value.message
  return typeof value === 'string' ? value : (toJson(value) ?? 'undefined')
}
