import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PlanVariant, ScorerReady } from '@sluice/routing'
import { VirtualClock } from '@sluice/stream'
import { afterEach, expect, test } from 'vitest'
import { RecordingTelemetry, silentLogger } from './router-world.ts'
import { ScorerClient, SILENT_MS } from './scorer-client.ts'

const VARIANT: PlanVariant = { name: 'champion', model: 'churn', version: 7, weightBp: 10_000 }
const INPUTS = [{ name: 'tenure', datatype: 'FP64', shape: [1], data: [5] }]

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await close(server)
})

/** A scorer that counts how often it is asked and answers with its number. */
class Scorer {
  readonly ready: ScorerReady
  readonly server: Server
  asked = 0
  answers = true

  private constructor(server: Server, instance: number) {
    this.server = server
    const { port } = server.address() as AddressInfo
    this.ready = {
      kind: 'scorer-ready',
      version: 7,
      instance: `s${instance}`,
      ready: true,
      url: `http://127.0.0.1:${port}`,
      since: instance,
    }
  }

  static async start(instance: number): Promise<Scorer> {
    const server = createServer((_request, response) => {
      scorer.asked++
      response.statusCode = scorer.answers ? 200 : 500
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ outputs: [{ name: 'score', datatype: 'FP32', shape: [1], data: [instance] }] }))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const scorer = new Scorer(server, instance)
    return scorer
  }
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

function client(clock = new VirtualClock(0)): ScorerClient {
  return new ScorerClient({ clock, logger: silentLogger, telemetry: new RecordingTelemetry() })
}

test('scorers take turns', async () => {
  const scorers = [await Scorer.start(0), await Scorer.start(1), await Scorer.start(2)]
  const asking = client()
  const ready = scorers.map((scorer) => scorer.ready)
  for (let i = 0; i < 9; i++) await asking.infer(VARIANT, ready, INPUTS)
  expect(scorers.map(({ asked }) => asked)).toEqual([3, 3, 3])
})

test('announcements of scorers that are gone, however many, cost no request its answer', async () => {
  const gone = await Promise.all(Array.from({ length: 20 }, (_, i) => Scorer.start(i)))
  for (const { server } of gone) await close(server)
  const alive = await Scorer.start(99)
  const asking = client()
  const ready = [...gone, alive].map((scorer) => scorer.ready)
  for (let i = 0; i < 30; i++) {
    const [score] = await asking.infer(VARIANT, ready, INPUTS)
    expect(score!.data).toEqual([99])
  }
})

test('a scorer that failed is asked last for a while, and takes its turn again after that', async () => {
  const [first, second] = [await Scorer.start(0), await Scorer.start(1)]
  const clock = new VirtualClock(0)
  const asking = client(clock)
  const ask = async (times: number): Promise<readonly number[]> => {
    const before = [first.asked, second.asked] as const
    for (let i = 0; i < times; i++) await asking.infer(VARIANT, [first.ready, second.ready], INPUTS)
    return [first.asked - before[0], second.asked - before[1]]
  }
  first.answers = false
  expect(await ask(10)).toEqual([1, 10])
  first.answers = true
  expect(await ask(10)).toEqual([0, 10])
  await clock.advance(SILENT_MS)
  expect(await ask(10)).toEqual([5, 5])
})

test('one that was silent is still asked when nobody else answers', async () => {
  const scorer = await Scorer.start(0)
  const asking = client()
  scorer.answers = false
  await expect(asking.infer(VARIANT, [scorer.ready], INPUTS)).rejects.toMatchObject({ status: 503 })
  scorer.answers = true
  expect((await asking.infer(VARIANT, [scorer.ready], INPUTS))[0]!.data).toEqual([0])
})
