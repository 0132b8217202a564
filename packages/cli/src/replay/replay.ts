import { type Clock, ConfigError, DependencyError, type EndpointConfig, type EndpointTopics } from '@sluice/contracts'
import { type Log, type LogReader, OwnershipLostError, type Slab, slabOffset, type WorkSession } from '@sluice/stream'
import { readRanges, wholeTopic } from '../log/read-range.ts'
import { singleRecord } from '../log/single-record.ts'
import { OffsetSet } from './offset-set.ts'
import { PutBack } from './put-back.ts'
import { formatReplayAudit, readReplayed } from './replay-audit.ts'
import { homeTopics, type Letter, type ReplayFilter } from './replay-filter.ts'
import { ReplayPass, type ReplaySummary } from './replay-pass.ts'

/** Most records that go back in one unit of work. */
export const REPLAY_BATCH_MAX = 5_000
/** Longest wait for all partitions of the dead-letter topic, in milliseconds: another replay may hold them. */
export const REPLAY_ASSIGN_WAIT_MS = 30_000
const POLL_WAIT_MS = 500
/** Kafka's default of `max.message.bytes`, for a topic that does not say. */
const MESSAGE_BYTES_DEFAULT = 1_048_588

export interface ReplayOptions {
  readonly log: Log
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly endpointName: string
  readonly endpoint: EndpointConfig
  readonly topics: EndpointTopics
  readonly filter: ReplayFilter
  readonly actor: string
  readonly reason: string | undefined
  /** Most records put back per second. */
  readonly ratePerSecond: number
  readonly note: (line: string) => void
}

/** Counts what a replay would put back; changes nothing. */
export async function planReplay(options: ReplayOptions): Promise<ReplaySummary> {
  const { log, topics, signal } = options
  const pass = await newPass(options)
  await readRanges({
    log,
    ranges: await wholeTopic(log, topics.deadLetters),
    signal,
    visit: (slab, count) => {
      pass.select(slab, 0, count)
      return true
    },
  })
  return pass.summary()
}

/**
 * Puts the selected dead letters back, each once: what goes back and the note of it in the audit topic are one unit of work,
 * and only one replay of an endpoint runs at a time, because it needs all partitions of a consumer group.
 */
export async function applyReplay(options: ReplayOptions): Promise<ReplaySummary> {
  const { log, topics, signal } = options
  const ends = await log.admin.offsets(topics.deadLetters)
  let lost = false
  const reader = await log.openReader({
    group: `sluice-replay.${topics.deadLetters}`,
    topics: [topics.deadLetters],
    from: 'earliest',
    onRevoked: () => {
      lost = true
    },
  })
  let session: WorkSession | undefined
  try {
    await waitForAll(reader, ends.length, options)
    // Read after every partition is ours: nobody else can add to it now.
    const pass = await newPass(options)
    session = await openSession(log, reader, options.note)
    const putBack = new PutBack(await messageBytes(log, homeTopics(topics, options.endpoint)))
    const open = new Map(ends.filter((e) => e.earliest < e.latest).map((e) => [e.partition, e.latest]))
    for (const { partition, earliest } of ends) reader.seek({ topic: topics.deadLetters, partition }, earliest)
    while (open.size > 0 && !signal.aborted) {
      for (const slab of await reader.poll({ maxWaitMs: POLL_WAIT_MS, signal })) {
        const end = open.get(slab.partition)
        if (end === undefined) continue
        await replaySlab(options, pass, session, putBack, slab, end)
      }
      for (const [partition, end] of open) {
        if ((reader.position({ topic: topics.deadLetters, partition }) ?? 0n) >= end) open.delete(partition)
      }
      if (lost) throw takenOver(options)
    }
    return pass.summary()
  } catch (error) {
    throw error instanceof OwnershipLostError ? takenOver(options) : error
  } finally {
    await session?.close()
    await reader.close()
  }
}

