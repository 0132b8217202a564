import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avsc from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PredictionEncoder } from './prediction-encoder.ts'

const schema = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../schemas/prediction.avsc'), 'utf8'),
) as avsc.Schema
const type = avsc.Type.forSchema(schema)
const NOTHING = new Uint8Array(0)
const NO_SCORES = new Float32Array(0)

const identity = {
  endpoint: 'churn',
  model: 'churn',
  version: 8,
  variant: 'challenger',
  mode: 'live',
  labels: ['stays', 'churns'],
  outputs: 1,
  schemaId: 258,
} as const

function digits(partition: number, offset: bigint) {
  const bytes = new TextEncoder().encode(`??${partition}:${offset}!`)
  const partitionLength = String(partition).length
  return {
    bytes,
    partitionStart: 2,
    partitionLength,
    offsetStart: 3 + partitionLength,
    offsetLength: String(offset).length,
  }
}

test('any prediction reads back through another Avro implementation', () => {
  const encoder = new PredictionEncoder(identity)
  fc.assert(
    fc.property(
      fc.nat({ max: 999_999_999 }),
      fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      fc.float({ noNaN: true }),
      fc.nat({ max: 1 }),
      fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
      fc.option(fc.string({ unit: 'binary', maxLength: 900 }), { nil: undefined }),
      (partition, offset, score, decision, plan, eventTimeMs, ceId) => {
        const ce = new TextEncoder().encode(ceId ?? '')
        encoder.write(
          digits(partition, offset),
          { score, decision, plan, eventTimeMs },
          NO_SCORES,
          0,
          ce,
          0,
          ceId === undefined ? -1 : ce.length,
        )
        const bytes = Buffer.from(encoder.bytes.subarray(0, encoder.length))
        expect([bytes[0], bytes.readInt32BE(1)]).toEqual([0, 258])
        expect(type.fromBuffer(bytes.subarray(5))).toEqual({
          predictionId: `churn.8.${partition}.${offset}`,
          eventId: `churn.${partition}.${offset}`,
          endpoint: 'churn',
          model: 'churn',
          version: 8,
          variant: 'challenger',
          mode: 'live',
          score,
          scores: [],
          decision: identity.labels[decision],
          plan,
          eventTime: eventTimeMs,
          ceId: ceId ?? null,
        })
      },
    ),
    { seed: 8, numRuns: 500 },
  )
})

test('a model with several outputs writes them all, of the row asked for', () => {
  const encoder = new PredictionEncoder({ ...identity, mode: 'shadow', labels: ['a', 'b', 'c'], outputs: 3 })
  const scores = Float32Array.of(9, 9, 9, 0.25, 0.5, 0.125)
  encoder.write(digits(0, 0n), { score: 0.5, decision: 1, plan: 3, eventTimeMs: 0 }, scores, 1, NOTHING, 0, -1)
  const value = type.fromBuffer(Buffer.from(encoder.bytes.subarray(5, encoder.length))) as Record<string, unknown>
  expect(value).toMatchObject({ scores: [0.25, 0.5, 0.125], score: 0.5, decision: 'b', mode: 'shadow' })
})
