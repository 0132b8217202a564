import type { CounterName, GaugeName, HistogramName, Labels } from '@sluice/contracts'

/** Where loops report to, once per batch and label set, never once per record. Names and labels come from one table. */
export interface Telemetry {
  count(name: CounterName, labels: Labels, by: number): void
  gauge(name: GaugeName, labels: Labels, value: number): void
  observe(name: HistogramName, labels: Labels, value: number): void
  /** Observes the first `count` values at the price of one look-up of the series. */
  observeAll(name: HistogramName, labels: Labels, values: Float64Array, count: number): void
  /** Forgets a gauge's series, as of a partition that is no longer owned. */
  clearGauge(name: GaugeName, labels: Labels): void
}
