import { formatEventId } from '@sluice/contracts'
import { appendRecords, dropRepeats, until } from '@sluice/testing'
import { expect, inject, test } from 'vitest'
import { churnCustomers, customerEncoder, decodePrediction } from './churn-events.ts'
import { CHAMPION, ENDPOINT, TestPlatform } from './platform.ts'
import { referenceScorer } from './reference-scorer.ts'

const PARTITIONS = 6
const BURSTS = 12
const BURST = 2_000
const EVENTS = BURSTS * BURST

test.skipIf(inject('stackKind') === 'embedded')(
  'routers and scorers come and go in mid-stream: each event is scored once live and once by the shadow',
  async () => {
    const platform = await TestPlatform.open({
      name: 'delivery',
      partitions: PARTITIONS,
      variants: [{ ...CHAMPION, weight: 100 }],
      shadows: [{ name: 'candidate', model: 'churn', version: 8, percent: 100 }],
    })
    try {
      await platform.start()
      const encode = await customerEncoder(platform)
      const customers = churnCustomers()
      const records = customers.map((customer) => encode(customer))
      const sent = new Map<string, number>()
      const changes = new Map<number, () => Promise<unknown>>([
        [2, () => Promise.all([platform.router('router-b'), platform.scorer(7, 'scorer-v7-b')])],
        [5, () => Promise.all([platform.stopService('router'), platform.stopService('scorer-v7')])],
        [8, () => Promise.all([platform.router(), platform.scorer(7)])],
      ])
      const changing: Promise<unknown>[] = []
      for (let burst = 0; burst < BURSTS; burst++) {
        const before = await platform.count(platform.topics.predictions)
        const places = await appendRecords(
          platform.log,
          platform.topics.events,
          Array.from({ length: BURST }, (_, i) => records[(burst * BURST + i) % records.length]!),
          { timestampMs: Date.now() },
        )
        for (const [i, place] of places.entries()) {
          sent.set(formatEventId({ endpoint: ENDPOINT, ...place }), (burst * BURST + i) % records.length)
        }
        await until('predictions of the burst', async () =>
          (await platform.count(platform.topics.predictions)) > before ? true : undefined,
        )
        const change = changes.get(burst)
        // Events go on while processes start and stop.
        if (change !== undefined) changing.push(change())
      }
      await Promise.all(changing)
      await platform.ready()
      await platform.rest()

      const report = await platform.delivery()
      console.log(`${report.duplicates} of ${EVENTS} predictions came again`)
      expect(report).toMatchObject({ violations: [], events: EVENTS, predicted: EVENTS, deadLettered: 0 })
      expect(platform.crashes).toEqual([])
      const live = dropRepeats(report.records.map(decodePrediction))
      const shadows = dropRepeats((await platform.read('shadows')).map(decodePrediction))
      for (const [mode, version, predictions] of [
        ['live', 7, live],
        ['shadow', 8, shadows],
      ] as const) {
        const score = await referenceScorer(version)
        const expected: Awaited<ReturnType<typeof score>>[] = []
        for (const customer of customers) expected.push(await score(customer))
        expect(predictions).toHaveLength(EVENTS)
        expect(new Set(predictions.map(({ eventId }) => eventId)).size).toBe(EVENTS)
        expect(
          predictions.map((p) => ({ mode: p.mode, version: p.version, score: p.score, decision: p.decision })),
        ).toEqual(predictions.map(({ eventId }) => ({ mode, version, ...expected[sent.get(eventId)!]! })))
      }
    } finally {
      await platform.stop()
    }
  },
)
