import { type MetricReport, QUALITY_METRICS } from '@sluice/evaluation'
import type { Evaluation } from './evaluate-files.ts'
import type { VersionReport } from './evaluation-report.ts'

/** The evaluation for a person. */
export function evaluationText({ asOf, predictions, outcomes, reports }: Evaluation): string {
  const { matched, waiting, orphans, future, pairs } = outcomes
  return [
    `as of ${asOf}`,
    `predictions  ${predictions.lines} lines, ${predictions.bad} bad, ${predictions.repeated} repeated, ${predictions.future} in the future`,
    `outcomes     ${outcomes.lines} lines, ${outcomes.bad} bad, ${matched} matched, ${waiting} waiting, ${orphans} orphans, ${future} in the future`,
    `             ${Object.entries(pairs)
      .map(([ending, count]) => `${count} ${ending}`)
      .join(', ')}`,
    ...reports.flatMap(reportLines),
  ].join('\n')
}

function reportLines(report: VersionReport): readonly string[] {
  const { version, variant, window, states, labelled, maturity } = report
  const name = [version === null ? 'all predictions' : `version ${version}`, ...(variant === null ? [] : [variant])]
  const span = window === null ? '' : `, ${window.from} to ${window.to}`
  const waits = report.preliminary ? `; PRELIMINARY: ${states.pending} predictions still wait` : ''
  return [
    '',
    `${name.join(' ')}${span}`,
    `  ${report.predictions} predictions, ${labelled} with a label, maturity ${maturity === null ? '-' : percent(maturity)}${waits}`,
    ...QUALITY_METRICS.map(
      (metric) => `  ${metric.padEnd(12)} ${metricText(report.metrics[metric], report.confidence)}`,
    ),
  ]
}

function metricText(metric: MetricReport, confidence: number): string {
  if (metric.status !== 'ok') return `not enough data: ${metric.reason}`
  const { value, low, high, n } = metric
  return `${value.toFixed(4)}  [${low.toFixed(4)}, ${high.toFixed(4)}] at ${percent(confidence)}, n = ${n}`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
