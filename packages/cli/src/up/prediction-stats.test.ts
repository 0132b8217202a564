import { expect, test } from 'vitest'
import { PredictionStats, type SeenPrediction } from './prediction-stats.ts'

function prediction(offset: number, over: Partial<SeenPrediction> = {}): SeenPrediction {
  const version = over.version ?? 7
  return {
    predictionId: `churn.${version}.0.${offset}`,
    eventId: `churn.0.${offset}`,
    key: `C${offset}`,
    version,
    variant: version === 7 ? 'champion' : 'challenger',
    mode: 'live',
    score: 0.25,
    decision: 'stays',
    eventTimeMs: 1_000,
    latencyMs: offset + 1,
    ...over,
  }
}

test('each prediction counts once, a repeat is counted as a duplicate', () => {
  const stats = new PredictionStats()
  for (const offset of [0, 1, 1, 0, 2]) stats.add(prediction(offset))
  expect(stats.total).toBe(3)
  expect(stats.variants()[0]).toMatchObject({ predictions: 3, duplicates: 2, meanScore: 0.25 })
})

test('variants are kept apart, shadows do not count as live', () => {
  const stats = new PredictionStats()
  stats.add(prediction(0))
  stats.add(prediction(1, { version: 8, decision: 'churns', score: 0.75 }))
  stats.add(prediction(1, { version: 9, variant: 'candidate', mode: 'shadow' }))
  expect(stats.total).toBe(2)
  expect(stats.variants().map((v) => [v.version, v.mode])).toEqual([
    [7, 'live'],
    [8, 'live'],
    [9, 'shadow'],
  ])
  expect(stats.last.map((p) => p.version)).toEqual([8, 7])
})

test('quantiles are nearest ranks: of 1..100 the median is 50 and p99 is 99', () => {
  const stats = new PredictionStats()
  for (let offset = 0; offset < 100; offset++) stats.add(prediction(offset))
  expect(stats.variants()[0]?.latencyMs).toEqual({ p50: 50, p99: 99 })
})
