import { createConnection } from 'node:net'
import { DependencyError } from '@sluice/contracts'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'

const CONNECT_MS_MAX = 2_000
const REQUEST_MS_MAX = 10_000
/** Names the probe uses on a broker. It writes no record and leaves no topic of its own. */
const PROBE_ID = 'sluice-stack-probe'

/**
 * A broker is ready when it answers Metadata, when both coordinators answer, and when a producer id can be had. The last
 * two make the broker create its internal topics now; without that the first user pays about a second for them.
 */
export async function probeKafka(brokers: readonly string[]): Promise<void> {
  // Asked first because it is cheap: the client below logs and retries for long when nobody listens.
  await Promise.any(brokers.map(connects)).catch((error: AggregateError) => {
    throw error.errors[0]
  })
  const kafka = new Kafka({
    clientId: PROBE_ID,
    brokers: [...brokers],
    connectionTimeout: CONNECT_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 20 },
  })
  const admin = kafka.admin()
  const producer = kafka.producer({ transactionalId: PROBE_ID, idempotent: true, maxInFlightRequests: 1 })
  try {
    await admin.connect()
    await admin.describeCluster()
    await admin.describeGroups([PROBE_ID])
    await producer.connect()
    await (await producer.transaction()).abort()
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()])
  }
}

/** Errors: `DependencyError` when the registry at `url` does not list its subjects. */
export async function probeRegistry(url: string): Promise<void> {
  const answer = await fetch(`${url}/subjects`, { signal: AbortSignal.timeout(REQUEST_MS_MAX) })
  await answer.body?.cancel()
  if (!answer.ok) {
    throw new DependencyError('schema registry', `${url}/subjects answered ${answer.status}`, {
      next: 'Give the address of the registry API as Confluent clients use it, path included (for Apicurio: /apis/ccompat/v7).',
    })
  }
}

/**
 * Makes the registry refuse schema versions that cannot read what earlier ones wrote. Apicurio starts without any check.
 *
 * Source: `PUT /config` of the Confluent Schema Registry API.
 */
export async function requireCompatibleSchemas(url: string): Promise<void> {
  const answer = await fetch(`${url}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility: 'BACKWARD_TRANSITIVE' }),
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  })
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`PUT ${url}/config answered ${answer.status}`)
}

/** @returns the version the server tells. */
export async function probeRedis(url: string): Promise<string> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: REQUEST_MS_MAX,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // The client announces a failed connection as an event besides rejecting the call; the call is what counts here.
  let failure: Error | undefined
  redis.on('error', (error) => {
    failure = error
  })
  try {
    await redis.connect()
    await redis.ping()
    return /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? 'unknown'
  } catch (error) {
    throw failure ?? error
  } finally {
    redis.disconnect()
  }
}

function connects(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const colon = address.lastIndexOf(':')
    const socket = createConnection({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
    socket.setTimeout(CONNECT_MS_MAX, () => socket.destroy(new Error(`no connection to ${address} in 2 s`)))
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}
