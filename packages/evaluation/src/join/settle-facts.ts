import { type CountedFact, compareAuthority, type OutcomeSource } from './outcome-fact.ts'

/** What became of one outcome at one prediction. Every pair of the two ends in exactly one of these. */
export const PAIR_ENDINGS = {
  applied: 'it is the label of the prediction',
  withdrawal: 'it took back what was said before; the prediction is open again',
  duplicate: 'another record of the same authority said the same',
  contradictory: 'another record of the same authority said something else, and that one counts',
  corrected: 'a record of higher authority replaced it: a human, a higher revision, or one recorded later',
  late: 'it happened after the horizon of the prediction',
  beforePrediction: 'it happened before the event that was scored',
} as const
export type PairEnding = keyof typeof PAIR_ENDINGS
export type EndingCounts = Readonly<Record<PairEnding, number>>

export const NO_ENDINGS: EndingCounts = {
  applied: 0,
  withdrawal: 0,
  duplicate: 0,
  contradictory: 0,
  corrected: 0,
  late: 0,
  beforePrediction: 0,
}

/** What all outcomes of one prediction come to. */
export interface Settled {
  /** Null while nothing that counts has been said. */
  readonly label: number | null
  readonly occurredAtMs: number | null
  readonly source: OutcomeSource | null
  readonly endings: EndingCounts
}

export const UNSETTLED: Settled = { label: null, occurredAtMs: null, source: null, endings: NO_ENDINGS }

/**
 * Decides between the outcomes of one prediction by what they say alone, so that the order in which they came has no
 * part in it. Highest authority wins; among equals the one that happened first, and when even that is equal the higher
 * label, which for two classes is the positive one.
 */
export function settleFacts(eventTimeMs: number, horizonMs: number, facts: readonly CountedFact[]): Settled {
  if (facts.length === 0) return UNSETTLED
  const endings = { ...NO_ENDINGS }
  let winner: CountedFact | undefined
  for (const fact of facts) {
    if (fact.occurredAtMs < eventTimeMs) endings.beforePrediction += fact.times
    else if (fact.occurredAtMs > eventTimeMs + horizonMs) endings.late += fact.times
    else if (winner === undefined || outweighs(fact, winner)) winner = fact
  }
  if (winner === undefined) return { ...UNSETTLED, endings }
  for (const fact of facts) {
    if (fact.occurredAtMs < eventTimeMs || fact.occurredAtMs > eventTimeMs + horizonMs) continue
    if (compareAuthority(fact, winner) < 0) endings.corrected += fact.times
    else if (fact.label === winner.label) endings.duplicate += fact.times
    else endings.contradictory += fact.times
  }
  endings.duplicate-- // The winner itself was counted among those that say the same.
  if (winner.label === null) return { ...UNSETTLED, endings: { ...endings, withdrawal: 1 } }
  const { label, occurredAtMs, source } = winner
  return { label, occurredAtMs, source, endings: { ...endings, applied: 1 } }
}

function outweighs(a: CountedFact, b: CountedFact): boolean {
  const authority = compareAuthority(a, b)
  if (authority !== 0) return authority > 0
  if (a.occurredAtMs !== b.occurredAtMs) return a.occurredAtMs < b.occurredAtMs
  return (a.label ?? -1) > (b.label ?? -1)
}
