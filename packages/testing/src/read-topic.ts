import { findHeader, type HeaderSpan, type Log, type Slab, slabKey, slabOffset, slabValue } from '@sluice/stream'

/** A record copied out of a slab, for assertions. */
export interface ReadRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Text of the last header of this name, `undefined` when there is none. */
  header(name: string): string | undefined
}

/** Everything in a topic up to its end as of now, by partition and offset, as a read_committed consumer sees it. */
export async function readTopic(log: Log, topic: string): Promise<readonly ReadRecord[]> {
  const ends = await log.admin.offsets(topic)
  const waiting = new Map(ends.filter((e) => e.latest > e.earliest).map((e) => [e.partition, e.latest]))
  const records: ReadRecord[] = []
  if (waiting.size === 0) return records
  const reader = await log.openReader({
    partitions: [...waiting.keys()].map((partition) => ({ topic, partition, offset: 'earliest' as const })),
    isolation: 'read_committed',
  })
  try {
    while (waiting.size > 0) {
      for (const slab of await reader.poll({ maxWaitMs: 100 })) {
        for (let i = 0; i < slab.count; i++) records.push(copyRecord(slab, i))
        if (slab.nextOffset >= (waiting.get(slab.partition) ?? 0n)) waiting.delete(slab.partition)
      }
    }
  } finally {
    await reader.close()
  }
  return records.sort((a, b) => a.partition - b.partition || (a.offset < b.offset ? -1 : 1))
}

function copyRecord(slab: Slab, index: number): ReadRecord {
  const headers = slab.bytes.slice(slab.headerStarts[index]!, slab.headerStarts[index]! + slab.headerLengths[index]!)
  const count = slab.headerCounts[index]!
  const found: HeaderSpan = { start: 0, length: -1 }
  return {
    topic: slab.topic,
    partition: slab.partition,
    offset: slabOffset(slab, index),
    timestampMs: slab.timestamps[index]!,
    key: slabKey(slab, index)?.slice() ?? null,
    value: slabValue(slab, index)?.slice() ?? null,
    header: (name) => {
      const there = findHeader(headers, 0, headers.length, count, new TextEncoder().encode(name), found)
      return there && found.length >= 0
        ? new TextDecoder().decode(headers.subarray(found.start, found.start + found.length))
        : undefined
    },
  }
}
