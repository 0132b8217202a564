import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import {
  type JoinOutcome,
  type JoinPrediction,
  OutcomeJoin,
  QualityPanes,
  QualityWindow,
  qualityReport,
} from '@sluice/evaluation'
import { type Rng, rng } from '@sluice/testing'
import { beforeAll, expect, test } from 'vitest'
import {
  batchJoin,
  DISORDER_MS,
  END,
  HOUR,
  JOIN,
  joinScenario,
  MINUTE,
  PARTITIONS,
  PREDICTIONS_MS,
  type Scenario,
  T0,
} from './join-scenario.ts'

const PREDICTIONS = 100_000
const SEED = Number(process.env['SIM_SEED'] ?? 1)
const SPAN = { fromMs: T0, toMs: T0 + PREDICTIONS_MS + MINUTE }
const VERSIONS = [7, 8, 9]
/** Per run. */
const CRASHES = 2

type Entry =
  | { readonly kind: 'prediction'; readonly prediction: JoinPrediction; readonly atMs: number }
  | { readonly kind: 'outcome'; readonly outcome: JoinOutcome; readonly atMs: number }

interface State {
  readonly join: OutcomeJoin
  readonly panes: QualityPanes
}

let scenario: Scenario
/** All predictions in the order of time, then all outcomes. */
let straight: State
beforeAll(() => {
  scenario = joinScenario(SEED, PREDICTIONS)
  straight = run(arranged(scenario, inOrder, 'straight', -100 * HOUR))
}, 60_000)

function fresh(): State {
  const panes = new QualityPanes()
  return { panes, join: new OutcomeJoin(JOIN, (change) => panes.apply(change)) }
}

/** What a process writes to disk. */
function saved({ join, panes }: State): Buffer {
  return serialize({ join: join.snapshot(), panes: panes.snapshot() })
}

/** What another process makes of it. */
function restored(bytes: Buffer): State {
  const state = deserialize(bytes) as {
    join: Parameters<typeof OutcomeJoin.restore>[1]
    panes: Parameters<typeof QualityPanes.restore>[0]
  }
  const panes = QualityPanes.restore(state.panes)
  return { panes, join: OutcomeJoin.restore(JOIN, state.join, (change) => panes.apply(change)) }
}

/** Puts the records into one order of arrival; outcomes get the offsets that a log would give them in it. */
function arranged(
  { predictions, outcomes }: Scenario,
  order: (random: Rng) => (atMs: number) => number,
  purpose: string,
  outcomesFirst = 0,
): Entry[] {
  const place = order(rng(SEED, purpose))
  const entries = [
    ...predictions.map((prediction) => ({
      at: place(prediction.eventTimeMs),
      atMs: prediction.eventTimeMs,
      prediction,
    })),
    ...outcomes.map((outcome) => ({
      at: place(outcome.occurredAtMs) - outcomesFirst,
      atMs: outcome.occurredAtMs,
      outcome,
    })),
  ].sort((a, b) => a.at - b.at)
  const next = new Array<bigint>(PARTITIONS).fill(0n)
  return entries.map((entry, i) => {
    if ('prediction' in entry) return { kind: 'prediction', prediction: entry.prediction, atMs: entry.atMs }
    const partition = i % PARTITIONS
    const cause = { partition, offset: next[partition]!++ }
    return { kind: 'outcome', outcome: { ...entry.outcome, cause }, atMs: entry.atMs }
  })
}

function take({ join }: State, entry: Entry): void {
  if (entry.kind === 'prediction') join.predict(entry.prediction)
  else join.outcome(entry.outcome)
}

/** Every number that is reported, rounded where sums of logarithms may differ in the last place. */
function digest({ join, panes }: State, withRows = true): string {
  const hash = createHash('sha256')
  const plain = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(12)) : value
  if (withRows) {
    for (const { position, score, decision, eventTimeMs, state, label, settled } of join.rows(END)) {
      const { version, partition, offset } = position
      const { occurredAtMs, source, endings } = settled
      const values = [version, partition, offset, score, decision, eventTimeMs, state, label, occurredAtMs, source]
      hash.update(`${values.join()},${Object.values(endings).join()};`)
    }
  }
  hash.update(JSON.stringify(join.counts(END), plain))
  for (const version of VERSIONS)
    hash.update(JSON.stringify(qualityReport(panes.window(version, SPAN, END, JOIN)), plain))
  return hash.digest('hex').slice(0, 16)
}

const inOrder = () => (atMs: number) => atMs
const anyOrder = (random: Rng) => () => random.next()
const nearlyInOrder = (random: Rng) => (atMs: number) => atMs + random.int(0, DISORDER_MS)

