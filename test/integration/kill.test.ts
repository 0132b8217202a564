import { setTimeout as sleep } from 'node:timers/promises'
import { routerGroup } from '@sluice/router'
import { scorerGroup } from '@sluice/scorer'
import { appendRecords, dropRepeats, rng, until } from '@sluice/testing'
import { inject, test } from 'vitest'
import { churnCustomers, customerEncoder, decodePrediction } from './churn-events.ts'
import { ENDPOINT, TestPlatform } from './platform.ts'

const EVENTS = 100_000
/** Events are written in bursts, so that a kill finds work in hand and work that is still to come. */
const BURST = 5_000
const KILLS = 3
/** More than there are scorers that ever announced themselves, so that each has its turn to be asked first. */
const REQUESTS = 4 * (KILLS + 1)
/** From the first byte of a burst to the kill, at most, in milliseconds: anywhere within the work on it. */
const KILL_DELAY_MS_MAX = 150
const SEED = 20_261
const TEST_MS_MAX = 240_000

/** Bursts during which the process is killed: distinct, in order, neither the first nor the last. */
function killedBursts(seed: number, who: string): readonly number[] {
  const random = rng(seed, who)
  const bursts = new Set<number>()
  while (bursts.size < KILLS) bursts.add(random.int(1, EVENTS / BURST - 2))
  return [...bursts].sort((a, b) => a - b)
}

/**
 * Statuses of requests for customers of version 7. Scorers that were killed have taken nothing back: their addresses are
 * still in the control topic, before that of the one that lives.
 */
async function restStatuses(platform: TestPlatform): Promise<readonly number[]> {
  const { http } = platform.service('router')
  const ids = churnCustomers().map(({ customerId }) => customerId)
  const ofVersion7 = ids.filter((id) => platform.versionOf(new TextEncoder().encode(id)) === 7)
  const statuses: number[] = []
  for (const customerId of ofVersion7.slice(0, REQUESTS)) {
    const inputs = [
      { name: 'customerId', datatype: 'BYTES', shape: [1], data: [customerId] },
      { name: 'tenure', datatype: 'INT32', shape: [1], data: [5] },
    ]
    const response = await fetch(`${http}/v2/models/${ENDPOINT}/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs }),
    })
    statuses.push(response.status)
  }
  return statuses
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
      const { topics } = platform
      const progress =
        victim === 'router'
          ? ([routerGroup(topics), topics.events] as const)
          : ([scorerGroup(topics, 7), topics.version(7)] as const)
      for (let burst = 0; burst < EVENTS / BURST; burst++) {
        const isKilled = kills.includes(burst)
        // Only a victim that works again after the last kill can be killed at its work.
        if (isKilled) await platform.caughtUp(...progress)
        const written = Array.from({ length: BURST }, (_, i) => records[(burst * BURST + i) % records.length]!)
        const writing = appendRecords(platform.log, topics.events, written, { timestampMs: Date.now() })
        if (!isKilled) {
          await writing
          continue
        }
        await sleep(random.int(0, KILL_DELAY_MS_MAX))
        const killed = service.pid!
        process.kill(killed, 'SIGKILL')
        await writing
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
      if (victim === 'scorer-v7') expect(await restStatuses(platform)).toEqual(Array(REQUESTS).fill(200))
    } finally {
      await platform.stop()
    }
  },
)
