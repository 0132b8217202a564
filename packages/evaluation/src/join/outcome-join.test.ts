import { describe, expect, test } from 'vitest'
import { NO_DECISION } from './open-block.ts'
import type { OutcomeFact } from './outcome-fact.ts'
import { type JoinChange, type JoinedRow, type JoinPrediction, OutcomeJoin } from './outcome-join.ts'
import type { JoinConfig } from './prediction-state.ts'
import type { OutcomeRef } from './standing-outcomes.ts'

const DAY = 86_400_000
const T0 = 1_750_000_000_000 - (1_750_000_000_000 % 60_000)
const CONFIG: JoinConfig = { horizonMs: 30 * DAY, graceMs: DAY, absence: 'negative' }

/** A join whose present is a year later, with short ways to feed it. */
function feed(config = CONFIG) {
  const changes: JoinChange[] = []
  const join = new OutcomeJoin(config, (change) => changes.push(change))
  join.advance(T0 + 365 * DAY)
  let next = 0n
  return {
    join,
    changes,
    predict: (offset: bigint, over: Partial<JoinPrediction> = {}) =>
      join.predict({ version: 7, partition: 0, offset, score: 0.75, decision: 1, eventTimeMs: T0, ...over }),
    say: (ref: OutcomeRef, over: Partial<OutcomeFact> & { readonly cause?: bigint } = {}) => {
      const { cause = next++, ...fact } = over
      return join.outcome({
        cause: { partition: 0, offset: cause },
        ref,
        label: 1,
        occurredAtMs: T0 + DAY,
        source: 'system',
        revision: 0,
        recordedAtMs: null,
        ...fact,
      })
    },
  }
}
const byId = (offset: bigint, version = 7): OutcomeRef => ({ kind: 'prediction', version, partition: 0, offset })
const byEvent = (offset: bigint): OutcomeRef => ({ kind: 'event', partition: 0, offset })
const byKey = (key: string): OutcomeRef => ({ kind: 'key', key })
const byCeId = (id: string): OutcomeRef => ({ kind: 'ceId', id })
const states = (join: OutcomeJoin, asOfMs?: number) =>
  [...join.rows(asOfMs)].map((row: JoinedRow) => [row.position.version, row.position.offset, row.state, row.label])

describe('which prediction an outcome belongs to', () => {
  test.each<['before' | 'after']>([['before'], ['after']])(
    'by id, event and CloudEvents id, the outcome %s',
    (when) => {
      const { join, predict, say } = feed()
      const predictions = (): void => {
        for (const version of [7, 8]) for (const n of [0n, 1n, 2n]) predict(n, { version, ceId: `ce-${n}`, key: 'k' })
      }
      if (when === 'after') predictions()
      say(byId(0n, 8))
      say(byEvent(1n), { label: 0 })
      say(byCeId('ce-2'))
      if (when === 'before') predictions()
      expect(states(join, T0)).toEqual([
        [7, 0n, 'pending', null],
        [7, 1n, 'matched', 0],
        [7, 2n, 'matched', 1],
        [8, 0n, 'matched', 1],
        [8, 1n, 'matched', 0],
        [8, 2n, 'matched', 1],
      ])
      expect(join.counts()).toMatchObject({ outcomes: 3, matched: 3, waiting: 0, orphans: 0 })
      expect(join.counts().pairs.applied).toBe(5)
    },
  )

  const keyed: [bigint, number][] = [
    [0n, T0],
    [1n, T0 + 10 * DAY],
    [2n, T0 + 20 * DAY],
  ]
  test.each([
    ['the latest before it', T0 + 15 * DAY, 1n],
    ['one at the same time', T0 + 20 * DAY, 2n],
    ['just before the next', T0 + 20 * DAY - 1, 1n],
    ['the end of the horizon', T0 + 50 * DAY, 2n],
    ['after the horizon of all', T0 + 50 * DAY + 1, undefined],
    ['before all', T0 - 1, undefined],
  ])('by key: %s', (_what, occurredAtMs, expected) => {
    for (const order of [keyed, keyed.toReversed(), [keyed[1]!, keyed[2]!, keyed[0]!]]) {
      for (const outcomeFirst of [true, false]) {
        const { join, predict, say } = feed()
        if (outcomeFirst) say(byKey('ada'), { occurredAtMs })
        // The champion, and then a shadow that is behind.
        for (const version of [7, 8]) {
          for (const [n, eventTimeMs] of order) predict(n, { version, eventTimeMs, key: 'ada' })
        }
        predict(9n, { eventTimeMs: T0 + 15 * DAY, key: 'bob' })
        if (!outcomeFirst) say(byKey('ada'), { occurredAtMs })
        const matched = states(join).filter(([, , state]) => state === 'matched')
        expect(matched).toEqual(expected === undefined ? [] : [7, 8].map((v) => [v, expected, 'matched', 1]))
        expect(join.counts().pairs.applied).toBe(matched.length)
        expect(join.counts().orphans).toBe(expected === undefined ? 1 : 0)
      }
    }
  })

  test('by key: of two events at one time always the same one', () => {
    for (const order of [
      [1n, 2n],
      [2n, 1n],
    ]) {
      const { join, predict, say } = feed()
      say(byKey('ada'))
      for (const n of order) predict(n, { key: 'ada' })
      expect(states(join)).toEqual([
        [7, 1n, 'absentNegative', 0],
        [7, 2n, 'matched', 1],
      ])
    }
  })

  test('a key or id that only the second version carries still counts for both', () => {
    const { join, predict, say } = feed()
    say(byKey('ada'))
    say(byCeId('ce'), { label: 1 })
    predict(1n)
    predict(1n, { version: 8, key: 'ada', ceId: 'ce' })
    expect(states(join)).toEqual([
      [7, 1n, 'matched', 1],
      [8, 1n, 'matched', 1],
    ])
  })
})

