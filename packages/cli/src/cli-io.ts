import type { Clock, PlatformConfig } from '@sluice/contracts'
import type { RedisConnection } from '@sluice/redis'
import type { Log, SchemaRegistry } from '@sluice/stream'

/** Everything a command touches outside of itself, so that tests run the same commands on an in-memory platform. */
export interface CliIo {
  /** Data, on stdout. Resolves when it may write more. */
  readonly out: (line: string) => Promise<void>
  /** Everything that is not data, on stderr. */
  readonly note: (line: string) => void
  /** Whether lines on stdout may be coloured. */
  readonly color: boolean
  /** Standard input in chunks. */
  readonly input: () => AsyncIterable<Uint8Array>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Who runs the command, for the audit topic. */
  readonly actor: string
  /** Aborts on Ctrl-C: finish what is in hand and end. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly openLog: (config: PlatformConfig) => Promise<Log>
  readonly openRegistry: (config: PlatformConfig) => Promise<SchemaRegistry>
  readonly openRedis: (config: PlatformConfig) => Promise<RedisConnection>
}

/** One JSON document. Bigints become numbers where that is exact and text elsewhere; bytes become `base64:...`. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    function (this: Record<string, unknown>, key, serialised: unknown) {
      // `this[key]` is the value before its own toJSON, which turns a Buffer into a list of numbers.
      const original = this[key]
      if (typeof original === 'bigint') {
        return original >= Number.MIN_SAFE_INTEGER && original <= Number.MAX_SAFE_INTEGER
          ? Number(original)
          : original.toString()
      }
      if (original instanceof Uint8Array) return `base64:${Buffer.from(original).toString('base64')}`
      // JSON has no word for these; null would read as a missing value.
      if (typeof original === 'number' && !Number.isFinite(original)) return String(original)
      return serialised
    },
    indent,
  )
}
