import { DependencyError } from '@sluice/contracts'
import { connectRedis } from '@sluice/redis'
import { Redis } from 'ioredis'
import { describe, expect, inject, test } from 'vitest'

const url = inject('redisUrl')

describe.skipIf(url === '')(`on a real Redis (${inject('stackReason')})`, () => {
  test('says its version, its memory and what happens when the memory is full', async () => {
    const redis = await connectRedis({ url })
    expect(await redis.ping()).toBeGreaterThan(0)
    const info = await redis.info()
    expect(info.version).toMatch(/^\d+\.\d+/)
    expect(info.usedBytes).toBeGreaterThan(0)
    expect(info).toMatchObject({ limitBytes: 0, evictionPolicy: 'noeviction' })
    await redis.close()
  })

  test('a connection that was cut off fails its next command instead of waiting', async () => {
    const redis = await connectRedis({ url, timeoutMs: 1_000 })
    const other = new Redis(url)
    await redis.ping()
    const clients = (await other.client('LIST')) as string
    const mine = String(await other.client('ID'))
    // Only connections without a command of their own besides PING are ours; the one asking is left alone.
    for (const line of clients.split('\n').filter((l) => l.includes('cmd=ping') && !l.startsWith(`id=${mine} `))) {
      await other.client('KILL', 'ID', /^id=(\d+)/.exec(line)![1]!)
    }
    await expect(redis.ping()).rejects.toBeInstanceOf(DependencyError)
    await other.quit()
    await redis.close()
  })
})