describe('every ending', () => {
  test('nothing comes: pending, then negative or expired one minute-pane after the horizon', () => {
    const closes = T0 + 60_000 + CONFIG.horizonMs
    for (const [absence, state, label] of [
      ['negative', 'absentNegative', 0],
      ['unknown', 'expired', null],
    ] as const) {
      const { join, predict } = feed({ ...CONFIG, absence })
      predict(0n, { eventTimeMs: T0 })
      predict(1n, { eventTimeMs: T0 + 59_999 })
      expect(states(join, closes - 1).map(([, , s]) => s)).toEqual(['pending', 'pending'])
      expect(states(join, closes)).toEqual([
        [7, 0n, state, label],
        [7, 1n, state, label],
      ])
    }
  })

  test('an outcome after the horizon, or before its prediction, labels nothing', () => {
    const { join, predict, say } = feed()
    predict(0n)
    say(byId(0n), { occurredAtMs: T0 + CONFIG.horizonMs + 1 })
    say(byId(0n), { occurredAtMs: T0 - 1 })
    expect(states(join)).toEqual([[7, 0n, 'absentNegative', 0]])
    expect(join.counts().pairs).toMatchObject({ applied: 0, late: 1, beforePrediction: 1 })
  })

  test('an outcome within the horizon counts however late it arrives', () => {
    const { join, predict, say } = feed()
    predict(0n)
    join.advance(T0 + 10_000 * DAY)
    say(byId(0n), { occurredAtMs: T0 + CONFIG.horizonMs })
    expect(states(join)).toEqual([[7, 0n, 'matched', 1]])
  })

  test('no prediction: waiting within the grace, then an orphan, and matched when it comes after all', () => {
    const { join, predict, say } = feed()
    say(byId(5n), { occurredAtMs: T0 })
    say(byKey('nobody'), { occurredAtMs: T0 })
    expect(join.counts(T0 + DAY)).toMatchObject({ waiting: 2, orphans: 0, matched: 0 })
    expect(join.counts(T0 + DAY + 1)).toMatchObject({ waiting: 0, orphans: 2, matched: 0 })
    predict(5n)
    expect(join.counts(T0 + DAY + 1)).toMatchObject({ waiting: 0, orphans: 1, matched: 1 })
  })

  test('an outcome from the future waits until its time has come', () => {
    const { join, predict, say } = feed()
    predict(0n, { eventTimeMs: T0 + 360 * DAY })
    expect(say(byId(0n), { occurredAtMs: T0 + 365 * DAY + 1 })).toBe('future')
    expect(join.counts()).toMatchObject({ outcomes: 1, future: 1, matched: 0 })
    join.advance(T0 + 365 * DAY + 1)
    expect(join.counts()).toMatchObject({ outcomes: 1, future: 0, matched: 1 })
    join.advance(T0)
    expect(join.nowMs).toBe(T0 + 365 * DAY + 1)
  })

  test('a correction takes the old label back and counts the new one', () => {
    const { predict, say, changes } = feed()
    predict(0n)
    say(byId(0n))
    say(byId(0n), { label: 0, revision: 1, occurredAtMs: T0 + 2 * DAY })
    expect(changes.map(({ before, after }) => [before?.label, after.label])).toEqual([
      [undefined, null],
      [null, 1],
      [1, 0],
    ])
    expect(changes[2]!.after.endings).toMatchObject({ applied: 1, corrected: 1 })
  })

  test('an outcome after more than 49 days, which a slot cannot hold, is kept all the same', () => {
    const { join, predict, say } = feed({ ...CONFIG, horizonMs: 300 * DAY })
    predict(0n)
    say(byId(0n), { occurredAtMs: T0 + 200 * DAY })
    expect([...join.rows()][0]).toMatchObject({ state: 'matched', occurredAtMs: T0 + 200 * DAY })
  })
})

