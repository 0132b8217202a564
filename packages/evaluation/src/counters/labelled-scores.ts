import { Counts } from './counts.ts'
import { SCORE_BINS, scoreBin } from './score-bin.ts'

/**
 * Score histograms of positives and of negatives with the sum of scores per bin: AUC, reliability, expected calibration
 * error and every threshold come from it. Cells: positives, negatives, score sums, each `bins` long.
 */
export class LabelledScores extends Counts {
  readonly bins: number

  constructor(shape: number | ArrayLike<number> = SCORE_BINS) {
    super(typeof shape === 'number' ? 3 * shape : shape)
    if (this.cells.length === 0 || this.cells.length % 3 !== 0) {
      throw new RangeError(`${this.cells.length} cells are not three rows of bins: positives, negatives, score sums`)
    }
    this.bins = this.cells.length / 3
  }

  static of(scores: ArrayLike<number>, labels: ArrayLike<number | boolean>, bins = SCORE_BINS): LabelledScores {
    const counter = new LabelledScores(bins)
    for (let i = 0; i < scores.length; i++) counter.count(scores[i]!, Boolean(labels[i]))
    return counter
  }

  /** Without score sums, which AUC does not need and calibration does. */
  static fromHistograms(positives: ArrayLike<number>, negatives: ArrayLike<number>): LabelledScores {
    const counter = new LabelledScores(positives.length)
    counter.cells.set(Float64Array.from(positives), 0)
    counter.cells.set(Float64Array.from(negatives), positives.length)
    return counter
  }

  count(score: number, positive: boolean, times = 1): void {
    const bin = scoreBin(score, this.bins)
    this.cells[(positive ? 0 : this.bins) + bin]! += times
    this.cells[2 * this.bins + bin]! += times * score
  }

  get positives(): Float64Array {
    return this.cells.subarray(0, this.bins)
  }

  get negatives(): Float64Array {
    return this.cells.subarray(this.bins, 2 * this.bins)
  }

  get scoreSums(): Float64Array {
    return this.cells.subarray(2 * this.bins)
  }
}
