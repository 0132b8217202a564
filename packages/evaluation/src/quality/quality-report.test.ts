import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type JoinedRow, OutcomeJoin } from '../join/outcome-join.ts'
import { type JoinConfig, PANE_MS } from '../join/prediction-state.ts'
import { NO_ENDINGS, UNSETTLED } from '../join/settle-facts.ts'
import { QualityPanes } from './quality-panes.ts'
import { type MetricReport, QUALITY_METRICS, type QualityMetric, qualityReport } from './quality-report.ts'
import { QualityWindow } from './quality-window.ts'

interface Vector {
  readonly float32: boolean
  readonly threshold: number
  readonly confusion: Readonly<Record<string, number>>
  readonly metrics: Readonly<Record<QualityMetric, number>>
  readonly scores: readonly number[]
  readonly labels: readonly number[]
}
const VECTORS = new URL('../../../../schemas/vectors/quality/', import.meta.url)
const vectors = readdirSync(VECTORS)
  .filter((file) => file.endsWith('.json'))
  .map((file) => [file, JSON.parse(readFileSync(new URL(file, VECTORS), 'utf8')) as Vector] as const)

const CONFIG: JoinConfig = { horizonMs: 86_400_000, graceMs: 0, absence: 'negative' }
const T0 = 1_750_000_020_000
const ASOF = T0 + 10 * 86_400_000

/** What a joined row of these values looks like. */
function row(score: number, decision: number, label: number): JoinedRow {
  const settled = { label, occurredAtMs: T0 + 5_000, source: 'system', endings: { ...NO_ENDINGS, applied: 1 } } as const
  const position = { version: 7, partition: 0, offset: 0n }
  return { position, score, decision, eventTimeMs: T0, state: 'matched', ...settled, settled }
}

function value(metric: MetricReport): number {
  if (metric.status !== 'ok') throw new Error(metric.reason)
  return metric.value
}

function expectMetrics(
  report: ReturnType<typeof qualityReport>,
  vector: Pick<Vector, 'confusion' | 'metrics'>,
  aucTolerance: number,
): void {
  expect(report.confusion).toEqual(vector.confusion)
  for (const name of QUALITY_METRICS) {
    const metric = report.metrics[name]
    const tolerance = name === 'auc' ? aucTolerance : 1e-9
    expect(Math.abs(value(metric) - vector.metrics[name]), name).toBeLessThan(tolerance)
    if (metric.status === 'ok') {
      expect(metric.low).toBeLessThanOrEqual(metric.value)
      expect(metric.high).toBeGreaterThanOrEqual(metric.value)
    }
  }
}

describe.each(vectors)('scikit-learn on %s', (_file, vector) => {
  const { scores, labels, threshold } = vector

  test('row by row: every metric to 1e-9, the AUC from bins to 2e-3 and within its own bound', () => {
    const window = new QualityWindow()
    for (const [i, score] of scores.entries()) window.addRow(row(score, score >= threshold ? 1 : 0, labels[i]!))
    const exact = qualityReport(window, { exact: { scores, labels } })
    expectMetrics(exact, vector, 1e-9)
    expect(exact.aucBinningErrorMax).toBeNull()
    const binned = qualityReport(window)
    const error = Math.abs(value(binned.metrics.auc) - vector.metrics.auc)
    expect(error).toBeLessThanOrEqual(binned.aucBinningErrorMax! + 1e-12)
    // Three small sets have bins that are too wide for their few rows; the platform's windows are larger.
    if (scores.length >= 500) expect(error).toBeLessThan(2e-3)
  })
})

