import { endpointTopics, formatEventId, formatPredictionId } from '@sluice/contracts'
import { platformSchema } from '@sluice/registry'
import { formatControlRecord } from '@sluice/routing'
import avro from 'avsc'
import { EVENT_SCHEMA, type MemoryCli } from './memory-cli.ts'

export const CHURN = endpointTopics('churn')

/** A value in Confluent's frame, encoded by another implementation. */
export function framed(id: number, schema: object, value: object): Uint8Array {
  const frame = Buffer.alloc(5)
  frame.writeInt32BE(id, 1)
  return Buffer.concat([frame, avro.Type.forSchema(schema as avro.Schema).toBuffer(value)])
}

export async function framedEvent(cli: MemoryCli, customerId: string, tenure: number): Promise<Uint8Array> {
  const id = await cli.registry.register('churn.events-value', EVENT_SCHEMA)
  return framed(id, EVENT_SCHEMA, { customerId, tenure })
}

export async function framedPrediction(
  cli: MemoryCli,
  {
    version,
    partition,
    offset,
    variant = 'champion',
  }: { version: number; partition: number; offset: bigint; variant?: string },
): Promise<Uint8Array> {
  const schema = platformSchema('prediction')
  const id = await cli.registry.register('churn.predictions-value', schema)
  const position = { endpoint: 'churn', partition, offset }
  return framed(id, schema, {
    predictionId: formatPredictionId({ ...position, version }),
    eventId: formatEventId(position),
    endpoint: 'churn',
    model: 'churn',
    version,
    variant,
    mode: 'live',
    score: 0.75,
    scores: [],
    decision: 'churns',
    plan: 1,
    eventTime: 1_700_000_000_000,
    ceId: null,
  })
}

/** Announces scorers of these versions as ready. */
export async function announceReady(cli: MemoryCli, ...versions: readonly number[]): Promise<void> {
  for (const version of versions) {
    const { key, value } = formatControlRecord({
      kind: 'scorer-ready',
      version,
      instance: `scorer-${version}`,
      ready: true,
      url: 'http://127.0.0.1:8090',
      since: 1_700_000_000_000,
    })
    await cli.write(CHURN.control, version % 3, [{ key: Buffer.from(key).toString(), value }])
  }
}
