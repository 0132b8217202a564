import type { JoinOutcome, JoinPrediction, OutcomeFact, OutcomeRef, PairEnding } from '@sluice/evaluation'
import { type Rng, rng } from '@sluice/testing'

/** Event times of the scenario: forty minutes of predictions, each open for six hours, looked at before the last ones close. */
export const T0 = 1_750_000_020_000
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const PREDICTIONS_MS = 40 * MINUTE
export const JOIN = { horizonMs: 6 * HOUR, graceMs: 10 * MINUTE, absence: 'negative' } as const
export const END = T0 + 6.5 * HOUR
export const PARTITIONS = 4
/** Longest time from when something happens to when its record arrives, in a run that keeps the order of time. */
export const DISORDER_MS = 5 * MINUTE

export type ScenarioOutcome = Omit<JoinOutcome, 'cause'>
export interface Scenario {
  readonly predictions: readonly JoinPrediction[]
  readonly outcomes: readonly ScenarioOutcome[]
}

const KINDS = [
  'none',
  'none',
  'none',
  'once',
  'once',
  'once',
  'late',
  'before',
  'duplicate',
  'corrected',
  'recordedLater',
  'contradictory',
  'withdrawn',
  'human',
  'future',
] as const

/** `count` predictions of a champion, a challenger and a shadow, and outcomes of every kind by every reference. */
export function joinScenario(seed: number, count: number): Scenario {
  const random = rng(seed, 'join')
  const predictions: JoinPrediction[] = []
  const outcomes: ScenarioOutcome[] = []
  const offsets = new Array<bigint>(PARTITIONS).fill(0n)
  while (predictions.length < count) {
    const partition = random.int(0, PARTITIONS - 1)
    const offset = offsets[partition]!
    offsets[partition] = offset + BigInt(random.int(1, 3)) // Gaps: dead letters and markers take offsets too.
    const eventTimeMs = T0 + Math.floor((predictions.length / count) * PREDICTIONS_MS) + random.int(0, 2_000)
    const key = `customer-${random.int(1, Math.ceil(count / 4))}`
    const ceId = random.chance(0.2) ? `ce-${partition}-${offset}` : null
    const versions = [random.chance(0.1) ? 8 : 7, ...(random.chance(0.05) ? [9] : [])]
    for (const version of versions) {
      const score = Math.fround(random.next())
      const decision = score >= 0.5 ? 1 : 0
      predictions.push({ version, partition, offset, score, decision, eventTimeMs, key, ceId })
    }
    const ref = refTo(random, { versions, partition, offset, key, ceId })
    for (const fact of said(random, eventTimeMs)) outcomes.push({ ...fact, ref })
    if (random.chance(0.01)) outcomes.push({ ...plain(random, eventTimeMs), ref: nothing(random) })
  }
  return { predictions, outcomes }
}

function refTo(
  random: Rng,
  at: { versions: readonly number[]; partition: number; offset: bigint; key: string; ceId: string | null },
): OutcomeRef {
  const { partition, offset } = at
  const dice = random.next()
  if (dice < 0.6) return { kind: 'prediction', version: at.versions[0]!, partition, offset }
  if (dice < 0.75) return { kind: 'event', partition, offset }
  return at.ceId === null ? { kind: 'key', key: at.key } : { kind: 'ceId', id: at.ceId }
}

function nothing(random: Rng): OutcomeRef {
  const offset = 10n ** 12n + BigInt(random.int(0, 1_000_000))
  return random.pick<OutcomeRef>([
    { kind: 'prediction', version: 7, partition: 0, offset },
    { kind: 'event', partition: 0, offset },
    { kind: 'ceId', id: 'ce-nobody' },
    { kind: 'key', key: 'nobody' },
  ])
}

function plain(random: Rng, eventTimeMs: number): OutcomeFact {
  const occurredAtMs = eventTimeMs + random.int(0, 4 * HOUR)
  return { label: random.int(0, 1), occurredAtMs, source: 'system', revision: 0, recordedAtMs: null }
}

function said(random: Rng, eventTimeMs: number): readonly OutcomeFact[] {
  const first = plain(random, eventTimeMs)
  const later = first.occurredAtMs + random.int(0, HOUR)
  const other = 1 - first.label!
  switch (random.pick(KINDS)) {
    case 'none':
      return []
    case 'once':
      return [first]
    case 'late':
      return [{ ...first, occurredAtMs: eventTimeMs + JOIN.horizonMs + random.int(1, 5 * MINUTE) }]
    case 'before':
      return [{ ...first, occurredAtMs: eventTimeMs - random.int(1, 5 * MINUTE) }]
    case 'duplicate':
      return [first, first, { ...first, occurredAtMs: later }]
    case 'corrected':
      return [first, { ...first, label: other, revision: 1 }, { ...first, revision: 2, occurredAtMs: later }]
    case 'recordedLater':
      return [
        { ...first, recordedAtMs: later },
        { ...first, label: other, recordedAtMs: later + 1 },
      ]
    case 'contradictory':
      return [first, { ...first, label: other, occurredAtMs: random.chance(0.5) ? later : first.occurredAtMs }]
    case 'withdrawn':
      return [first, { ...first, label: null, revision: 1 }]
    case 'human':
      return [first, { ...first, label: other, source: 'human' }, { ...first, revision: 3 }]
    case 'future':
      return [{ ...first, occurredAtMs: END + random.int(1, HOUR) }]
  }
}