describe.each(vectors.filter(([, { float32 }]) => float32))(
  'scikit-learn on %s',
  (_file, { scores, labels, threshold, ...vector }) => {
    test('joined, and merged from panes: the same', () => {
      const panes = new QualityPanes()
      const join = new OutcomeJoin(CONFIG, (change) => panes.apply(change))
      join.advance(ASOF)
      for (const [i, score] of scores.entries()) {
        const [offset, decision] = [BigInt(i), score >= threshold ? 1 : 0]
        const eventTimeMs = T0 + i * 7_000
        join.predict({ version: 7, partition: i % 3, offset, score, decision, eventTimeMs })
        // Every third negative says nothing, and is one by the horizon.
        if (labels[i] === 0 && i % 3 === 0) continue
        join.outcome({
          cause: { partition: 0, offset },
          ref: { kind: 'prediction', version: 7, partition: i % 3, offset },
          label: labels[i]!,
          occurredAtMs: eventTimeMs + 60_000,
          source: 'system',
          revision: 0,
          recordedAtMs: null,
        })
      }
      const window = panes.window(7, { fromMs: 0, toMs: Math.ceil(ASOF / PANE_MS) * PANE_MS }, ASOF, CONFIG)
      const exact = { scores: [...join.rows()].map((r) => r.score), labels: [...join.rows()].map((r) => r.label!) }
      expectMetrics(qualityReport(window, { exact }), vector, 1e-9)
    })
  },
)

test('without data every metric says so, and nothing is NaN', () => {
  const report = qualityReport(new QualityWindow())
  for (const name of QUALITY_METRICS) {
    expect(report.metrics[name]).toMatchObject({ status: 'not-enough-data', n: 0, code: 'empty' })
  }
  expect(report).toMatchObject({ predictions: 0, maturity: null, delay: null, preliminary: false })
})

test('one class, one row and no positive decision: each metric with its own reason', () => {
  const window = new QualityWindow()
  window.addRow(row(0.2, 0, 0))
  expect(qualityReport(window).metrics.accuracy).toMatchObject({ status: 'not-enough-data', code: 'below-minimum' })
  window.addRow(row(0.3, 0, 0))
  const { metrics } = qualityReport(window)
  expect(metrics.accuracy).toMatchObject({ status: 'ok', value: 1, n: 2, high: 1 })
  expect(metrics.auc).toMatchObject({ status: 'not-enough-data', code: 'one-class' })
  expect(metrics.precision).toMatchObject({ status: 'not-enough-data', code: 'zero-denominator' })
  expect(metrics.recall).toMatchObject({ status: 'not-enough-data', code: 'zero-denominator' })
  const flat = JSON.stringify(qualityReport(window), (_k, v) =>
    typeof v === 'number' && !Number.isFinite(v) ? 'BAD' : v,
  )
  expect(flat).not.toContain('BAD')
})

test('the interval of a share is that of Wilson, and wider with more confidence', () => {
  const window = new QualityWindow()
  // 80 of 100 right; scipy.stats.binomtest(80, 100).proportion_ci(method='wilson').
  for (let i = 0; i < 100; i++) window.addRow(row(0.9, 1, i < 80 ? 1 : 0))
  const { accuracy } = qualityReport(window).metrics
  expect(accuracy).toMatchObject({ value: 0.8, n: 100, method: 'wilson' })
  if (accuracy.status !== 'ok') throw new Error('no accuracy')
  expect(accuracy.low).toBeCloseTo(0.7112, 4)
  expect(accuracy.high).toBeCloseTo(0.8666, 4)
  const wider = qualityReport(window, { confidence: 0.99 }).metrics.accuracy
  if (wider.status !== 'ok') throw new Error('no accuracy')
  expect(wider.low).toBeLessThan(accuracy.low)
})

test('maturity: a cohort that still waits is preliminary; delays are bounds', () => {
  const window = new QualityWindow()
  for (let i = 0; i < 3; i++) window.addRow(row(0.9, 1, 1))
  window.addRow({
    ...row(0.1, 0, 0),
    state: 'pending',
    label: null,
    occurredAtMs: null,
    source: null,
    settled: UNSETTLED,
  })
  expect(qualityReport(window)).toMatchObject({
    predictions: 4,
    labelled: 3,
    maturity: 0.75,
    preliminary: true,
    delay: { meanSeconds: 5, halfBelowSeconds: 8, nineTenthsBelowSeconds: 8 },
  })
})
