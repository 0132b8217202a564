import { Moments } from './moments.ts'
import { Sums } from './sums.ts'

const BOTH_POSITIVE = 0
const ONLY_CHAMPION = 1
const ONLY_CANDIDATE = 2
const BOTH_NEGATIVE = 3
const DISTANCE = 4
const SHIFT = 5
const SQUARES = 6

/** What champion and candidate said about the same events, before any outcome is known. */
export class PairedScores extends Sums {
  constructor(cells?: ArrayLike<number>) {
    super(cells ?? 7)
  }

  count(champion: ScoredDecision, candidate: ScoredDecision, times = 1): void {
    const shift = candidate.score - champion.score
    const cell = champion.decided
      ? candidate.decided
        ? BOTH_POSITIVE
        : ONLY_CHAMPION
      : candidate.decided
        ? ONLY_CANDIDATE
        : BOTH_NEGATIVE
    this.add(cell, times)
    this.add(DISTANCE, times * Math.abs(shift))
    this.add(SHIFT, times * shift)
    this.add(SQUARES, times * shift * shift)
  }

  /** Decisions by champion and candidate; `onlyChampion` is positive for the champion alone. */
  get decisions(): DecisionTable {
    return {
      bothPositive: this.total(BOTH_POSITIVE),
      onlyChampion: this.total(ONLY_CHAMPION),
      onlyCandidate: this.total(ONLY_CANDIDATE),
      bothNegative: this.total(BOTH_NEGATIVE),
    }
  }

  get n(): number {
    return (
      this.total(BOTH_POSITIVE) + this.total(ONLY_CHAMPION) + this.total(ONLY_CANDIDATE) + this.total(BOTH_NEGATIVE)
    )
  }

  /** |candidate - champion|. */
  get distance(): Moments {
    return Moments.fromSums(this.n, this.total(DISTANCE), this.total(SQUARES))
  }

  /** candidate - champion. */
  get shift(): Moments {
    return Moments.fromSums(this.n, this.total(SHIFT), this.total(SQUARES))
  }
}

export interface ScoredDecision {
  readonly score: number
  readonly decided: boolean
}

export interface DecisionTable {
  readonly bothPositive: number
  readonly onlyChampion: number
  readonly onlyCandidate: number
  readonly bothNegative: number
}
