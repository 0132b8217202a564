import { wilsonInterval } from '@sluice/evaluation'
import type { ExperimentResult } from './run-experiment.ts'
import type { Scenario, SimulatedMethod } from './scenario.ts'

export interface Share {
  readonly share: number
  /** Wilson's interval of 95 %. */
  readonly low: number
  readonly high: number
}

/** All experiments of one scenario under one method. */
export interface Summary {
  readonly scenario: Scenario
  readonly method: SimulatedMethod
  readonly runs: number
  readonly promoted: Share
  readonly rolledBack: Share
  readonly undecided: Share
  /** Share of runs in which the split was found wrong at some look. */
  readonly splitFound: Share
  /** `aa` and `srm`: share that were promoted or rolled back, though there is no effect; null elsewhere. */
  readonly falseAlarms: Share | null
  /** Share that ended as it should: better promoted, worse and broken taken back; null where there is no effect. */
  readonly power: Share | null
  /** Days until promoted or rolled back, of the runs that were; null when none was. */
  readonly daysToDecision: { readonly median: number; readonly p90: number } | null
  /** `srm`: days until the split was found wrong. */
  readonly daysToSplitFound: { readonly median: number; readonly p90: number } | null
  /** Means over all runs: events that the candidate answered before the end, conversions lost by them. */
  readonly exposed: number
  readonly lost: number
}

export function summarize(scenario: Scenario, method: SimulatedMethod, results: readonly ExperimentResult[]): Summary {
  const runs = results.length
  const share = (is: (result: ExperimentResult) => boolean): Share => {
    const successes = results.filter(is).length
    const [low, high] = wilsonInterval({ successes, n: runs })
    return { share: successes / runs, low, high }
  }
  const isDecided = ({ outcome }: ExperimentResult) => outcome === 'promoted' || outcome === 'rolled-back'
  const promoted = share(({ outcome }) => outcome === 'promoted')
  const rolledBack = share(({ outcome }) => outcome === 'rolled-back')
  return {
    scenario,
    method,
    runs,
    promoted,
    rolledBack,
    undecided: share((result) => !isDecided(result)),
    splitFound: share(({ heldAfterDays }) => heldAfterDays !== null),
    falseAlarms: scenario.effect === 0 ? share(isDecided) : null,
    power: scenario.effect === 0 ? null : scenario.effect > 0 ? promoted : rolledBack,
    daysToDecision: quantiles(results.filter(isDecided).map(({ days }) => days)),
    daysToSplitFound: quantiles(results.flatMap(({ heldAfterDays }) => heldAfterDays ?? [])),
    exposed: results.reduce((sum, { exposed }) => sum + exposed, 0) / runs,
    lost: results.reduce((sum, { lost }) => sum + lost, 0) / runs,
  }
}

function quantiles(values: readonly number[]): { readonly median: number; readonly p90: number } | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]!
  return { median: at(0.5), p90: at(0.9) }
}

const HEADERS = [
  'scenario',
  'method',
  'false alarms',
  'power',
  'undecided',
  'split found',
  'days p50',
  'days p90',
  'exposed',
  'lost',
]

/** The summaries as an aligned table, one line each. */
export function summaryTable(summaries: readonly Summary[]): readonly string[] {
  const rows = summaries.map((s) => {
    const days = s.scenario.name === 'srm' ? s.daysToSplitFound : s.daysToDecision
    return [
      s.scenario.title,
      s.method,
      shareText(s.falseAlarms),
      shareText(s.power),
      shareText(s.undecided),
      shareText(s.splitFound),
      days === null ? '-' : days.median.toFixed(1),
      days === null ? '-' : days.p90.toFixed(1),
      s.exposed.toFixed(0),
      Math.abs(s.lost) < 0.05 ? '0.0' : s.lost.toFixed(1),
    ]
  })
  const widths = HEADERS.map((header, i) => Math.max(header.length, ...rows.map((row) => row[i]!.length)))
  return [HEADERS, ...rows].map((row) =>
    row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  )
}

function shareText(share: Share | null): string {
  if (share === null) return '-'
  const percent = (value: number) => (100 * value).toFixed(1)
  return `${percent(share.share)} % (${percent(share.low)}-${percent(share.high)})`
}
