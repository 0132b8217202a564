import type { VariantStats } from './prediction-stats.ts'

export interface DemoSummary {
  readonly events: number
  readonly seconds: number
  readonly variants: readonly VariantStats[]
}

/** The end of `sluice up --demo --exit`: one line per version. */
export function summaryLines({ events, seconds, variants }: DemoSummary): readonly string[] {
  const live = variants.filter((v) => v.mode === 'live')
  const total = live.reduce((sum, v) => sum + v.predictions, 0)
  const lines = [`${events} events, ${total} predictions in ${seconds.toFixed(1)} s`, '']
  for (const v of variants) {
    const share = v.mode === 'live' ? ` ${((100 * v.predictions) / Math.max(1, total)).toFixed(1)} %` : ''
    const decisions = Object.entries(v.decisions)
      .map(([label, n]) => `${label} ${n}`)
      .join(', ')
    lines.push(
      `version ${v.version} (${v.variant}, ${v.mode}): ${v.predictions} predictions${share}, mean score ${v.meanScore.toFixed(4)}, ${decisions}; p50 ${v.latencyMs.p50.toFixed(0)} ms, p99 ${v.latencyMs.p99.toFixed(0)} ms; ${v.duplicates} repeats`,
    )
  }
  return lines
}
