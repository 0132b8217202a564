import type { LabelledScores } from '../counters/labelled-scores.ts'
import { type Estimate, estimateOf, type Insufficient, insufficient } from '../estimators/estimate.ts'
import { DEFAULT_CONFIDENCE, type Interval, wilsonInterval } from '../estimators/wilson.ts'

/** More groups measure noise: with 2,000 labels 200 groups show four times the error that 10 do. */
export const CALIBRATION_GROUPS = 10

/** One group of a reliability diagram; null means nothing fell into it. */
export interface ReliabilityGroup {
  readonly from: number
  readonly to: number
  readonly n: number
  readonly meanScore: number | null
  readonly positiveRate: number | null
  /** Wilson's interval of the positive rate. */
  readonly interval: Interval | null
}

/** Predicted against actual share of positives, in equal-width groups of score bins. */
export function reliability(
  scores: LabelledScores,
  { groups = CALIBRATION_GROUPS, confidence = DEFAULT_CONFIDENCE } = {},
): readonly ReliabilityGroup[] {
  if (!Number.isInteger(groups) || groups < 1 || scores.bins % groups !== 0) {
    throw new RangeError(`groups ${groups} does not divide the ${scores.bins} score bins`)
  }
  const width = scores.bins / groups
  return Array.from({ length: groups }, (_, group) => {
    let positives = 0
    let n = 0
    let scoreSum = 0
    for (let bin = group * width; bin < (group + 1) * width; bin++) {
      positives += scores.positives[bin]!
      n += scores.positives[bin]! + scores.negatives[bin]!
      scoreSum += scores.scoreSums[bin]!
    }
    const filled = n > 0
    return {
      from: group / groups,
      to: (group + 1) / groups,
      n,
      meanScore: filled ? scoreSum / n : null,
      positiveRate: filled ? positives / n : null,
      interval: filled ? wilsonInterval({ successes: positives, n }, confidence) : null,
    }
  })
}

export interface CalibrationError extends Estimate {
  /** What a perfectly calibrated model would show on average with this many labels: the estimate is never below noise. */
  readonly chanceLevel: number
  readonly groups: readonly ReliabilityGroup[]
}

/**
 * Expected calibration error Σ n_g/n |positive rate - mean score| (Naeini, Cooper, Hauskrecht, AAAI 2015). The standard
 * error holds the sign of every group's gap fixed, so it is meant for errors well above `chanceLevel`.
 */
export function expectedCalibrationError(
  scores: LabelledScores,
  groupCount = CALIBRATION_GROUPS,
): CalibrationError | Insufficient {
  const groups = reliability(scores, { groups: groupCount })
  const n = groups.reduce((sum, group) => sum + group.n, 0)
  if (!(n > 0)) return insufficient('empty', 0)
  if (n < 2) return insufficient('below-minimum', n, 'at least 2 labelled events are needed')
  let gap = 0
  let variance = 0
  let chance = 0
  for (const group of groups) {
    if (group.positiveRate === null || group.meanScore === null) continue
    gap += (group.n / n) * Math.abs(group.positiveRate - group.meanScore)
    variance += (group.n * group.positiveRate * (1 - group.positiveRate)) / (n * n)
    // Mean of |N(0, σ²)| is σ √(2/π), with the deviation a calibrated group would have.
    chance += Math.sqrt((2 / Math.PI) * group.n * group.meanScore * (1 - group.meanScore)) / n
  }
  const result = estimateOf(gap, variance, n, null)
  return result.kind === 'insufficient' ? result : { ...result, chanceLevel: chance, groups }
}
