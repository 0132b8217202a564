import { Counts } from './counts.ts'
import { SCORE_BINS, scoreBin } from './score-bin.ts'

/**
 * Histogram of all scores, labelled or not, with the sum of scores per bin: score drift and the performance expected
 * before outcomes come. Cells: counts, score sums, each `bins` long.
 */
export class ScoreHistogram extends Counts {
  readonly bins: number

  constructor(shape: number | ArrayLike<number> = SCORE_BINS) {
    super(typeof shape === 'number' ? 2 * shape : shape)
    if (this.cells.length === 0 || this.cells.length % 2 !== 0) {
      throw new RangeError(`${this.cells.length} cells are not two rows of bins: counts, score sums`)
    }
    this.bins = this.cells.length / 2
  }

  static of(scores: ArrayLike<number>, bins = SCORE_BINS): ScoreHistogram {
    const histogram = new ScoreHistogram(bins)
    for (let i = 0; i < scores.length; i++) histogram.count(scores[i]!)
    return histogram
  }

  count(score: number, times = 1): void {
    const bin = scoreBin(score, this.bins)
    this.cells[bin]! += times
    this.cells[this.bins + bin]! += times * score
  }

  get counts(): Float64Array {
    return this.cells.subarray(0, this.bins)
  }

  get scoreSums(): Float64Array {
    return this.cells.subarray(this.bins)
  }
}
