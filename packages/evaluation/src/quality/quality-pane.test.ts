import { readFileSync } from 'node:fs'
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JoinChange } from '../join/outcome-join.ts'
import { closesAtMs, type JoinConfig, PANE_MS } from '../join/prediction-state.ts'
import { NO_ENDINGS, type Settled, UNSETTLED } from '../join/settle-facts.ts'
import { type PaneOrigin, paneFromRecord, paneToRecord, type QualityPaneRecord } from './pane-record.ts'
import { QualityPane } from './quality-pane.ts'
import { QualityPanes } from './quality-panes.ts'
import { QualityWindow } from './quality-window.ts'

const T0 = 1_750_000_020_000
const KEY = { version: 7, partition: 0, startMs: T0 }
const CONFIG: JoinConfig = { horizonMs: 86_400_000, graceMs: 0, absence: 'negative' }
const CLOSED = closesAtMs(T0, CONFIG.horizonMs)

const labelled = (label: number, delayMs: number, over: Partial<Settled> = {}): Settled => ({
  label,
  occurredAtMs: T0 + delayMs,
  source: 'system',
  endings: { ...NO_ENDINGS, applied: 1 },
  ...over,
})
const change = (score: number, before: Settled | null, after: Settled): JoinChange => ({
  position: { version: 7, partition: 0, offset: 0n },
  score,
  decision: score >= 0.5 ? 1 : 0,
  eventTimeMs: T0,
  before,
  after,
})

/** Everything a pane counts; sums without the cell that carries what rounding lost. */
function facts(pane: QualityPane) {
  const sums = (cells: Float64Array) => Array.from(cells, (v) => Number(v.toFixed(9)) + 0)
  const totals = [0, 1, 2, 3, 4]
  return {
    confusion: [...pane.labelled.confusion.cells],
    scores: sums(pane.labelled.scores.cells),
    losses: totals.map((i) => pane.labelled.losses.total(i)),
    open: sums(pane.unlabelled.scores.cells),
    openLosses: totals.map((i) => pane.unlabelled.losses.total(i)),
    openDecided: pane.unlabelled.decidedPositive,
    delays: [...pane.delays.cells],
    delayMsSum: pane.delayMsSum,
    humanLabels: pane.humanLabels,
    endings: { ...pane.endings },
  }
}

const score = fc.integer({ min: 0, max: 1_000 }).map((n) => n / 1_000)
const settled = fc.oneof(
  fc.constant(UNSETTLED),
  fc
    .record({ label: fc.constantFrom(0, 1), delay: fc.nat(1e9), human: fc.boolean() })
    .map(({ label, delay, human }) => labelled(label, delay, { source: human ? 'human' : 'system' })),
)

test('what was added and taken back leaves exactly what was not', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(score, settled, settled)), (histories) => {
      const [direct, indirect] = [new QualityPane(KEY), new QualityPane(KEY)]
      for (const [s, first] of histories) indirect.apply(change(s, null, first))
      for (const [s, first, second] of histories) indirect.apply(change(s, first, second))
      for (const [s, , second] of histories) direct.apply(change(s, null, second))
      expect(facts(indirect)).toEqual(facts(direct))
    }),
    { seed: 20_261_122 },
  )
})

test('merging panes in any grouping counts what one pane would', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(score, settled, fc.nat(2)), { maxLength: 60 }), (rows) => {
      const parts = [0, 1, 2].map(() => new QualityPane(KEY))
      const whole = new QualityPane(KEY)
      for (const [s, state, part] of rows) {
        parts[part]!.apply(change(s, null, state))
        whole.apply(change(s, null, state))
      }
      const merged = new QualityPane(KEY).merge(parts[2]!).merge(parts[0]!).merge(parts[1]!)
      expect(facts(merged)).toEqual(facts(whole))
      expect(merged.predictions).toBe(rows.length)
    }),
    { seed: 20_261_122 },
  )
})

test('a score that is no probability is refused before anything is counted', () => {
  const pane = new QualityPane(KEY)
  expect(() => pane.apply(change(1.01, null, UNSETTLED))).toThrow(/score 1.01 is not a probability/)
  expect(() => pane.apply(change(-0.01, null, labelled(1, 5)))).toThrow(/score -0.01/)
  expect(facts(pane)).toEqual(facts(new QualityPane(KEY)))
})

