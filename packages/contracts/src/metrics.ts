/**
 * Every metric Sluice exports: one table from which instruments, types and the reference page derive.
 * Names follow Prometheus: base units, `_total` for counters. Labels come from closed sets.
 */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}

const VARIANT = ['endpoint', 'variant', 'model', 'model_version'] as const
const VERSION = ['endpoint', 'model', 'model_version'] as const
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const

export const METRICS = {
  sluice_events_routed_total: {
    type: 'counter',
    help: 'Events copied to a version topic.',
    labels: [...VARIANT, 'mode'],
  },
  sluice_events_unassigned_total: {
    type: 'counter',
    help: 'Events without a key, sent to the champion.',
    labels: ['endpoint'],
  },
  sluice_predictions_total: {
    type: 'counter',
    help: 'Predictions acknowledged by the log.',
    labels: [...VARIANT, 'mode', 'decision'],
  },
  sluice_dead_letters_total: {
    type: 'counter',
    help: 'Records sent to the dead-letter topic.',
    labels: ['endpoint', 'stage', 'code'],
  },
  sluice_records_skipped_total: {
    type: 'counter',
    help: 'Records left out on purpose.',
    labels: ['endpoint', 'stage', 'reason'],
  },
  sluice_inference_seconds: {
    type: 'histogram',
    help: 'Time of one inference call.',
    labels: [...VERSION],
    buckets: SECONDS,
  },
  sluice_inference_batch_rows: {
    type: 'histogram',
    help: 'Rows in one inference call.',
    labels: [...VERSION],
    buckets: [1, 4, 16, 64, 256, 512, 1024, 4096, 16384],
  },
  sluice_event_latency_seconds: {
    type: 'histogram',
    help: 'Record time of the event to its prediction being acknowledged.',
    labels: [...VARIANT],
    buckets: SECONDS,
  },
  sluice_consumer_lag_records: {
    type: 'gauge',
    help: 'Records between the committed offset and the end of the partition.',
    labels: ['topic', 'partition'],
  },
  sluice_consumer_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest record not yet handled; 0 when there is none.',
    labels: ['topic', 'partition'],
  },
  sluice_plan_generation: { type: 'gauge', help: 'Generation of the route plan in force.', labels: ['endpoint'] },
  sluice_model_info: {
    type: 'gauge',
    help: 'Always 1; labels identify the model in use.',
    labels: ['model', 'model_version', 'engine', 'sha256'],
  },
  sluice_dependency_errors_total: {
    type: 'counter',
    help: 'Failed calls to a broker, registry, Redis or file.',
    labels: ['dependency'],
  },
  sluice_rebalances_total: {
    type: 'counter',
    help: 'Times partitions were taken away from this process.',
    labels: ['topic'],
  },
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof METRICS
type NamesOf<T extends MetricSpec['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never
}[MetricName]
export type CounterName = NamesOf<'counter'>
export type GaugeName = NamesOf<'gauge'>
export type HistogramName = NamesOf<'histogram'>
export type Labels = Readonly<Record<string, string>>
