import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { partitionOfKey } from '@sluice/routing'
import { valueSubject } from '@sluice/stream'
import type { ReadRecord, RecordToAppend } from '@sluice/testing'
import avro from 'avsc'
import { CHURN_SCHEMA, ROOT, type TestPlatform } from './platform.ts'

/** A held-out customer as the example's file has it. */
export type Customer = Readonly<Record<string, unknown>> & { readonly customerId: string }

/** Magic byte and schema id before an Avro value. */
export const FRAME_BYTES = 5

const PREDICTION = avro.Type.forSchema(
  JSON.parse(readFileSync(join(ROOT, 'schemas/prediction.avsc'), 'utf8')) as avro.Schema,
)

export interface Prediction {
  readonly predictionId: string
  readonly eventId: string
  readonly version: number
  readonly variant: string
  readonly mode: 'live' | 'shadow'
  readonly score: number
  readonly decision: string
  readonly plan: number
}

export function churnCustomers(): readonly Customer[] {
  return readFileSync(join(ROOT, 'examples/churn/customers.heldout.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Customer)
}

export interface SchemaField {
  readonly name: string
  readonly type: unknown
  readonly default?: unknown
}

export interface RecordSchema {
  readonly fields: readonly SchemaField[]
}

export function churnSchema(): RecordSchema {
  return JSON.parse(readFileSync(CHURN_SCHEMA, 'utf8'))
}

/** An Avro value in the registry's frame. */
export function framed(schemaId: number, body: Uint8Array): Uint8Array {
  const head = Buffer.alloc(FRAME_BYTES)
  head.writeInt32BE(schemaId, 1)
  return Buffer.concat([head, body])
}

/** Encodes customers as a producer with this writer schema does; default is the example's schema. */
export async function customerEncoder(
  platform: TestPlatform,
  schema: object = churnSchema(),
): Promise<(customer: Customer, occurredAt?: number) => RecordToAppend> {
  const schemaId = await platform.registry.register(valueSubject(platform.topics.events), schema)
  const type = avro.Type.forSchema(schema as avro.Schema)
  return (customer, occurredAt = 0) => {
    const key = new TextEncoder().encode(customer.customerId)
    const value = framed(schemaId, type.toBuffer({ ...customer, occurredAt }))
    return { key, value, partition: partitionOfKey(key, platform.partitions) }
  }
}

export function decodePrediction(record: ReadRecord): Prediction {
  return PREDICTION.fromBuffer(Buffer.from(record.value!).subarray(FRAME_BYTES)) as Prediction
}
