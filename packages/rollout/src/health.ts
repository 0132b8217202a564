import { sequentialSampleRatio } from '@sluice/evaluation'
import { formatDuration } from './duration-text.ts'
import type { LookReport } from './look-report.ts'
import type { HealthSpec } from './rollout-spec.ts'
import type { RolloutState } from './rollout-state.ts'

/** Share of units in both arms, and number of them, from which a comparison cannot be trusted. */
export const MULTIPLE_EXPOSURE_SHARE = 0.01
export const MULTIPLE_EXPOSURE_UNITS = 10

export const HEALTH_CHECKS = ['srm', 'multipleExposure', 'noTraffic', 'labelStall'] as const
export type HealthCheck = (typeof HEALTH_CHECKS)[number]

export interface HealthProblem {
  readonly check: HealthCheck
  readonly action: HealthSpec[HealthCheck]
  readonly detail: string
}

/** What is wrong with the experiment itself, whatever its metrics say. */
export function healthProblems(state: RolloutState, report: LookReport, nowMs: number): readonly HealthProblem[] {
  const { health } = state.spec.analysis
  const problems: HealthProblem[] = []
  const add = (check: HealthCheck, detail: string) => problems.push({ check, action: health[check], detail })
  const names = report.stage === 'release' ? (['candidate'] as const) : (['control', 'candidate'] as const)
  const arms = names.map((name) => report[name])
  if (report.stage === 'live') {
    const ratio = sequentialSampleRatio({ counts: arms.map((arm) => arm.units), weights: [1, 1] })
    if (ratio.kind === 'sample-ratio' && ratio.mismatch) {
      const counts = arms.map((arm) => arm.units).join(' to ')
      add('srm', `the arms have ${counts} units and should have as many each (p = ${ratio.pValue.toPrecision(2)})`)
    }
    const seen = report.multipleExposures + arms.reduce((sum, arm) => sum + arm.units, 0)
    const isMany = report.multipleExposures >= MULTIPLE_EXPOSURE_UNITS
    if (isMany && report.multipleExposures >= MULTIPLE_EXPOSURE_SHARE * seen) {
      add('multipleExposure', `${report.multipleExposures} of ${seen} units were in both arms`)
    }
  }
  for (const [check, graceMs, field, what] of [
    ['noTraffic', health.noTrafficGraceMs, 'lastUnitAtMs', 'unit'],
    ['labelStall', health.labelStallGraceMs, 'lastOutcomeAtMs', 'outcome'],
  ] as const) {
    const silent = names.filter((name) => {
      const since = Math.max(state.stageSinceMs, report[name][field] ?? state.stageSinceMs)
      return nowMs - since > graceMs
    })
    if (silent.length > 0) add(check, `no ${what} for ${formatDuration(graceMs)} in: ${silent.join(', ')}`)
  }
  return problems
}
