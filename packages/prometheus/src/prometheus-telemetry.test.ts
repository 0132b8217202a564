import { METRICS, type MetricName } from '@sluice/contracts'
import { expect, test } from 'vitest'
import { prometheusTelemetry } from './prometheus-telemetry.ts'

const VARIANT = { endpoint: 'churn', variant: 'champion', model: 'churn', model_version: '7' }

test('a scrape carries every metric of the table with its help and type', async () => {
  const telemetry = prometheusTelemetry()
  const { body, contentType } = await telemetry.scrape()
  expect(contentType).toContain('text/plain')
  for (const name of Object.keys(METRICS) as MetricName[]) {
    expect(body).toContain(`# TYPE ${name} ${METRICS[name].type}`)
  }
  expect(body).toContain('process_resident_memory_bytes')
})

test('counts add up per label set, gauges take the last value and can be forgotten', async () => {
  const telemetry = prometheusTelemetry()
  const labels = { ...VARIANT, mode: 'live', decision: 'stays' }
  telemetry.count('sluice_predictions_total', labels, 40)
  telemetry.count('sluice_predictions_total', labels, 2)
  telemetry.count('sluice_predictions_total', { ...labels, decision: 'churns' }, 1)
  expect(await telemetry.value('sluice_predictions_total', labels)).toBe(42)
  const partition = { topic: 't', partition: '3' }
  telemetry.gauge('sluice_consumer_lag_records', partition, 7)
  telemetry.gauge('sluice_consumer_lag_records', partition, 5)
  expect(await telemetry.value('sluice_consumer_lag_records', partition)).toBe(5)
  telemetry.clearGauge('sluice_consumer_lag_records', partition)
  expect((await telemetry.scrape()).body).not.toContain('sluice_consumer_lag_records{')
})

test('a batch observes the values of its rows at once, and only as many as it says', async () => {
  const telemetry = prometheusTelemetry()
  telemetry.observeAll('sluice_event_latency_seconds', VARIANT, Float64Array.of(0.0004, 0.004, 0.004, 9), 3)
  telemetry.observe('sluice_event_latency_seconds', VARIANT, 0.04)
  const { body } = await telemetry.scrape()
  expect(body).toMatch(/sluice_event_latency_seconds_count\{[^}]*\} 4/)
  expect(body).toMatch(/sluice_event_latency_seconds_bucket\{le="0.005",[^}]*\} 3/)
})

test('a label that the table does not name is refused', () => {
  expect(() => prometheusTelemetry().count('sluice_events_unassigned_total', { customer: 'c' }, 1)).toThrow(/label/)
})
