import { Confusion } from '../counters/confusion.ts'
import { LabelledScores } from '../counters/labelled-scores.ts'
import { LossSums } from '../counters/loss-sums.ts'
import { ScoreHistogram } from '../counters/score-histogram.ts'

/** Predictions whose label is known: all that metrics of a two-class model are computed from. */
export class LabelledCounters {
  readonly confusion: Confusion
  readonly scores: LabelledScores
  readonly losses: LossSums

  constructor(confusion = new Confusion(), scores = new LabelledScores(), losses = new LossSums()) {
    this.confusion = confusion
    this.scores = scores
    this.losses = losses
  }

  get n(): number {
    return this.confusion.cells.reduce((sum, count) => sum + count, 0)
  }

  count(score: number, decided: boolean, positive: boolean, times: 1 | -1 = 1): void {
    this.scores.count(score, positive, times) // First: it refuses what is no probability before anything is counted.
    this.confusion.count(decided, positive, times)
    this.losses.count(score, positive, times)
    // What rounding left of sums that were taken back must not stay behind in an empty counter.
    if (times === -1 && this.n === 0) this.#clear()
  }

  merge(other: LabelledCounters): this {
    this.confusion.merge(other.confusion)
    this.scores.merge(other.scores)
    this.losses.merge(other.losses)
    return this
  }

  #clear(): void {
    for (const counter of [this.confusion, this.scores, this.losses]) counter.cells.fill(0)
  }
}

/** Predictions without an outcome so far, counted such that they can become negatives all at once when the horizon passes. */
export class UnlabelledCounters {
  readonly scores: ScoreHistogram
  /** Loss of each as if nothing will happen. */
  readonly losses: LossSums
  decidedPositive: number
  #n: number

  constructor(scores = new ScoreHistogram(), losses = new LossSums(), decidedPositive = 0) {
    this.scores = scores
    this.losses = losses
    this.decidedPositive = decidedPositive
    this.#n = scores.counts.reduce((sum, count) => sum + count, 0)
  }

  get n(): number {
    return this.#n
  }

  count(score: number, decided: boolean, times: 1 | -1 = 1): void {
    this.scores.count(score, times)
    this.losses.count(score, false, times)
    if (decided) this.decidedPositive += times
    this.#n += times
    if (this.#n === 0) {
      this.scores.cells.fill(0)
      this.losses.cells.fill(0)
    }
  }

  merge(other: UnlabelledCounters): this {
    this.scores.merge(other.scores)
    this.losses.merge(other.losses)
    this.decidedPositive += other.decidedPositive
    this.#n += other.n
    return this
  }

  /** The same predictions with the label negative. */
  asNegatives(): LabelledCounters {
    const { bins, counts, scoreSums } = this.scores
    const scores = new LabelledScores(bins)
    scores.negatives.set(counts)
    scores.scoreSums.set(scoreSums)
    const confusion = Confusion.fromTable({
      truePositives: 0,
      falsePositives: this.decidedPositive,
      falseNegatives: 0,
      trueNegatives: this.n - this.decidedPositive,
    })
    return new LabelledCounters(confusion, scores, new LossSums(this.losses.cells))
  }
}
