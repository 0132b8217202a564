import { formatDuration } from './duration-text.ts'
import type { LookReport } from './look-report.ts'
import { currentStep, isPlanConfirmed, type RolloutState, ranMs, stageOf } from './rollout-state.ts'

export const GATES = ['plan', 'holds', 'duration', 'sample', 'decision', 'approval'] as const
export type GateName = (typeof GATES)[number]

export interface Gate {
  readonly gate: GateName
  readonly passed: boolean
  /** What is there and what is asked. */
  readonly detail: string
}

/** Units of the smaller arm since the stage began. */
export function smallerArm(report: LookReport): number {
  return Math.min(report.control.units, report.candidate.units)
}

/**
 * Every gate of the current step, approval last: the step is left when all are passed at the same look. Without a report
 * the sample is unknown and its gate is closed.
 */
export function gates(state: RolloutState, report: LookReport | null, nowMs: number): readonly Gate[] {
  const step = currentStep(state)
  const { hold } = step
  const list: Gate[] = [
    {
      gate: 'plan',
      passed: isPlanConfirmed(state),
      detail: isPlanConfirmed(state)
        ? `plan ${state.confirmedGeneration} is in force`
        : `plan ${state.plan?.generation ?? '-'} is not yet in force`,
    },
    {
      gate: 'holds',
      passed: Object.keys(state.holds).length === 0,
      detail:
        Object.entries(state.holds)
          .map(([by, held]) => `${by}: ${held.reason}`)
          .join('; ') || 'nothing holds it',
    },
  ]
  if (hold.durationMs > 0) {
    const ran = ranMs(state, nowMs)
    list.push({
      gate: 'duration',
      passed: ran >= hold.durationMs,
      detail: `ran ${formatDuration(ran)} of ${formatDuration(hold.durationMs)}`,
    })
  }
  if (hold.minSampleSize > 0) {
    const units = report === null || report.stage !== stageOf(step) ? null : smallerArm(report) - state.unitsBefore
    list.push({
      gate: 'sample',
      passed: units !== null && units >= hold.minSampleSize,
      detail: `${units === null ? 'an unknown number' : Math.max(0, units)} of ${hold.minSampleSize} units in the smaller arm`,
    })
  }
  if (hold.decision) {
    list.push({
      gate: 'decision',
      passed: state.decision !== null,
      detail: state.decision === null ? 'the goals are not decided' : state.decision.reason,
    })
  }
  if (hold.approval !== null) {
    const { approval } = state
    const counts = approval !== null && nowMs < approval.expiresAtMs
    list.push({
      gate: 'approval',
      passed: counts,
      detail:
        approval === null
          ? 'nobody has approved'
          : counts
            ? `approved by ${approval.by.name}`
            : `the approval by ${approval.by.name} has expired`,
    })
  }
  return list
}

export function allPassed(list: readonly Gate[]): boolean {
  return list.every((gate) => gate.passed)
}

/** Everything but a person's agreement is there. */
export function lacksOnlyApproval(list: readonly Gate[]): boolean {
  const closed = list.filter((gate) => !gate.passed)
  return closed.length === 1 && closed[0]!.gate === 'approval'
}