async function newPass({ log, topics, endpoint, filter, signal }: ReplayOptions): Promise<ReplayPass> {
  const replayed = await readReplayed(log, topics.audit, topics.deadLetters, signal)
  return new ReplayPass(filter, homeTopics(topics, endpoint), replayed)
}

async function replaySlab(
  options: ReplayOptions,
  pass: ReplayPass,
  session: WorkSession,
  putBack: PutBack,
  slab: Slab,
  end: bigint,
): Promise<void> {
  // With a slow rate the batches are small too, so that the rate holds within every second.
  const step = Math.max(1, Math.min(REPLAY_BATCH_MAX, options.ratePerSecond))
  let count = slab.count
  while (count > 0 && slabOffset(slab, count - 1) >= end) count--
  for (let start = 0; start < count && !options.signal.aborted; start += step) {
    const letters = pass.select(slab, start, Math.min(start + step, count))
    if (letters.length === 0) continue
    const startedMs = options.clock.monotonicMs()
    await putBackBatch(options, pass, session, putBack, slab.partition, letters)
    const dueMs = (letters.length / options.ratePerSecond) * 1_000
    await options.clock.sleep(Math.max(0, dueMs - (options.clock.monotonicMs() - startedMs)), options.signal)
  }
}

async function putBackBatch(
  options: ReplayOptions,
  pass: ReplayPass,
  session: WorkSession,
  putBack: PutBack,
  partition: number,
  letters: readonly Letter[],
): Promise<void> {
  const { topics, clock } = options
  const work = session.begin()
  const offsets = new OffsetSet()
  let count = 0
  putBack.begin(work)
  try {
    for (const letter of letters) {
      if (putBack.add(letter)) {
        offsets.add(letter.record.offset, letter.record.offset)
        count++
      } else pass.stuck(`it is larger than max.message.bytes of ${letter.topic}`)
    }
    if (count === 0) return await work.abort()
    putBack.flush()
    const nowMs = clock.nowMs()
    const audit = formatReplayAudit({
      nowMs,
      actor: options.actor,
      endpoint: options.endpointName,
      reason: options.reason,
      topic: topics.deadLetters,
      partition,
      offsets,
    })
    work.append(topics.audit, partition, singleRecord(audit, nowMs))
    await work.commit()
  } catch (error) {
    await work.abort()
    throw error
  }
  pass.putBack(count)
}

/** All partitions or none: two replays that share them could both put back what lies between a read and a write. */
async function waitForAll(reader: LogReader, partitions: number, { clock, signal }: ReplayOptions): Promise<void> {
  const startedMs = clock.monotonicMs()
  while (reader.assigned.length < partitions) {
    if (signal.aborted || clock.monotonicMs() - startedMs > REPLAY_ASSIGN_WAIT_MS) {
      throw new DependencyError('log', `only ${reader.assigned.length} of ${partitions} partitions could be had`, {
        next: 'Another replay of this endpoint is running; wait for its end.',
      })
    }
    await reader.poll({ maxWaitMs: POLL_WAIT_MS, signal })
  }
}

async function openSession(log: Log, reader: LogReader, note: (line: string) => void): Promise<WorkSession> {
  try {
    return await log.openWork(reader, { delivery: 'exactly_once' })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    note('This log has no transactions: should the replay break off, its last batch may be put back twice.')
    return log.openWork(reader, { delivery: 'at_least_once' })
  }
}

async function messageBytes(log: Log, topics: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
  const described = await log.admin.describeTopics([...topics])
  const bytes = new Map(described.map((t) => [t.name, Number(t.config['max.message.bytes'] ?? MESSAGE_BYTES_DEFAULT)]))
  const missing = [...topics].find((topic) => !bytes.has(topic))
  if (missing === undefined) return bytes
  throw new DependencyError('log', `topic ${missing} does not exist`, { next: 'Create it with `sluice topics apply`.' })
}

function takenOver({ topics }: ReplayOptions): DependencyError {
  return new DependencyError('log', `partitions of ${topics.deadLetters} were taken away in the middle`, {
    next: 'Another replay has started; run this one again after its end. Nothing is put back twice.',
  })
}
