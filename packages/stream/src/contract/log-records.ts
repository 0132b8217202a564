import { setTimeout as sleep } from 'node:timers/promises'
import { HeaderBlockBuilder } from '../codec/header-block.ts'
import { readHeaders } from '../codec/read-headers.ts'
import { RecordBatchBuilder } from '../codec/record-batch-builder.ts'
import type { Log, LogReader, LogWriter, TopicPartition, UnitOfWork } from '../log.ts'
import { type Slab, slabKey, slabOffset, slabValue } from '../slab.ts'

export type HeaderPair = readonly [name: string, value: string | null]

/** A record as a test writes it down; bytes are given as text. */
export interface TestRecord {
  readonly key?: string | null
  readonly value?: string | null
  readonly headers?: readonly HeaderPair[]
  readonly timestampMs?: number
}

/** A record as it came out of a slab. */
export interface ReadRecord extends TopicPartition {
  readonly offset: bigint
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly HeaderPair[]
  readonly timestampMs: number
}

export const WRITTEN_AT_MS = 1_700_000_000_000
/** Bound of every wait. A test that needs it has failed; on a slow machine it is only reached later. */
const WAIT_MS_MAX = 20_000
const POLL_MS = 50

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export function batchOf(records: readonly TestRecord[]): RecordBatchBuilder {
  const builder = new RecordBatchBuilder()
  for (const { key = null, value = null, headers = [], timestampMs = WRITTEN_AT_MS } of records) {
    if (key !== null) setBytes(key, (bytes) => builder.key(bytes, 0, bytes.length))
    if (value !== null) setBytes(value, (bytes) => builder.value(bytes, 0, bytes.length))
    const block = new HeaderBlockBuilder()
    for (const [name, text] of headers) block.binary(name, text === null ? null : encoder.encode(text))
    builder.extraHeaders(block)
    builder.add(timestampMs)
  }
  return builder
}

function setBytes(text: string, set: (bytes: Uint8Array) => void): void {
  set(encoder.encode(text))
}

/** Values `first`, `first + 1`, … as records. */
export function numbered(count: number, first = 0): TestRecord[] {
  return Array.from({ length: count }, (_, i) => ({ value: String(first + i) }))
}

export async function produce(
  log: Log,
  topic: string,
  partition: number,
  records: readonly TestRecord[],
): Promise<void> {
  const writer = await log.openWriter()
  writer.append(topic, partition, batchOf(records))
  await writer.flush()
  await writer.close()
}

export function appendTo(
  target: LogWriter | UnitOfWork,
  { topic, partition }: TopicPartition,
  values: readonly string[],
): void {
  target.append(topic, partition, batchOf(values.map((value) => ({ value }))))
}

export function recordsOf(slabs: readonly Slab[]): ReadRecord[] {
  return slabs.flatMap((slab) =>
    Array.from({ length: slab.count }, (_, i) => ({
      topic: slab.topic,
      partition: slab.partition,
      offset: slabOffset(slab, i),
      key: text(slabKey(slab, i)),
      value: text(slabValue(slab, i)),
      headers: headersOf(slab, i),
      timestampMs: slab.timestamps[i]!,
    })),
  )
}

function headersOf(slab: Slab, i: number): HeaderPair[] {
  const { bytes } = slab
  const pairs: HeaderPair[] = []
  readHeaders(bytes, slab.headerStarts[i]!, slab.headerLengths[i]!, slab.headerCounts[i]!, (n, nLength, v, vLength) => {
    pairs.push([
      decoder.decode(bytes.subarray(n, n + nLength)),
      vLength < 0 ? null : decoder.decode(bytes.subarray(v, v + vLength)),
    ])
    return true
  })
  return pairs
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : decoder.decode(bytes)
}

export function values(records: readonly ReadRecord[]): (string | null)[] {
  return records.map(({ value }) => value)
}

/** Polls until `count` records have come; throws with what came when they do not. */
export async function readCount(reader: LogReader, count: number): Promise<ReadRecord[]> {
  const slabs: Slab[] = []
  let records = 0
  await until(`${count} records`, async () => {
    for (const slab of await reader.poll({ maxWaitMs: POLL_MS })) {
      slabs.push(slab)
      records += slab.count
    }
    return records >= count
  })
  return recordsOf(slabs)
}

/** Polls for a while and returns what came: for what must not come. */
export async function readFor(reader: LogReader, ms: number): Promise<ReadRecord[]> {
  const endsAtMs = performance.now() + ms
  const records: ReadRecord[] = []
  while (performance.now() < endsAtMs) records.push(...recordsOf(await reader.poll({ maxWaitMs: POLL_MS })))
  return records
}

export async function until(what: string, done: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = performance.now() + WAIT_MS_MAX
  while (!(await done())) {
    if (performance.now() > endsAtMs) throw new Error(`waited ${WAIT_MS_MAX} ms for ${what}`)
    await sleep(5)
  }
}
