import type { DecisionTable, PairedScores } from '../counters/paired-scores.ts'
import { type EstimateResult, type Insufficient, insufficient } from './estimate.ts'
import { type McNemar, mcnemar } from './mcnemar.ts'
import { mean } from './mean.ts'
import { proportion } from './proportion.ts'
import { DEFAULT_CONFIDENCE, type Interval, wilsonInterval } from './wilson.ts'

/** How far a shadow is from the champion before any outcome is known. */
export interface Agreement {
  readonly kind: 'agreement'
  readonly n: number
  /** Share of equal decisions, with Wilson's interval. */
  readonly rate: EstimateResult
  readonly interval: Interval
  /** Events that only the candidate, or only the champion, decided positive. */
  readonly flips: { readonly toPositive: number; readonly toNegative: number; readonly table: DecisionTable }
  /** Whether flips go one way more than the other. */
  readonly flipTest: McNemar | Insufficient
  /** Mean of |candidate - champion| of the scores, and of the signed difference. */
  readonly distance: EstimateResult
  readonly shift: EstimateResult
}

export function agreement(pairs: PairedScores, confidence = DEFAULT_CONFIDENCE): Agreement | Insufficient {
  const n = pairs.n
  if (!(n > 0)) return insufficient('empty', 0)
  const table = pairs.decisions
  const equal = { successes: table.bothPositive + table.bothNegative, n }
  return {
    kind: 'agreement',
    n,
    rate: proportion(equal),
    interval: wilsonInterval(equal, confidence),
    flips: { toPositive: table.onlyCandidate, toNegative: table.onlyChampion, table },
    flipTest: mcnemar(table.onlyChampion, table.onlyCandidate),
    distance: mean(pairs.distance),
    shift: mean(pairs.shift),
  }
}
