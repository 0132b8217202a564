import { type ComponentHandle, startKafka, startRegistry } from '@sluice/local-stack'
import { appendRecords, until } from '@sluice/testing'
import { describe, type ExpectStatic, inject, test } from 'vitest'
import { type Customer, churnCustomers, churnSchema, customerEncoder } from './churn-events.ts'
import { TestPlatform } from './platform.ts'

type Encoder = Awaited<ReturnType<typeof customerEncoder>>

/** Enough that an outage finds work in hand. */
const EVENTS = 20_000
const TEST_MS_MAX = 240_000
const SERVICES = ['router', 'scorer-v7', 'scorer-v8'] as const
/** A killed broker is taken back by its controller only after its session has ended; 9 s is the default. */
const FAST_SESSION = { 'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500' }
const startBroker = (): Promise<ComponentHandle> => startKafka({ properties: FAST_SESSION })

/** A platform with one component of its own, which is broken on purpose. */
class Outage {
  readonly component: ComponentHandle
  readonly platform: TestPlatform
  readonly #encode: Encoder
  #sent = 0

  private constructor(component: ComponentHandle, platform: TestPlatform, encode: Encoder) {
    this.component = component
    this.platform = platform
    this.#encode = encode
  }

  static async open(start: () => Promise<ComponentHandle>): Promise<Outage> {
    const component = await start()
    const { name, address } = component
    const platform = await TestPlatform.open({
      name: `outage-of-${name}`,
      ...(name === 'kafka' ? { brokers: [address] } : { registryUrl: address }),
    })
    await platform.start()
    return new Outage(component, platform, await customerEncoder(platform))
  }

  async close(): Promise<void> {
    // One that a failed test left frozen would hold up the end of the services.
    await Promise.allSettled([this.component.resume()])
    await this.platform.stop()
    await this.component.stop()
  }

  async send(count: number, encode = this.#encode): Promise<void> {
    const customers = churnCustomers()
    const records = Array.from({ length: count }, (_, i) =>
      encode({ ...customers[i % customers.length], loyaltyTier: 'none' } as unknown as Customer),
    )
    await appendRecords(this.platform.log, this.platform.topics.events, records, { timestampMs: Date.now() })
    this.#sent += count
  }

  predictions(): Promise<number> {
    return this.platform.count(this.platform.topics.predictions)
  }

  /** Sends events and returns while their predictions come out. */
  async workInHand(): Promise<void> {
    await this.send(EVENTS)
    await until('the first predictions', async () => ((await this.predictions()) > 0 ? true : undefined))
  }

  /** Every service says that it is not ready, by which condition, and that the log is the cause. */
  async checkNotReady(expect: ExpectStatic): Promise<void> {
    for (const service of SERVICES) {
      const problems = await this.platform.notReady(service)
      const condition = service === 'router' ? 'churn' : 'log'
      expect(problems.map((problem) => problem.condition)).toEqual([condition])
      expect(problems[0]!.reason).toMatch(/^(kafka|log): /)
    }
  }

  /** Everything is ready again, what comes now is scored, and nothing of before is missing or mixed up. */
  async checkNothingLost(expect: ExpectStatic): Promise<void> {
    await this.platform.ready()
    await this.send(100)
    await this.platform.rest()
    const report = await this.platform.delivery()
    const { duplicates } = report
    console.log(`${this.component.name}: ${duplicates} predictions of ${this.#sent} events came again`)
    expect(report).toMatchObject({ violations: [], events: this.#sent, predicted: this.#sent, deadLettered: 0 })
    expect(this.platform.crashes).toEqual([])
  }
}

// Side by side, because most of the time is waiting for limits to run out.
const options = { timeout: TEST_MS_MAX, concurrent: true, skip: inject('stackKind') === 'embedded' }
describe('dependencies go away and come back', options, () => {
  test('the broker is killed and comes back', async ({ expect }) => {
    const outage = await Outage.open(startBroker)
    try {
      await outage.workInHand()
      await outage.component.kill('SIGKILL')
      await outage.checkNotReady(expect)
      await outage.component.restart()
      await outage.checkNothingLost(expect)
    } finally {
      await outage.close()
    }
  })

  test('the broker freezes with open connections and goes on', async ({ expect }) => {
    const outage = await Outage.open(startBroker)
    try {
      await outage.workInHand()
      await outage.component.pause()
      await outage.checkNotReady(expect)
      await outage.component.resume()
      await outage.checkNothingLost(expect)
    } finally {
      await outage.close()
    }
  })

  test('the registry freezes while events come with a schema that nobody has read yet', async ({ expect }) => {
    const outage = await Outage.open(startRegistry)
    const { platform, component } = outage
    try {
      const schema = churnSchema()
      const newer = { ...schema, fields: [...schema.fields, { name: 'loyaltyTier', type: 'string', default: 'none' }] }
      const encode = await customerEncoder(platform, newer)
      await component.pause()
      await outage.send(EVENTS, encode)
      for (const service of ['scorer-v7', 'scorer-v8'] as const) {
        const problems = await platform.notReady(service)
        expect(problems.map((problem) => problem.condition)).toEqual(['log'])
        expect(problems[0]!.reason).toContain(`schema registry: ${component.address}`)
      }
      expect((await fetch(`${platform.service('router').ops}/health/ready`)).status).toBe(200)
      expect(await outage.predictions()).toBe(0)
      await component.resume()
      await outage.checkNothingLost(expect)
    } finally {
      await outage.close()
    }
  })
})
