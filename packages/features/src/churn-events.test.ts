import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avsc from 'avsc'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { compileAvroDecoder } from './avro/compile-avro-decoder.ts'
import { featureList } from './feature-spec.ts'
import { compileJsonDecoder } from './json/compile-json-decoder.ts'
import { compileRowDecoder } from './row-decoder.ts'
import { RowMajorBatch } from './row-major-batch.ts'

const churn = (path: string) => readFileSync(resolve(import.meta.dirname, '../../../examples/churn', path), 'utf8')
const schema = churn('customer-event.avsc')
const lines = churn('customers.heldout.jsonl').trimEnd().split('\n')

test.each([7, 8])('real customers have one row for version %i, however their events are written', (version) => {
  const manifest = parse(churn(`models/churn-${version}/model.yaml`)) as { features: unknown }
  const features = featureList.parse(manifest.features)
  const type = avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema)
  const avro = compileAvroDecoder(schema, features, { readerSchema: schema })
  const json = compileJsonDecoder(features)
  const rows = compileRowDecoder(features)
  const batch = new RowMajorBatch(3, features.length)
  for (const line of lines) {
    const event = { ...(JSON.parse(line) as Record<string, unknown>), occurredAt: 1_700_000_000_000 }
    const framed = type.toBuffer(event)
    const text = new TextEncoder().encode(line)
    expect(avro.decode(framed, 0, framed.length, batch, 0)).toBe(0)
    expect(json.decode(text, 0, text.length, batch, 1)).toBe(0)
    expect(rows.decodeRow(event, batch, 2)).toBe(0)
    const [first, second, third] = [0, 1, 2].map((row) =>
      batch.values.slice(row * features.length, (row + 1) * features.length),
    )
    expect(second).toEqual(first)
    expect(third).toEqual(first)
  }
  expect(lines.length).toBeGreaterThan(2000)
})
