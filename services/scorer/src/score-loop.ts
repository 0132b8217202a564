import { type Clock, DependencyError, type EndpointTopics, type Mode } from '@sluice/contracts'
import {
  followTopic,
  type Log,
  type Logger,
  retryDependency,
  runConsumeLoop,
  type SchemaRegistry,
  type Telemetry,
  valueSubject,
} from '@sluice/stream'
import { announceScorer } from './announce-scorer.ts'
import { DecoderSource } from './decoder-source.ts'
import { EventScorer } from './event-scorer.ts'
import type { ModelSlot, ServedModel } from './model-slot.ts'
import { PredictionEncoders } from './prediction-encoders.ts'
import { VariantNames } from './variant-names.ts'

export interface ScoreLoopOptions {
  readonly endpoint: string
  readonly topics: EndpointTopics
  /** Partition count of every topic of the endpoint. */
  readonly partitions: number
  readonly slot: ModelSlot
  /** JSON text of the endpoint's own event schema: defaults and aliases for what older producers wrote. */
  readonly eventSchema: string
  /** Name of the version on the endpoint while no plan is known that mentions it. */
  readonly variant: string
  readonly batch: { readonly maxBatchSize: number; readonly maxBatchDelayMs: number }
  readonly maxValueBytes: number
  /** Who this process is, for the announcement in `control`. */
  readonly instance: string
  /** Where this process answers inference requests. */
  readonly url: string
  readonly log: Log
  readonly registry: SchemaRegistry
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly signal: AbortSignal
  /** Hears how things stand; `undefined` is fine, a text is why not. */
  readonly health: (problem: string | undefined) => void
}

/** Consumer group of the scorers of one version: versions scale apart. */
export function scorerGroup(topics: EndpointTopics, version: number): string {
  return `sluice.scorer.${topics.version(version)}`
}

/**
 * Scores the events of one version until the signal aborts. Announces in `control` that the version can be scored once it
 * can, and takes that back at the end.
 */
export async function runScoreLoop(options: ScoreLoopOptions): Promise<void> {
  const { topics, slot, log, clock, telemetry } = options
  const { name: modelName, version } = slot.current.model
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const names = new VariantNames(version, options.variant)
  const follower = followTopic({
    ...options,
    signal,
    topic: topics.control,
    visit: (slab, index) => names.visit(slab, index),
  })
  const parts = [follower.finished, score(options, names, signal, follower.caughtUp)]
  try {
    await Promise.all(parts)
  } finally {
    // When one part fails, the other is stopped too and its end awaited, so that nothing runs on unwatched.
    stop.abort()
    await Promise.allSettled(parts)
  }

  async function score(
    o: ScoreLoopOptions,
    variantNames: VariantNames,
    until: AbortSignal,
    caughtUp: Promise<void>,
  ): Promise<void> {
    const aborted = new Promise<void>((resolve) => until.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([caughtUp, aborted])
    if (until.aborted) return
    const retry = { ...o, signal: until }
    const schemaIds = await retryDependency(() => predictionSchemaIds(o), retry)
    if (schemaIds === undefined) return
    const scorerOf = ({ model, features, decide }: ServedModel): EventScorer =>
      new EventScorer({
        ...o,
        ...o.batch,
        model,
        decide,
        decoders: new DecoderSource({ registry: o.registry, features, readerSchema: o.eventSchema }),
        encoders: new PredictionEncoders({
          identity: { endpoint: o.endpoint, model: modelName, version, labels: decide.labels, outputs: model.outputs },
          schemaIds,
          variantOf: (mode, generation) => variantNames.of(mode, generation),
        }),
      })
    let served = slot.current
    let scorer = scorerOf(served)
    const reader = await retryDependency(
      () =>
        log.openReader({
          group: scorerGroup(topics, version),
          topics: [topics.version(version)],
          from: 'earliest',
          isolation: 'read_committed',
          onRevoked: (partitions) => {
            for (const { topic, partition } of partitions) {
              const labels = { topic, partition: String(partition) }
              telemetry.clearGauge('sluice_consumer_lag_records', labels)
              telemetry.clearGauge('sluice_consumer_lag_seconds', labels)
            }
          },
        }),
      retry,
    )
    if (reader === undefined) return
    const session = await log.openWork(reader, { delivery: 'at_least_once' })
    const writer = await log.openWriter()
    const announce = (ready: boolean): Promise<void> => {
      const nowMs = clock.nowMs()
      const scorerReady = {
        kind: 'scorer-ready',
        version,
        instance: o.instance,
        ready,
        url: o.url,
        since: nowMs,
      } as const
      return announceScorer(writer, topics, o.partitions, scorerReady, nowMs)
    }
    try {
      await announce(true)
      await runConsumeLoop({
        ...o,
        reader,
        session,
        signal: until,
        maxBatchRecords: o.batch.maxBatchSize,
        maxBatchDelayMs: o.batch.maxBatchDelayMs,
        handle: async (slabs, work) => {
          if (served !== slot.current) {
            served = slot.current
            scorer = scorerOf(served)
          }
          await slot.closeRetired()
          return scorer.score(slabs, work)
        },
      })
    } finally {
      await announce(false).catch((error: unknown) => o.logger.warn('Could not take the announcement back.', { error }))
      await writer.close()
      await session.close()
      await reader.close()
    }
  }
}

/** Ids of the prediction schema in the registry; they were registered with the topics, not by a service. */
async function predictionSchemaIds({ registry, topics }: ScoreLoopOptions): Promise<Record<Mode, number>> {
  const find = async (topic: string): Promise<number> => {
    const latest = await registry.latest(valueSubject(topic))
    if (latest !== undefined) return latest.id
    throw new DependencyError('registry', `has no schema for ${valueSubject(topic)}`, {
      next: 'Run `sluice schemas apply`, then start the scorer again.',
    })
  }
  return { live: await find(topics.predictions), shadow: await find(topics.shadows) }
}
