import { type AuditRecord, formatAuditRecord, readAuditRecord } from '@sluice/contracts'
import { type Log, slabValue } from '@sluice/stream'
import { z } from 'zod'
import { readRanges, wholeTopic } from '../log/read-range.ts'
import { OffsetSet } from './offset-set.ts'

const REPLAY_ACTION = 'replay.apply'

/** What one unit of work of a replay took back out of a partition of the dead-letter topic. */
const replayed = z.object({
  topic: z.string(),
  partition: z.int().min(0),
  /** Inclusive bounds, as text because offsets may pass 2^53. */
  offsets: z.array(z.tuple([z.string().regex(/^\d{1,19}$/), z.string().regex(/^\d{1,19}$/)])),
})

export interface ReplayAudit {
  readonly nowMs: number
  readonly actor: string
  readonly endpoint: string
  readonly reason: string | undefined
  readonly topic: string
  readonly partition: number
  readonly offsets: OffsetSet
}

export function formatReplayAudit(audit: ReplayAudit): ReturnType<typeof formatAuditRecord> {
  const record: AuditRecord = {
    atMs: audit.nowMs,
    actor: audit.actor,
    action: REPLAY_ACTION,
    endpoint: audit.endpoint,
    ...(audit.reason === undefined ? {} : { reason: audit.reason }),
    after: {
      topic: audit.topic,
      partition: audit.partition,
      offsets: audit.offsets.ranges.map(([from, to]) => [String(from), String(to)]),
    },
  }
  return formatAuditRecord(record)
}

/**
 * Offsets of the dead-letter topic that were replayed before, by partition. The audit topic is the memory of replays: it is
 * written in the same unit of work as the records that go back, and it outlives the dead letters.
 */
export async function readReplayed(
  log: Log,
  auditTopic: string,
  deadLetterTopic: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, OffsetSet>> {
  const byPartition = new Map<number, OffsetSet>()
  await readRanges({
    log,
    ranges: await wholeTopic(log, auditTopic),
    signal,
    visit: (slab, count) => {
      for (let i = 0; i < count; i++) {
        const record = readAuditRecord(slabValue(slab, i))
        if (record?.action !== REPLAY_ACTION) continue
        const parsed = replayed.safeParse(record.after)
        if (!parsed.success || parsed.data.topic !== deadLetterTopic) continue
        const set = byPartition.get(parsed.data.partition) ?? new OffsetSet()
        byPartition.set(parsed.data.partition, set)
        for (const [from, to] of parsed.data.offsets) set.add(BigInt(from), BigInt(to))
      }
      return true
    },
  })
  return byPartition
}
