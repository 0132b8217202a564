/** Who says what happened. For one prediction a human outweighs a system. */
export type OutcomeSource = 'system' | 'human'

/** Labels are small numbers from 0; 0 is the class that the absence of an outcome stands for. */
export const LABELS_MAX = 63
export const NEGATIVE_LABEL = 0
export const POSITIVE_LABEL = 1

/** What one outcome says about one prediction. */
export interface OutcomeFact {
  /** Class that came true, 0 ≤ label < LABELS_MAX; null withdraws what was said with less authority. */
  readonly label: number | null
  /** Event time in milliseconds since the Unix epoch. */
  readonly occurredAtMs: number
  readonly source: OutcomeSource
  /** Counts corrections by the same source from 0. */
  readonly revision: number
  /** When the source wrote it down; null counts as earlier than any time. */
  readonly recordedAtMs: number | null
}

/** A fact and how many records said exactly that. */
export interface CountedFact extends OutcomeFact {
  readonly times: number
}

/** Positive when `a` outweighs `b`: human over system, then the higher revision, then the later record. */
export function compareAuthority(a: OutcomeFact, b: OutcomeFact): number {
  return (
    rank(a.source) - rank(b.source) ||
    a.revision - b.revision ||
    order(a.recordedAtMs ?? Number.NEGATIVE_INFINITY, b.recordedAtMs ?? Number.NEGATIVE_INFINITY)
  )
}

/** The facts with one more record of `fact`, or with one fewer. */
export function withFact(facts: readonly CountedFact[], fact: OutcomeFact, times: 1 | -1): readonly CountedFact[] {
  const found = facts.findIndex((other) => sameFact(other, fact))
  if (found === -1) return times === 1 ? [...facts, { ...bareFact(fact), times }] : facts
  const changed = { ...facts[found]!, times: facts[found]!.times + times }
  return changed.times === 0 ? facts.filter((_, i) => i !== found) : facts.with(found, changed)
}

function sameFact(a: OutcomeFact, b: OutcomeFact): boolean {
  return a.label === b.label && a.occurredAtMs === b.occurredAtMs && compareAuthority(a, b) === 0
}

function bareFact({ label, occurredAtMs, source, revision, recordedAtMs }: OutcomeFact): OutcomeFact {
  return { label, occurredAtMs, source, revision, recordedAtMs }
}

function rank(source: OutcomeSource): number {
  return source === 'human' ? 1 : 0
}

/** Not a difference: two infinities have none. */
function order(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}
