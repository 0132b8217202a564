import { Moments } from './moments.ts'
import { Sums } from './sums.ts'

/** Probabilities are kept this far from 0 and 1, as scikit-learn does for doubles, so that one certain error is finite. */
export const PROBABILITY_FLOOR = 2.220446049250313e-16

/** -ln of the probability given to what came true. */
export function logLossOf(score: number, positive: boolean): number {
  const p = Math.min(1 - PROBABILITY_FLOOR, Math.max(PROBABILITY_FLOOR, score))
  return positive ? -Math.log(p) : -Math.log1p(-p)
}

/** Squared distance between score and outcome. */
export function brierOf(score: number, positive: boolean): number {
  const error = positive ? 1 - score : score
  return error * error
}

const N = 0
const LOG_LOSS = 1
const LOG_LOSS_SQUARES = 2
const BRIER = 3
const BRIER_SQUARES = 4

/** Sums of log loss and Brier score with their squares. */
export class LossSums extends Sums {
  constructor(cells?: ArrayLike<number>) {
    super(cells ?? 5)
  }

  static of(scores: ArrayLike<number>, labels: ArrayLike<number | boolean>): LossSums {
    const sums = new LossSums()
    for (let i = 0; i < scores.length; i++) sums.count(scores[i]!, Boolean(labels[i]))
    return sums
  }

  count(score: number, positive: boolean, times = 1): void {
    const logLoss = logLossOf(score, positive)
    const brier = brierOf(score, positive)
    this.add(N, times)
    this.add(LOG_LOSS, times * logLoss)
    this.add(LOG_LOSS_SQUARES, times * logLoss * logLoss)
    this.add(BRIER, times * brier)
    this.add(BRIER_SQUARES, times * brier * brier)
  }

  get logLoss(): Moments {
    return Moments.fromSums(this.total(N), this.total(LOG_LOSS), this.total(LOG_LOSS_SQUARES))
  }

  get brier(): Moments {
    return Moments.fromSums(this.total(N), this.total(BRIER), this.total(BRIER_SQUARES))
  }
}
