import { type ComponentHandle, startKafka, startRegistry } from '@sluice/local-stack'
import { appendRecords, until } from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Customer, churnCustomers, churnSchema, customerEncoder } from './churn-events.ts'
import { TestPlatform } from './platform.ts'

type Encoder = Awaited<ReturnType<typeof customerEncoder>>

/** Enough that an outage finds work in hand. */
const EVENTS = 20_000
const TEST_MS_MAX = 240_000
const SERVICES = ['router', 'scorer-v7', 'scorer-v8'] as const
/** A killed broker is taken back by its controller only after its session has ended; 9 s is the default. */
const FAST_SESSION = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' }

/** A broker and a registry of its own: both are broken on purpose. */
describe.skipIf(inject('stackKind') === 'embedded')(
  'dependencies go away and come back',
  { timeout: TEST_MS_MAX },
  () => {
    let broker: ComponentHandle
    let registry: ComponentHandle
    let platform: TestPlatform
    let encodeAsBefore: Encoder
    let sent = 0
    beforeAll(async () => {
      ;[broker, registry] = await Promise.all([startKafka({ properties: FAST_SESSION }), startRegistry()])
      platform = await TestPlatform.open({
        name: 'outages',
        brokers: [broker.address],
        registryUrl: registry.address,
      })
      await platform.start()
      encodeAsBefore = await customerEncoder(platform)
    })
    afterAll(async () => {
      // A broker that a failed test left frozen would hold up the end of the services.
      await Promise.allSettled([broker?.resume(), registry?.resume()])
      await platform?.stop()
      await Promise.all([broker?.stop(), registry?.stop()])
    })

    async function send(count: number, encode = encodeAsBefore): Promise<void> {
      const customers = churnCustomers()
      const records = Array.from({ length: count }, (_, i) =>
        encode({ ...customers[i % customers.length], loyaltyTier: 'none' } as unknown as Customer),
      )
      await appendRecords(platform.log, platform.topics.events, records, { timestampMs: Date.now() })
      sent += count
    }

    const predictions = (): Promise<number> => platform.count(platform.topics.predictions)

    /** Sends events and returns while their predictions come out. */
    async function workInHand(): Promise<void> {
      const before = await predictions()
      await send(EVENTS)
      await until('the first predictions', async () => ((await predictions()) > before ? true : undefined))
    }

    /** Everything is ready again, what comes now is scored, and nothing of before is missing or mixed up. */
    async function checkNothingLost(what: string): Promise<void> {
      await platform.ready()
      await send(100)
      await platform.rest()
      const report = await platform.delivery()
      expect(report).toMatchObject({ violations: [], events: sent, predicted: sent, deadLettered: 0 })
      console.log(`${what}: ${report.duplicates} of ${sent} predictions came again`)
      expect(platform.crashes).toEqual([])
    }

    async function allNotReady(): Promise<void> {
      for (const service of SERVICES) {
        const problems = await platform.notReady(service)
        const condition = service === 'router' ? 'churn' : 'log'
        expect(problems.map((problem) => problem.condition)).toEqual([condition])
        expect(problems[0]!.reason).toMatch(/^(kafka|log): /)
      }
    }

    test('the broker is killed and comes back', async () => {
      await workInHand()
      await broker.kill('SIGKILL')
      await allNotReady()
      await broker.restart()
      await checkNothingLost('broker killed')
    })

    test('the broker freezes with open connections and goes on', async () => {
      await workInHand()
      await broker.pause()
      await allNotReady()
      await broker.resume()
      await checkNothingLost('broker frozen')
    })

    test('the registry freezes while events come with a schema that nobody has read yet', async () => {
      const schema = churnSchema()
      const newer = { ...schema, fields: [...schema.fields, { name: 'loyaltyTier', type: 'string', default: 'none' }] }
      const encode = await customerEncoder(platform, newer)
      const before = await predictions()
      await registry.pause()
      await send(EVENTS, encode)
      for (const service of ['scorer-v7', 'scorer-v8'] as const) {
        const problems = await platform.notReady(service)
        expect(problems.map((problem) => problem.condition)).toEqual(['log'])
        expect(problems[0]!.reason).toContain(`schema registry: ${registry.address}`)
      }
      expect((await fetch(`${platform.service('router').ops}/health/ready`)).status).toBe(200)
      expect(await predictions()).toBe(before)
      await registry.resume()
      await checkNothingLost('registry frozen')
    })
  },
)
