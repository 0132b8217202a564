import { expect, test } from 'vitest'
import { type CountedFact, withFact } from './outcome-fact.ts'
import { NO_ENDINGS, type Settled, settleFacts, UNSETTLED } from './settle-facts.ts'

const EVENT = 1_000
const HORIZON = 500
const said = (over: Partial<CountedFact>): CountedFact => ({
  label: 1,
  occurredAtMs: 1_100,
  source: 'system',
  revision: 0,
  recordedAtMs: null,
  times: 1,
  ...over,
})
const won = (label: number, occurredAtMs: number, over: Partial<Settled['endings']> = {}): Partial<Settled> => ({
  label,
  occurredAtMs,
  endings: { ...NO_ENDINGS, applied: 1, ...over },
})

test.each<[string, readonly CountedFact[], Partial<Settled>]>([
  ['nothing', [], UNSETTLED],
  ['one outcome', [said({})], won(1, 1_100)],
  ['one at the very time of the event', [said({ occurredAtMs: 1_000 })], won(1, 1_000)],
  ['one just before', [said({ occurredAtMs: 999 })], { label: null, endings: { ...NO_ENDINGS, beforePrediction: 1 } }],
  ['one at the end of the horizon', [said({ occurredAtMs: 1_500 })], won(1, 1_500)],
  ['one just after', [said({ occurredAtMs: 1_501 })], { label: null, endings: { ...NO_ENDINGS, late: 1 } }],
  ['three times the same', [said({ times: 3 })], won(1, 1_100, { duplicate: 2 })],
  ['the same at two times', [said({}), said({ occurredAtMs: 1_050 })], won(1, 1_050, { duplicate: 1 })],
  ['a higher revision', [said({}), said({ label: 0, revision: 1 })], won(0, 1_100, { corrected: 1 })],
  ['a later record', [said({ recordedAtMs: 5 }), said({ label: 0, recordedAtMs: 6 })], won(0, 1_100, { corrected: 1 })],
  ['a record time against none', [said({}), said({ label: 0, recordedAtMs: 1 })], won(0, 1_100, { corrected: 1 })],
  [
    'the revision comes before the record time',
    [said({ revision: 1, recordedAtMs: 1 }), said({ label: 0, recordedAtMs: 9 })],
    won(1, 1_100, { corrected: 1 }),
  ],
  [
    'a human against a higher revision of a system',
    [said({ revision: 7 }), said({ label: 0, source: 'human' })],
    { ...won(0, 1_100, { corrected: 1 }), source: 'human' },
  ],
  [
    'two values of equal authority: what happened first',
    [said({ label: 0, occurredAtMs: 1_200 }), said({ occurredAtMs: 1_150 })],
    won(1, 1_150, { contradictory: 1 }),
  ],
  ['two values at the same time: the positive', [said({ label: 0 }), said({})], won(1, 1_100, { contradictory: 1 })],
  [
    'a late correction corrects nothing',
    [said({}), said({ label: 0, revision: 1, occurredAtMs: 2_000 })],
    won(1, 1_100, { late: 1 }),
  ],
  [
    'a withdrawal',
    [said({}), said({ label: null, revision: 1 })],
    { label: null, occurredAtMs: null, source: null, endings: { ...NO_ENDINGS, withdrawal: 1, corrected: 1 } },
  ],
  [
    'a withdrawal that is taken back',
    [said({}), said({ label: null, revision: 1 }), said({ revision: 2 })],
    won(1, 1_100, { corrected: 2 }),
  ],
])('%s', (_what, facts, expected) => {
  for (const order of permutations(facts)) expect(settleFacts(EVENT, HORIZON, order)).toMatchObject(expected)
})

test('every record has one ending', () => {
  const facts = [said({ times: 3 }), said({ label: 0 }), said({ revision: 2 }), said({ occurredAtMs: 1 })]
  const { endings } = settleFacts(EVENT, HORIZON, facts)
  expect(Object.values(endings).reduce((sum, n) => sum + n, 0)).toBe(6)
})

test('a record is added to what says exactly the same, and taken away again', () => {
  const { times: _, ...fact } = said({})
  const twice = withFact(withFact([], fact, 1), { ...fact }, 1)
  expect(twice).toEqual([{ ...fact, times: 2 }])
  const three = withFact(twice, { ...fact, recordedAtMs: 0 }, 1)
  expect(three).toHaveLength(2)
  expect(withFact(withFact(withFact(three, fact, -1), fact, -1), { ...fact, recordedAtMs: 0 }, -1)).toEqual([])
})

function permutations<T>(items: readonly T[]): (readonly T[])[] {
  if (items.length <= 1) return [items]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}
