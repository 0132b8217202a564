import type { Criterion, Sides } from './criterion.ts'

/** Total units the sequence is tuned for when nobody planned: narrowest there, valid everywhere. */
export const DEFAULT_PLANNED_SAMPLE_SIZE = 5_000

/** How the sequence is tuned; frozen when the experiment starts. */
export type Tuning =
  | { readonly plannedSampleSize: number }
  /** Standard deviation τ of the effects expected beforehand, in units of the estimate (mSPRT with a N(0, τ²) mixture). */
  | { readonly mixingScale: number }

export interface SequenceAt {
  readonly alpha: number
  readonly sides: Sides
  readonly n: number
  readonly standardError: number
  readonly tuning: Tuning
}

/**
 * Asymptotic confidence sequence: the interval may be looked at after every unit, for ever, and covers the truth at all
 * looks together with probability 1 - alpha (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, arXiv:2103.06476v7, eq. 9 for
 * two sides, 134 for one, 155 for p, 161 for the tuning). With x = n ρ² = τ²/se² it is the mixture sequential probability
 * ratio test, so both tunings are one formula.
 */
export function sequentialCriterion(at: SequenceAt): Criterion {
  const x = mixtureRatio(at)
  const shrink = x / (1 + x)
  if (at.sides === 'two') {
    return {
      critical: Math.sqrt((2 * Math.log(1 / at.alpha) + Math.log1p(x)) / shrink),
      pValue: (z) => Math.min(1, Math.exp(0.5 * Math.log1p(x) - 0.5 * z * z * shrink)),
    }
  }
  return {
    critical: Math.sqrt((2 * Math.log1p(Math.sqrt(1 + x) / (2 * at.alpha))) / shrink),
    // The bound solved for alpha with ρ held fixed; only so is the p-value valid at every look.
    pValue: (z) => (z <= 0 ? 1 : Math.min(1, Math.sqrt(1 + x) / (2 * Math.expm1(0.5 * z * z * shrink)))),
  }
}

function mixtureRatio({ alpha, sides, n, standardError, tuning }: SequenceAt): number {
  if ('mixingScale' in tuning) return (tuning.mixingScale / standardError) ** 2
  return (n * plannedRatio(alpha, sides)) / tuning.plannedSampleSize
}

/** x at n = planned sample size: the ρ² N* that makes the interval narrowest there. */
export function plannedRatio(alpha: number, sides: Sides): number {
  const l = -2 * Math.log(sides === 'two' ? alpha : 2 * alpha)
  return l + Math.log1p(l)
}
