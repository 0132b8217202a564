import { setTimeout as sleep } from 'node:timers/promises'
import { appendRecords, dropRepeats, rng, until } from '@sluice/testing'
import { inject, test } from 'vitest'
import { churnCustomers, customerEncoder, decodePrediction } from './churn-events.ts'
import { TestPlatform } from './platform.ts'

const EVENTS = 100_000
/** Events are written in bursts, so that a kill finds work in hand and work that is still to come. */
const BURST = 5_000
const KILLS = 3
/** From the moment a burst begins to come out to the kill, at most, in milliseconds: anywhere within the work on it. */
const KILL_DELAY_MS_MAX = 40
const SEED = 20_261
const TEST_MS_MAX = 240_000

/** Bursts during which the process is killed: distinct, in order, neither the first nor the last. */
function killedBursts(seed: number, who: string): readonly number[] {
  const random = rng(seed, who)
  const bursts = new Set<number>()
  while (bursts.size < KILLS) bursts.add(random.int(1, EVENTS / BURST - 2))
  return [...bursts].sort((a, b) => a - b)
}

test.skipIf(inject('stackKind') === 'embedded').for(['router', 'scorer-v7'])(
  'kill -9 of the %s in the middle of 100,000 events loses none and mixes up none',
  // Side by side, because most of the time is waiting for the end of a dead member's session.
  { timeout: TEST_MS_MAX, concurrent: true },
  async (victim, { expect }) => {
    const random = rng(SEED, `${victim}/delays`)
    const kills = killedBursts(SEED, victim)
    const platform = await TestPlatform.open({ name: `kill-${victim}` })
    try {
      await platform.start()
      const encode = await customerEncoder(platform)
      const records = churnCustomers().map((customer) => encode(customer))
      const { process: service } = platform.service(victim)
      for (let burst = 0; burst < EVENTS / BURST; burst++) {
        const before = await platform.count(platform.topics.predictions)
        const written = Array.from({ length: BURST }, (_, i) => records[(burst * BURST + i) % records.length]!)
        await appendRecords(platform.log, platform.topics.events, written, { timestampMs: Date.now() })
        if (!kills.includes(burst)) continue
        await until('the first predictions of a burst', async () =>
          (await platform.count(platform.topics.predictions)) > before ? true : undefined,
        )
        await sleep(random.int(0, KILL_DELAY_MS_MAX))
        const killed = service.pid!
        process.kill(killed, 'SIGKILL')
        await until('another process in its place', () => (service.pid === killed ? undefined : true))
      }
      await platform.rest()

      const report = await platform.delivery()
      console.log(
        `${victim}: killed during bursts ${kills.join(', ')} of ${EVENTS / BURST}, ${report.duplicates} of ${EVENTS} predictions came again`,
      )
      expect(platform.crashes).toEqual(Array(KILLS).fill(`${victim} ended: SIGKILL`))
      expect(report).toMatchObject({ violations: [], events: EVENTS, predicted: EVENTS, deadLettered: 0, skipped: 0 })
      const once = dropRepeats(report.records.map(decodePrediction))
      expect(once).toHaveLength(EVENTS)
      expect(new Set(once.map(({ eventId }) => eventId)).size).toBe(EVENTS)
    } finally {
      await platform.stop()
    }
  },
)
