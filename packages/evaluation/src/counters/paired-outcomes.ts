import { brierOf, logLossOf } from './loss-sums.ts'
import { Moments } from './moments.ts'
import type { ScoredDecision } from './paired-scores.ts'
import { Sums } from './sums.ts'

const BOTH_RIGHT = 0
const ONLY_CHAMPION_RIGHT = 1
const ONLY_CANDIDATE_RIGHT = 2
const BOTH_WRONG = 3
const LOG_LOSS = 4
const LOG_LOSS_SQUARES = 5
const BRIER = 6
const BRIER_SQUARES = 7

/** Who was right about the same event. */
export interface CorrectnessTable {
  readonly bothRight: number
  readonly onlyChampionRight: number
  readonly onlyCandidateRight: number
  readonly bothWrong: number
}

/** Champion and candidate on the same events whose outcome is known: correctness and differences of loss. */
export class PairedOutcomes extends Sums {
  constructor(cells?: ArrayLike<number>) {
    super(cells ?? 8)
  }

  count(champion: ScoredDecision, candidate: ScoredDecision, actual: boolean, times = 1): void {
    const championRight = champion.decided === actual
    const candidateRight = candidate.decided === actual
    const cell = championRight
      ? candidateRight
        ? BOTH_RIGHT
        : ONLY_CHAMPION_RIGHT
      : candidateRight
        ? ONLY_CANDIDATE_RIGHT
        : BOTH_WRONG
    const logLoss = logLossOf(candidate.score, actual) - logLossOf(champion.score, actual)
    const brier = brierOf(candidate.score, actual) - brierOf(champion.score, actual)
    this.add(cell, times)
    this.add(LOG_LOSS, times * logLoss)
    this.add(LOG_LOSS_SQUARES, times * logLoss * logLoss)
    this.add(BRIER, times * brier)
    this.add(BRIER_SQUARES, times * brier * brier)
  }

  get correctness(): CorrectnessTable {
    return {
      bothRight: this.total(BOTH_RIGHT),
      onlyChampionRight: this.total(ONLY_CHAMPION_RIGHT),
      onlyCandidateRight: this.total(ONLY_CANDIDATE_RIGHT),
      bothWrong: this.total(BOTH_WRONG),
    }
  }

  get n(): number {
    return (
      this.total(BOTH_RIGHT) +
      this.total(ONLY_CHAMPION_RIGHT) +
      this.total(ONLY_CANDIDATE_RIGHT) +
      this.total(BOTH_WRONG)
    )
  }

  /** Log loss of the candidate minus that of the champion: below 0 the candidate is better. */
  get logLossDifference(): Moments {
    return Moments.fromSums(this.n, this.total(LOG_LOSS), this.total(LOG_LOSS_SQUARES))
  }

  /** Brier score of the candidate minus that of the champion: below 0 the candidate is better. */
  get brierDifference(): Moments {
    return Moments.fromSums(this.n, this.total(BRIER), this.total(BRIER_SQUARES))
  }
}
