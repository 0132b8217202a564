import {
  type CounterName,
  type GaugeName,
  type Labels,
  METRICS,
  type MetricName,
  type MetricSpec,
} from '@sluice/contracts'
import type { Telemetry } from '@sluice/stream'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface PrometheusTelemetry extends Telemetry {
  /** The scrape text and its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly body: string }>
  /** Current value of one counter or gauge series, for the live view and tests; 0 when it has never been set. */
  value(name: CounterName | GaugeName, labels: Labels): Promise<number>
  stop(): void
}

/** One registry with every instrument of the metrics table and Node's own process metrics. */
export function prometheusTelemetry(): PrometheusTelemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  for (const [name, spec] of Object.entries(METRICS) as [MetricName, MetricSpec][]) {
    const options = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] }
    if (spec.type === 'counter') counters.set(name, new Counter(options))
    else if (spec.type === 'gauge') gauges.set(name, new Gauge(options))
    else
      histograms.set(
        name,
        new Histogram({ ...options, ...(spec.buckets === undefined ? {} : { buckets: [...spec.buckets] }) }),
      )
  }
  return {
    count: (name, labels, by) => counters.get(name)!.inc(labels, by),
    gauge: (name, labels, value) => gauges.get(name)!.set(labels, value),
    clearGauge: (name, labels) => gauges.get(name)!.remove(labels),
    observe: (name, labels, value) => histograms.get(name)!.observe(labels, value),
    observeAll: (name, labels, values, count) => {
      const series = histograms.get(name)!.labels(labels)
      for (let i = 0; i < count; i++) series.observe(values[i]!)
    },
    scrape: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    value: async (name, labels) => {
      const metric = await (counters.get(name) ?? gauges.get(name))!.get()
      const wanted = Object.entries(labels)
      return metric.values.find((v) => wanted.every(([key, value]) => v.labels[key] === value))?.value ?? 0
    },
    stop: () => registry.clear(),
  }
}
