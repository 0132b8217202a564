import { type Clock, DependencyError } from '@sluice/contracts'
import { type LogReader, OwnershipLostError, type UnitOfWork, type WorkSession } from './log.ts'
import type { Logger } from './logger.ts'
import type { Slab } from './slab.ts'
import type { Telemetry } from './telemetry.ts'

/** Longest one idle poll waits, in milliseconds; it bounds how late a stop or a new plan is noticed. */
export const IDLE_POLL_MS = 500
/** Back-off after a dependency error: doubles from the first to the last, in milliseconds. */
export const BACKOFF_FIRST_MS = 50
export const BACKOFF_LAST_MS = 5_000

export interface ConsumeLoopOptions {
  readonly reader: LogReader
  readonly session: WorkSession
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** Stop collecting when so many records are in hand. */
  readonly maxBatchRecords: number
  /** Longest the first records of a batch wait for company, in milliseconds; 0 takes what is there. */
  readonly maxBatchDelayMs: number
  /**
   * Turns slabs into outputs of the unit of work; returns what is to be reported once the work is committed. Called again
   * with the same records after a dependency error.
   */
  readonly handle: (slabs: readonly Slab[], work: UnitOfWork) => Promise<() => void>
  /** Hears whether the loop makes progress, for readiness: `undefined` is fine, a text is why not. */
  readonly health: (problem: string | undefined) => void
}

/**
 * Poll, handle, commit, until the signal aborts. Records are handled in natural batches: what has arrived while the last
 * batch was worked on is the next one. A dependency error repeats the batch in place after a back-off, so nothing is
 * skipped and order holds; partitions that went to another reader are dropped, their new owner gets the records again.
 * Anything else is our bug and ends the loop.
 */
export async function runConsumeLoop(options: ConsumeLoopOptions): Promise<void> {
  const { reader, session, clock, signal, logger, telemetry } = options
  let failures = 0
  while (!signal.aborted) {
    const batch: Batch = { slabs: [], generation: reader.generation }
    const { slabs } = batch
    let work: UnitOfWork | undefined
    try {
      await collect(options, batch)
      if (slabs.length > 0) {
        work = session.begin()
        const report = await options.handle(slabs, work)
        for (const slab of slabs) work.advance(slab, slab.nextOffset)
        await work.commit()
        report()
      }
      reportLag(options, slabs)
      if (failures > 0) logger.info('Working again.', { failures })
      failures = 0
      options.health(undefined)
    } catch (error) {
      if (error instanceof OwnershipLostError) {
        for (const { topic } of error.partitions) telemetry.count('sluice_rebalances_total', { topic }, 1)
        logger.info('Partitions went to another reader; their records will be handled there.', {
          partitions: error.partitions.length,
        })
        await work?.abort()
        rewind(reader, batch)
      } else if (error instanceof DependencyError) {
        telemetry.count('sluice_dependency_errors_total', { dependency: error.dependency }, 1)
        options.health(error.message)
        const waitMs = Math.min(BACKOFF_FIRST_MS * 2 ** failures, BACKOFF_LAST_MS)
        logger.warn('A dependency failed; the batch is repeated.', { error, next: error.next, waitMs })
        failures++
        await work?.abort()
        rewind(reader, batch)
        await clock.sleep(waitMs, signal)
      } else throw error
    }
  }
}

/** What is in hand, and the reader's generation under which it was polled. */
interface Batch {
  readonly slabs: Slab[]
  generation: number
}

/**
 * Takes the first records that come and those that follow within the delay. They are the caller's from the moment they
 * were polled: when a later poll fails, he still has them to put back.
 */
async function collect(options: ConsumeLoopOptions, batch: Batch): Promise<void> {
  const { reader, clock, signal } = options
  const { slabs } = batch
  slabs.push(...(await reader.poll({ maxWaitMs: IDLE_POLL_MS, signal })))
  batch.generation = reader.generation
  if (slabs.length === 0 || options.maxBatchDelayMs === 0) return
  const deadlineMs = clock.nowMs() + options.maxBatchDelayMs
  let records = slabs.reduce((sum, slab) => sum + slab.count, 0)
  while (records < options.maxBatchRecords && !signal.aborted) {
    const waitMs = deadlineMs - clock.nowMs()
    if (waitMs <= 0) break
    const more = await reader.poll({ maxWaitMs: waitMs, signal })
    if (reader.generation !== batch.generation) {
      // What was in hand has another owner now, or comes again from the committed offset.
      batch.generation = reader.generation
      slabs.length = 0
      records = 0
    }
    for (const slab of more) {
      slabs.push(slab)
      records += slab.count
    }
  }
}

/**
 * Puts the partitions back to the start of the batch. After a change of ownership there is nothing to put back: what is
 * ours now starts at its committed offset, which another reader may have moved on.
 */
function rewind(reader: LogReader, { slabs, generation }: Batch): void {
  if (reader.generation !== generation) return
  const rewound = new Set<string>()
  for (const slab of slabs) {
    const name = `${slab.topic}/${slab.partition}`
    if (rewound.has(name)) continue
    rewound.add(name)
    reader.seek(slab, slab.baseOffset + BigInt(slab.count > 0 ? slab.offsetDeltas[0]! : 0))
  }
}

function reportLag({ reader, telemetry, clock }: ConsumeLoopOptions, slabs: readonly Slab[]): void {
  for (const partition of reader.assigned) {
    const end = reader.endOffset(partition)
    const position = reader.position(partition)
    if (end === undefined || position === undefined) continue
    const labels = { topic: partition.topic, partition: String(partition.partition) }
    const lag = end > position ? Number(end - position) : 0
    telemetry.gauge('sluice_consumer_lag_records', labels, lag)
    if (lag === 0) telemetry.gauge('sluice_consumer_lag_seconds', labels, 0)
  }
  for (const slab of slabs) {
    const end = reader.endOffset(slab)
    if (end === undefined || end <= slab.nextOffset || slab.count === 0) continue
    // The next record is at least as young as the last one handled, so this is the most it can be behind.
    const seconds = Math.max(0, clock.nowMs() - slab.timestamps[slab.count - 1]!) / 1000
    telemetry.gauge('sluice_consumer_lag_seconds', { topic: slab.topic, partition: String(slab.partition) }, seconds)
  }
}