describe('records that come again', () => {
  test('a prediction counts once; another one in its place is told apart and changes nothing', () => {
    const { join, predict, changes } = feed()
    expect(predict(0n, { score: 0.1 })).toBe('added')
    expect(predict(0n, { score: 0.1 })).toBe('repeated')
    expect(predict(0n, { score: 0.2 })).toBe('conflicting')
    expect(changes).toHaveLength(1)
    expect([...join.rows()][0]!.score).toBe(Math.fround(0.1))
  })

  test('an outcome counts once by its cause; the same words from another place are a duplicate', () => {
    const { join, predict, say } = feed()
    predict(0n)
    expect(say(byId(0n), { cause: 4n })).toBe('matched')
    expect(say(byId(0n), { cause: 4n })).toBe('repeated')
    expect(say(byId(0n), { cause: 3n })).toBe('repeated')
    expect(say(byId(0n), { cause: 5n })).toBe('matched')
    expect(join.counts()).toMatchObject({ outcomes: 2, pairs: { applied: 1, duplicate: 1 } })
  })
})

describe('memory', () => {
  /** One event a minute for 3,000 minutes: two full blocks and one that is being filled. */
  function filled() {
    const fed = feed({ ...CONFIG, horizonMs: 60_000, graceMs: 60_000 })
    for (let n = 0; n < 3_000; n++) fed.predict(BigInt(n), { eventTimeMs: T0 + n * 60_000, key: `k${n}` })
    return fed
  }

  test('a prediction takes 16.2 bytes', () => {
    expect(filled().join.blockBytes / 3_000).toBeCloseTo(16.152, 3)
  })

  test('what is older than horizon and grace is given back in whole blocks, and stays gone', () => {
    const { join, predict, say } = filled()
    say(byKey('k5'), { occurredAtMs: T0 + 5 * 60_000 })
    say(byId(9_999n), { occurredAtMs: T0 })
    expect(join.forget(T0 + 1_025 * 60_000)).toBe(0) // The last of the first block is exactly as old as allowed.
    expect(join.forget(T0 + 1_026 * 60_000)).toBe(1_024)
    expect(join.counts()).toMatchObject({ predictions: 3_000, outcomes: 2, matched: 1, orphans: 1, waiting: 0 })
    expect(predict(5n, { eventTimeMs: T0 + 5 * 60_000 })).toBe('forgotten')
    expect(say(byKey('k5'), { occurredAtMs: T0 + 5 * 60_000 })).toBe('waiting')
    expect(say(byKey('k2000'), { occurredAtMs: T0 + 2_000 * 60_000 })).toBe('matched')
    expect(join.forget(T0 + 365 * DAY)).toBe(1_024) // The newest block stays.
    const again = OutcomeJoin.restore(join.config, join.snapshot())
    expect(again.counts()).toEqual(join.counts())
    expect(again.predict({ version: 7, partition: 0, offset: 1_500n, score: 0, decision: 0, eventTimeMs: T0 })).toBe(
      'forgotten',
    )
  })
})

test('a restored join refuses other settings', () => {
  const { join } = feed()
  expect(() => OutcomeJoin.restore({ ...CONFIG, horizonMs: DAY }, join.snapshot())).toThrow(/horizon 2592000000 ms/)
})

test.each<[string, Partial<JoinPrediction>, RegExp]>([
  ['no score', { score: Number.NaN }, /score NaN/],
  ['a decision that is no label', { decision: 63 }, /decision 63/],
  ['a time with fractions', { eventTimeMs: 1.5 }, /eventTimeMs 1.5/],
  ['a time after year 10889', { eventTimeMs: 2 ** 48 }, /eventTimeMs/],
  ['a negative offset', { offset: -1n }, /offset -1/],
])('a prediction with %s is refused', (_what, over, why) => {
  expect(() => feed().predict(0n, over)).toThrow(why)
  expect(feed().predict(0n, { decision: NO_DECISION, eventTimeMs: 2 ** 48 - 1 })).toBe('added')
})

test.each<[string, Partial<OutcomeFact>, RegExp]>([
  ['a label that is too large', { label: 63 }, /label 63/],
  ['a negative revision', { revision: -1 }, /revision -1/],
  ['no time', { occurredAtMs: Number.NaN }, /occurredAtMs NaN/],
  ['a record time that is none', { recordedAtMs: -1 }, /recordedAtMs -1/],
])('an outcome with %s is refused', (_what, over, why) => {
  expect(() => feed().say(byId(0n), over)).toThrow(why)
  expect(feed().say(byId(0n), { label: 62 })).toBe('waiting')
})

test.each<[string, Partial<JoinConfig>, RegExp]>([
  ['no horizon', { horizonMs: 0 }, /horizon 0 ms/],
  ['a negative grace', { graceMs: -1 }, /grace -1 ms/],
])('%s is refused', (_what, over, why) => {
  expect(() => new OutcomeJoin({ ...CONFIG, ...over })).toThrow(why)
  expect(() => new OutcomeJoin({ ...CONFIG, horizonMs: 1, graceMs: 0 })).not.toThrow()
})
