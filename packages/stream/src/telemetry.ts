import type { CounterName, GaugeName, HistogramName, Labels } from '@sluice/contracts'

/** Where loops report to, once per batch and label set, never once per record. Names and labels come from one table. */
export interface Telemetry {
  count(name: CounterName, labels: Labels, by: number): void
  gauge(name: GaugeName, labels: Labels, value: number): void
  /** Records the same value `times` times (a batch's rows share one duration). */
  observe(name: HistogramName, labels: Labels, value: number, times?: number): void
  /** Forgets a gauge's series, as of a partition that is no longer owned. */
  clearGauge(name: GaugeName, labels: Labels): void
}
