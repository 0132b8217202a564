import type { EstimateResult } from '@sluice/evaluation'
import type { Stage } from './rollout-state.ts'

/** A metric of one arm. */
export interface ArmMeasure {
  readonly value: EstimateResult
  /** Successes among the units of `value`, where it has such; held against `minEvents`. */
  readonly events?: number
}

export interface ArmReport {
  /** Distinct units of the arm since the stage began; the audience of the sample ratio. */
  readonly units: number
  readonly lastUnitAtMs: number | null
  readonly lastOutcomeAtMs: number | null
  /** Of predictions whose outcome window is over, in both arms alike. By metric. */
  readonly measures: Readonly<Record<string, ArmMeasure>>
}

/** What one look sees: everything since the stage began. A metric that is missing is unknown, neither good nor bad. */
export interface LookReport {
  readonly stage: Stage
  readonly control: ArmReport
  readonly candidate: ArmReport
  /** Shadow stage: candidate minus champion on the same events, by metric. */
  readonly paired: Readonly<Record<string, EstimateResult>>
  /** Units seen in both arms; they are in neither. */
  readonly multipleExposures: number
  /** Current values of the candidate for guardrails with a limit, by metric. */
  readonly levels: Readonly<Record<string, number>>
}