export interface ExpectedRow {
  readonly label: number | null
  readonly occurredAtMs: number | null
  readonly endings: Readonly<Record<PairEnding, number>>
}

/**
 * The same join as a batch over everything: groups all outcomes by prediction, sorts them and takes the first. Slow and
 * without state, to compare the state machine with.
 */
export function batchJoin({ predictions, outcomes }: Scenario): {
  readonly rows: ReadonlyMap<string, ExpectedRow>
  readonly matched: number
  readonly future: number
} {
  const groups = new Map<string, JoinPrediction[]>()
  for (const p of predictions) {
    const names = [`p${p.version}/${event(p)}`, `e${event(p)}`, `k${p.key}`, ...(p.ceId == null ? [] : [`c${p.ceId}`])]
    for (const name of names) {
      const group = groups.get(name)
      if (group === undefined) groups.set(name, [p])
      else group.push(p)
    }
  }
  const present = outcomes.filter((o) => o.occurredAtMs <= END)
  const facts = new Map<JoinPrediction, OutcomeFact[]>(predictions.map((p) => [p, []]))
  let matched = 0
  for (const outcome of present) {
    const targets = targetsOf(outcome, groups)
    if (targets.length > 0) matched++
    for (const p of targets) facts.get(p)!.push(outcome)
  }
  const rows = new Map<string, ExpectedRow>()
  for (const [p, list] of facts) rows.set(`${p.version}/${event(p)}`, expectedRow(p, list))
  return { rows, matched, future: outcomes.length - present.length }
}

function targetsOf(o: ScenarioOutcome, groups: ReadonlyMap<string, readonly JoinPrediction[]>) {
  const { ref } = o
  if (ref.kind === 'prediction') return groups.get(`p${ref.version}/${event(ref)}`) ?? []
  if (ref.kind === 'event') return groups.get(`e${event(ref)}`) ?? []
  if (ref.kind === 'ceId') return groups.get(`c${ref.id}`) ?? []
  const candidates = (groups.get(`k${ref.key}`) ?? []).filter(
    (p) => p.eventTimeMs <= o.occurredAtMs && p.eventTimeMs + JOIN.horizonMs >= o.occurredAtMs,
  )
  const [latest] = candidates.toSorted(
    (a, b) => b.eventTimeMs - a.eventTimeMs || b.partition - a.partition || Number(b.offset - a.offset),
  )
  return latest === undefined ? [] : candidates.filter((p) => event(p) === event(latest))
}

function expectedRow({ eventTimeMs }: JoinPrediction, all: readonly OutcomeFact[]): ExpectedRow {
  const late = all.filter((f) => f.occurredAtMs > eventTimeMs + JOIN.horizonMs).length
  const beforePrediction = all.filter((f) => f.occurredAtMs < eventTimeMs).length
  const authority = (f: OutcomeFact): string =>
    [f.source === 'human' ? 1 : 0, String(f.revision).padStart(3, '0'), f.recordedAtMs ?? 0].join()
  const inTime = all
    .filter((f) => f.occurredAtMs >= eventTimeMs && f.occurredAtMs <= eventTimeMs + JOIN.horizonMs)
    .toSorted(
      (a, b) =>
        authority(b).localeCompare(authority(a)) ||
        a.occurredAtMs - b.occurredAtMs ||
        (b.label ?? -1) - (a.label ?? -1),
    )
  const [first] = inTime
  const peers = inTime.filter((f) => authority(f) === authority(first!))
  const same = peers.filter((f) => f.label === first!.label).length
  const withdrawn = first?.label === null
  return {
    label: first?.label ?? null,
    occurredAtMs: first === undefined || withdrawn ? null : first.occurredAtMs,
    endings: {
      applied: first !== undefined && !withdrawn ? 1 : 0,
      withdrawal: withdrawn ? 1 : 0,
      duplicate: Math.max(0, same - 1),
      contradictory: peers.length - same,
      corrected: inTime.length - peers.length,
      late,
      beforePrediction,
    },
  }
}

function event({ partition, offset }: { readonly partition: number; readonly offset: bigint }): string {
  return `${partition}/${offset}`
}
