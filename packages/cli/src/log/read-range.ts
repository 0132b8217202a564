import { DependencyError } from '@sluice/contracts'
import type { Log, Slab } from '@sluice/stream'

/** Longest a range may deliver nothing although more of it is there, in milliseconds. */
export const READ_STALL_MS = 15_000
const POLL_WAIT_MS = 500

/** Offsets `[from, to)` of one partition. */
export interface OffsetRange {
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly to: bigint
}

export interface ReadRangesOptions {
  readonly log: Log
  readonly ranges: readonly OffsetRange[]
  readonly signal: AbortSignal
  /** Called for each slab with the number of its leading records that lie in the range; false ends the reading. */
  readonly visit: (slab: Slab, count: number) => Promise<boolean | undefined> | boolean | undefined
}

/**
 * Reads ranges once, outside of any group, oldest record first in each partition. Records that are gone (compacted,
 * deleted, aborted) are passed over. Throws DependencyError when the log delivers nothing more before the end.
 */
export async function readRanges({ log, ranges, signal, visit }: ReadRangesOptions): Promise<void> {
  const open = new Map(ranges.filter((r) => r.from < r.to).map((r) => [`${r.topic}/${r.partition}`, r]))
  if (open.size === 0) return
  const reader = await log.openReader({
    partitions: [...open.values()].map(({ topic, partition, from }) => ({ topic, partition, offset: from })),
  })
  try {
    let quietSinceMs = performance.now()
    while (open.size > 0 && !signal.aborted) {
      const slabs = await reader.poll({ maxWaitMs: POLL_WAIT_MS, signal })
      if (slabs.length > 0) quietSinceMs = performance.now()
      for (const slab of slabs) {
        const name = `${slab.topic}/${slab.partition}`
        const range = open.get(name)
        if (range === undefined) continue
        if ((await visit(slab, countBelow(slab, range.to))) === false) return
        if (slab.nextOffset >= range.to) open.delete(name)
      }
      // The end of a partition may be control records or aborted ones: the reader's position then says that it is reached.
      for (const [name, range] of open) {
        if ((reader.position(range) ?? 0n) >= range.to) open.delete(name)
      }
      if (performance.now() - quietSinceMs > READ_STALL_MS) throw stalled([...open.keys()])
    }
  } finally {
    await reader.close()
  }
}

/** How many records of a slab, in offset order, have an offset below `end`. */
function countBelow(slab: Slab, end: bigint): number {
  let count = slab.count
  while (count > 0 && slab.baseOffset + BigInt(slab.offsetDeltas[count - 1]!) >= end) count--
  return count
}

function stalled(partitions: readonly string[]): DependencyError {
  return new DependencyError('log', `nothing arrived for ${READ_STALL_MS} ms from ${partitions.join(', ')}`, {
    next: 'Look for a transaction that was left open, or for a partition without a leader.',
  })
}

/** The whole of a topic as it is now. */
export async function wholeTopic(log: Log, topic: string): Promise<readonly OffsetRange[]> {
  const offsets = await log.admin.offsets(topic)
  return offsets.map(({ partition, earliest, latest }) => ({ topic, partition, from: earliest, to: latest }))
}
