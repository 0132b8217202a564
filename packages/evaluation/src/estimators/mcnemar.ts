import type { CorrectnessTable } from '../counters/paired-outcomes.ts'
import { regularizedBeta } from '../special/beta.ts'
import { chiSquareSf } from '../special/chi-square.ts'
import { type EstimateResult, estimateOf, type Insufficient, insufficient } from './estimate.ts'

/** Below this many discordant pairs the chi-square form is off; the exact one costs nothing. */
export const MCNEMAR_EXACT_BELOW = 25

export type McNemarForm = 'exact' | 'chi-square' | 'corrected'

export interface McNemar {
  readonly kind: 'test'
  readonly form: McNemarForm
  /** Chi-square with one degree of freedom; null for the exact form. */
  readonly statistic: number | null
  readonly pValue: number
}

/**
 * Whether of two ways of judging the same events one is right more often, from the pairs where only one was (Q. McNemar,
 * Psychometrika 12, 1947). `exact` is the two-sided binomial test, `corrected` has Edwards' continuity correction.
 */
export function mcnemar(
  onlyFirst: number,
  onlySecond: number,
  form: McNemarForm = onlyFirst + onlySecond < MCNEMAR_EXACT_BELOW ? 'exact' : 'chi-square',
): McNemar | Insufficient {
  const discordant = onlyFirst + onlySecond
  if (!(discordant > 0)) return insufficient('no-discordant-pairs', 0)
  if (form === 'exact') {
    const fewer = Math.min(onlyFirst, onlySecond)
    const tail = fewer === discordant / 2 ? 1 : 2 * regularizedBeta(discordant - fewer, fewer + 1, 0.5)
    return { kind: 'test', form, statistic: null, pValue: Math.min(1, tail) }
  }
  const gap = Math.max(0, Math.abs(onlyFirst - onlySecond) - (form === 'corrected' ? 1 : 0))
  const statistic = (gap * gap) / discordant
  return { kind: 'test', form, statistic, pValue: chiSquareSf(statistic, 1) }
}

/** Accuracy of the candidate minus accuracy of the champion on the same events, variance of the paired difference. */
export function accuracyDifference(table: CorrectnessTable): EstimateResult {
  const n = table.bothRight + table.onlyChampionRight + table.onlyCandidateRight + table.bothWrong
  if (!(n > 0)) return insufficient('empty', 0)
  if (n < 2) return insufficient('below-minimum', n, 'at least 2 labelled events are needed')
  const delta = (table.onlyCandidateRight - table.onlyChampionRight) / n
  const squares = table.onlyCandidateRight + table.onlyChampionRight - n * delta * delta
  return estimateOf(delta, Math.max(0, squares) / (n - 1) / n, n)
}
