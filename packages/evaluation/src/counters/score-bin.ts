/** Equal-width bins over [0, 1]; the width is fine enough that the AUC from bins is off by less than 1e-5. */
export const SCORE_BINS = 200

/** Bin of a probability: left-closed, 1 belongs to the last. Anything but a number in [0, 1] is an error. */
export function scoreBin(score: number, bins: number): number {
  if (!(score >= 0 && score <= 1)) {
    throw new RangeError(`score ${score} is not a probability between 0 and 1; count only calibrated probabilities`)
  }
  return Math.min(bins - 1, Math.floor(score * bins))
}