function run(entries: readonly Entry[]): State {
  const state = fresh()
  for (const entry of entries) take(state, entry)
  state.join.advance(END)
  return state
}

/** Dies at random places; the next one starts from the last saved state and reads a stretch of the log again. */
function runWithCrashes(entries: readonly Entry[], seed: number): State {
  const random = rng(seed, 'crashes')
  const places = (count: number): Set<number> =>
    new Set(Array.from({ length: count }, () => random.int(0, entries.length - 1)))
  const [saves, crashes, advances] = [places(CRASHES), places(CRASHES), places(20)]
  let state = fresh()
  let [bytes, next] = [saved(state), 0]
  for (let i = 0; i < entries.length; i++) {
    take(state, entries[i]!)
    if (advances.has(i)) state.join.advance(T0 + random.int(0, 6 * HOUR))
    if (saves.delete(i)) [bytes, next] = [saved(state), i + 1]
    if (!crashes.delete(i)) continue
    state = restored(bytes)
    i = Math.max(-1, next - 1 - random.int(0, 5_000))
  }
  expect([saves.size, crashes.size], 'every planned crash has happened').toEqual([0, 0])
  state.join.advance(END)
  return state
}

test(`${PREDICTIONS} predictions end the same in every order, with crashes and replays`, () => {
  const reference = digest(straight)
  console.log(`join digest ${reference}: ${JSON.stringify(straight.join.counts(END))}`)

  const outcomesFirst = run(arranged(scenario, inOrder, 'outcomes first', 100 * HOUR))
  expect(digest(outcomesFirst), 'all outcomes before all predictions').toBe(reference)
  for (const seed of [1, 2, 3]) {
    const entries = arranged(scenario, anyOrder, `shuffle ${seed}`)
    const state = runWithCrashes(entries, seed)
    expect(digest(state), `shuffle ${seed}`).toBe(reference)
    if (seed > 1) continue
    for (let again = 0; again < 2; again++) for (const entry of entries) take(state, entry)
    expect(digest(state), 'replayed twice').toBe(reference)
  }
})

test('it is what a batch over all records gives', () => {
  const { join, panes } = straight
  const expected = batchJoin(scenario)
  const windows = new Map(VERSIONS.map((version) => [version, new QualityWindow()]))
  let rows = 0
  for (const row of join.rows(END)) {
    const { version, partition, offset } = row.position
    const want = expected.rows.get(`${version}/${partition}/${offset}`)!
    const { label, occurredAtMs, endings } = row.settled
    expect({ label, occurredAtMs, endings }).toEqual(want)
    windows.get(version)!.addRow(row)
    rows++
  }
  expect(rows).toBe(scenario.predictions.length)
  const counts = join.counts(END)
  expect([counts.matched, counts.future]).toEqual([expected.matched, expected.future])
  expect(counts.matched + counts.waiting + counts.orphans + counts.future).toBe(scenario.outcomes.length)
  for (const count of [counts.waiting, counts.orphans, counts.future, ...Object.values(counts.pairs)]) {
    expect(count, JSON.stringify(counts)).toBeGreaterThan(0)
  }
  for (const version of VERSIONS) {
    const fromPanes = qualityReport(panes.window(version, SPAN, END, JOIN))
    const fromRows = qualityReport(windows.get(version)!)
    expect(fromPanes.states).toEqual(fromRows.states)
    expect(Object.values(fromPanes.states).reduce((sum, n) => sum + n, 0)).toBe(fromPanes.predictions)
    for (const [name, metric] of Object.entries(fromPanes.metrics)) {
      const other = fromRows.metrics[name as keyof typeof fromRows.metrics]
      if (metric.status !== 'ok' || other.status !== 'ok') throw new Error(`no ${name}`)
      expect(metric.value, name).toBeCloseTo(other.value, 12)
      expect([metric.low, metric.high].map((v) => v.toPrecision(9))).toEqual(
        [other.low, other.high].map((v) => v.toPrecision(9)),
      )
    }
  }
})

test('memory is given back on the way without changing a figure', () => {
  const small = joinScenario(SEED, PREDICTIONS / 5)
  const state = fresh()
  let latest = 0
  let forgotten = 0
  for (const [i, entry] of arranged(small, nearlyInOrder, 'forget').entries()) {
    take(state, entry)
    latest = Math.max(latest, Math.min(entry.atMs, END))
    if (i % 1_000 !== 0) continue
    state.join.advance(latest)
    forgotten += state.join.forget(latest - DISORDER_MS)
  }
  state.join.advance(END)
  forgotten += state.join.forget(END)
  const whole = run(arranged(small, nearlyInOrder, 'forget'))
  expect(forgotten).toBeGreaterThan(2_000)
  expect(digest(state, false)).toBe(digest(whole, false))
})