describe('a window', () => {
  const pane = (): QualityPane => {
    const p = new QualityPane(KEY)
    p.apply(change(0.9, null, labelled(1, 5_000)))
    p.apply(change(0.8, null, UNSETTLED))
    p.apply(change(0.1, null, UNSETTLED))
    return p
  }

  test('turns what still waits into negatives or unknowns at the close, by absence', () => {
    const at = (asOfMs: number, absence: 'negative' | 'unknown') => {
      const window = new QualityWindow()
      window.addPane(pane(), asOfMs, { ...CONFIG, absence })
      return [window.states, window.labelled.confusion.table]
    }
    const one = { truePositives: 1, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 }
    expect(at(CLOSED - 1, 'negative')).toEqual([{ matched: 1, absentNegative: 0, expired: 0, pending: 2 }, one])
    expect(at(CLOSED, 'negative')).toEqual([
      { matched: 1, absentNegative: 2, expired: 0, pending: 0 },
      { ...one, falsePositives: 1, trueNegatives: 1 },
    ])
    expect(at(CLOSED, 'unknown')).toEqual([{ matched: 1, absentNegative: 0, expired: 2, pending: 0 }, one])
  })

  test('holds the panes from its start up to and without its end, of its version alone', () => {
    const panes = new QualityPanes()
    for (const version of [7, 8]) {
      for (let n = 0; n < 4; n++) {
        const position = { version, partition: n % 2, offset: BigInt(n) }
        panes.apply({ ...change(0.3, null, UNSETTLED), position, eventTimeMs: T0 + n * PANE_MS })
      }
    }
    expect(panes.versions).toEqual([7, 8])
    const window = (from: number, to: number) =>
      panes.window(7, { fromMs: T0 + from * PANE_MS, toMs: T0 + to * PANE_MS }, CLOSED, CONFIG).predictions
    expect([window(0, 4), window(1, 3), window(3, 3), window(4, 9)]).toEqual([4, 2, 0, 0])
    expect(() => window(0.5, 1)).toThrow(/cuts panes/)
    panes.forget(T0 + 2 * PANE_MS)
    expect(window(0, 4)).toBe(2)
  })

  test('is the same when panes are read again or in another order: the one counted furthest stays', () => {
    const early = new QualityPane(KEY)
    const panes = new QualityPanes()
    for (const [p, to] of [
      [early, 10n],
      [pane(), 20n],
      [early, 10n],
      [pane(), 20n],
    ] as const)
      panes.put(p, to)
    expect(panes.count).toBe(1)
    expect(panes.panes()[0]!.predictions).toBe(3)
  })
})

describe('a pane as a record of the quality topic', () => {
  const schema = JSON.parse(readFileSync(new URL('../../../../schemas/quality-pane.avsc', import.meta.url), 'utf8'))
  const type = avro.Type.forSchema(schema)
  const origin: PaneOrigin = {
    endpoint: 'churn',
    model: 'churn',
    variant: 'champion',
    mode: 'live',
    labels: ['stays', 'churns'],
    fromOffset: 0,
    toOffset: 7,
  }
  const filled = (): QualityPane => {
    const p = new QualityPane(KEY)
    p.apply(change(0.9, null, labelled(1, 5_000)))
    p.apply(
      change(
        0.7,
        null,
        labelled(0, 1_500, { source: 'human', endings: { ...NO_ENDINGS, applied: 1, corrected: 2, late: 1 } }),
      ),
    )
    p.apply(change(0.2, null, { ...UNSETTLED, endings: { ...NO_ENDINGS, withdrawal: 1, corrected: 1 } }))
    return p
  }

  test('passes through Avro (by avsc) and comes back as it was', () => {
    const record = paneToRecord(filled(), origin, CLOSED, CONFIG)
    const read = JSON.parse(JSON.stringify(type.fromBuffer(type.toBuffer(record)))) as QualityPaneRecord
    expect(read).toMatchObject(record)
    expect(facts(paneFromRecord(read, origin.labels))).toEqual(facts(filled()))
  })

  test('says what the predictions that wait have become', () => {
    const at = (asOfMs: number, absence: 'negative' | 'unknown') => {
      const { outcomes } = paneToRecord(filled(), origin, asOfMs, { ...CONFIG, absence })
      return [outcomes.absentNegative, outcomes.expired]
    }
    expect([at(CLOSED - 1, 'negative'), at(CLOSED, 'negative'), at(CLOSED, 'unknown')]).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
    ])
    const record = paneToRecord(filled(), origin, CLOSED, CONFIG)
    expect(record.outcomes.confusion).toEqual({ 'churns>churns': 1, 'churns>stays': 1 })
    expect(record).toMatchObject({ paneStart: T0, paneSeconds: 60, writer: 'feedback', version: 7 })
  })

  test('with another number of bins is refused', () => {
    const record = paneToRecord(filled(), origin, CLOSED, CONFIG)
    const outcomes = { ...record.outcomes, openCounts: [1, 2] }
    expect(() => paneFromRecord({ ...record, outcomes }, origin.labels)).toThrow(/openCounts has 2 bins, not 200/)
  })
})
