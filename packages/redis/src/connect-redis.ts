import { DependencyError } from '@sluice/contracts'
import { Redis } from 'ioredis'

/** Longest wait for a connection and for the answer to one command, in milliseconds. */
export const REDIS_TIMEOUT_MS = 5_000

export interface RedisOptions {
  /** `redis://` or `rediss://` with host, port, credentials and database number. */
  readonly url: string
  readonly timeoutMs?: number
}

export interface RedisInfo {
  readonly version: string
  /** Bytes in use and the limit; a limit of 0 is none. */
  readonly usedBytes: number
  readonly limitBytes: number
  /** What happens at the limit. Anything but `noeviction` would silently forget open predictions and reviews. */
  readonly evictionPolicy: string
}

export interface RedisConnection {
  /** Round trip in milliseconds. Throws DependencyError when there is no answer in time. */
  ping(): Promise<number>
  info(): Promise<RedisInfo>
  close(): Promise<void>
}

/**
 * Connects, or throws DependencyError. Commands are never queued while the connection is away: a caller that waits for
 * Redis must know that it waits.
 */
export async function connectRedis(options: RedisOptions): Promise<RedisConnection> {
  const timeoutMs = options.timeoutMs ?? REDIS_TIMEOUT_MS
  const address = withoutCredentials(options.url)
  const redis = new Redis(options.url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
  })
  // Without a listener an error of the connection would end the process; each command reports its own.
  let lastError: unknown
  redis.on('error', (error) => {
    lastError = error
  })
  const away = (cause: unknown): DependencyError =>
    new DependencyError('redis', `${address} did not answer within ${timeoutMs} ms`, {
      next: 'Start Redis, or correct redis.url.',
      cause: lastError ?? cause,
    })
  const call = async <T>(command: Promise<T>): Promise<T> => {
    try {
      return await command
    } catch (error) {
      throw away(error)
    }
  }
  try {
    await withinTime(redis.connect(), timeoutMs)
  } catch (error) {
    redis.disconnect()
    throw away(error)
  }
  return {
    async ping() {
      const startedMs = performance.now()
      await call(redis.ping())
      return performance.now() - startedMs
    },
    info: async () => readInfo(await call(redis.info())),
    async close() {
      redis.disconnect()
    },
  }
}

/** A peer that takes the connection and then says nothing would keep `connect` waiting for ever. */
async function withinTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The reply of INFO: lines of `name:value`. */
function readInfo(text: string): RedisInfo {
  const fields = new Map(
    text
      .split('\r\n')
      .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  return {
    version: fields.get('redis_version') ?? 'unknown',
    usedBytes: Number(fields.get('used_memory') ?? 0),
    limitBytes: Number(fields.get('maxmemory') ?? 0),
    evictionPolicy: fields.get('maxmemory_policy') ?? 'unknown',
  }
}

function withoutCredentials(text: string): string {
  return text.replace(/^(\w+:\/\/)[^/@]*@/, '$1')
}
