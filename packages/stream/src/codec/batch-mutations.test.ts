import { expect, it } from 'vitest'
import type { Slab } from '../slab.ts'
import { BatchDecoder } from './batch-decoder.ts'
import { CorruptBatchError } from './batch-fault.ts'
import { BATCH, BATCH_PREFIX_BYTES, COMPRESSIONS } from './batch-layout.ts'
import { crc32c } from './crc32c.ts'
import { concat, placeBatch } from './peers/edit-batch.ts'
import { addPlain, type PlainRecord, plainRecords } from './peers/plain-record.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { SlabBuffer } from './slab-buffer.ts'

/** Mutations of each kind; a nightly run sets a million. */
const MUTATIONS = Number(process.env['CODEC_MUTATIONS'] ?? 10_000)
const SEED = 20260906
const RECORDS_PER_BATCH = 8
/** Hostile lengths may ask for much; this is all they get. */
const MAX_INFLATED_BYTES = 64 * 1024
const FROM_START = { topic: 't', partition: 0, fetchOffset: 0n, isolation: 'read_committed' } as const

/** xorshift32 (Marsaglia 2003). */
function randomSource(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

interface Fetch {
  readonly bytes: Uint8Array
  readonly batchStarts: readonly number[]
  readonly records: readonly PlainRecord[]
}

/** One batch of every codec, the uncompressed one at both ends. */
function makeFetch(): Fetch {
  const parts: Uint8Array[] = []
  const records: PlainRecord[] = []
  const batchStarts: number[] = []
  let length = 0
  for (const compression of [...COMPRESSIONS, 'none'] as const) {
    const batch = Array.from({ length: RECORDS_PER_BATCH }, (_, i): PlainRecord => {
      const text = (part: string, size: number): string => Buffer.from(part.repeat(size)).toString('hex')
      return {
        offset: String(records.length + i),
        timestampMs: 1_700_000_000_000 + i * 1000,
        key: i % 3 === 0 ? null : text(`k${i}`, i),
        value: i % 5 === 4 ? null : text(`value ${i}`, 1 + i * 3),
        headers:
          i % 2 === 0
            ? []
            : [
                ['name', text('h', i)],
                ['empty', null],
              ],
      }
    })
    const builder = new RecordBatchBuilder()
    addPlain(builder, batch)
    const sealed = placeBatch(builder.seal({ compression }), BigInt(records.length))
    batchStarts.push(length)
    length += sealed.length
    parts.push(sealed)
    records.push(...batch)
  }
  return { bytes: concat(...parts), batchStarts, records }
}

function mutate(bytes: Uint8Array, random: (below: number) => number): { mutated: Uint8Array; at: number[] } {
  const mutated = new Uint8Array(bytes)
  const at: number[] = []
  const kind = random(8)
  if (kind === 0) return { mutated: mutated.subarray(0, random(bytes.length)), at }
  if (kind === 1) {
    const start = random(bytes.length)
    const end = Math.min(bytes.length, start + 1 + random(40))
    mutated.fill(random(3) === 0 ? 0xff : 0, start, end)
    for (let i = start; i < end; i++) at.push(i)
    return { mutated, at }
  }
  for (let changes = 1 + random(kind < 5 ? 1 : 4); changes > 0; changes--) {
    const position = random(bytes.length)
    mutated[position] = random(2) === 0 ? random(256) : mutated[position]! ^ (1 << random(8))
    at.push(position)
  }
  return { mutated, at }
}

/** Makes the checksums right again, as a producer that means harm would. */
function signAgain(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at + BATCH.records <= bytes.length; ) {
    const end = at + BATCH_PREFIX_BYTES + view.getInt32(at + BATCH.length)
    if (end < at + BATCH.records || end > bytes.length) return
    view.setUint32(at + BATCH.checksum, crc32c(bytes, at + BATCH.attributes, end))
    at = end
  }
}

function decode(bytes: Uint8Array, slab: SlabBuffer): Slab | undefined {
  try {
    return new BatchDecoder({ maxInflatedBytes: MAX_INFLATED_BYTES }).decode(bytes, FROM_START, slab)
  } catch (error) {
    if (error instanceof CorruptBatchError) return undefined
    throw error
  }
}

const fetch = makeFetch()

it('reads the fetch that is going to be damaged', () => {
  expect(plainRecords(decode(fetch.bytes, new SlabBuffer())!)).toEqual(fetch.records)
  const codecs = fetch.batchStarts.map((start) => fetch.bytes[start + BATCH.attributes + 1])
  expect(codecs).toEqual([0, 1, 2, 3, 4, 0])
})

it(`never gives a wrong record after damage (${MUTATIONS} times)`, { timeout: 60_000 + MUTATIONS }, () => {
  const random = randomSource(SEED)
  const slab = new SlabBuffer()
  let refused = 0
  for (let i = 0; i < MUTATIONS; i++) {
    const { mutated, at } = mutate(fetch.bytes, random)
    const decoded = decode(mutated, slab)
    if (decoded === undefined) {
      refused++
      continue
    }
    const records = plainRecords(decoded)
    // The checksum does not cover the base offset; a broker sets it after the producer has summed up.
    const offsetsMayDiffer = at.some((position) =>
      fetch.batchStarts.some((start) => position >= start && position < start + 8),
    )
    const expected = fetch.records.slice(0, records.length)
    if (offsetsMayDiffer) {
      expect(records.map(withoutOffset), `mutation ${i}`).toEqual(expected.map(withoutOffset))
    } else {
      expect(records, `mutation ${i}`).toEqual(expected)
    }
  }
  // Damage to the first batch leaves nothing to deliver; it is a good part of the bytes.
  expect(refused).toBeGreaterThan(MUTATIONS / 50)
})

it(`never crashes on hostile batches (${MUTATIONS} times)`, { timeout: 60_000 + MUTATIONS }, () => {
  const random = randomSource(SEED + 1)
  const slab = new SlabBuffer()
  let delivered = 0
  for (let i = 0; i < MUTATIONS; i++) {
    const { mutated } = mutate(fetch.bytes, random)
    signAgain(mutated)
    const decoded = decode(mutated, slab)
    if (decoded === undefined) continue
    delivered++
    checkShape(decoded)
    // Reads every span and every header; throws when a block does not hold what its count says.
    plainRecords(decoded)
  }
  expect(delivered).toBeGreaterThan(MUTATIONS / 2)
})

function withoutOffset({ offset: _, ...rest }: PlainRecord): Omit<PlainRecord, 'offset'> {
  return rest
}

function checkShape(slab: Slab): void {
  const size = slab.bytes.length
  let previous = -1
  for (let i = 0; i < slab.count; i++) {
    const keyEnd = slab.keyStarts[i]! + slab.keyLengths[i]!
    const valueEnd = slab.valueStarts[i]! + slab.valueLengths[i]!
    const headersEnd = slab.headerStarts[i]! + slab.headerLengths[i]!
    const inside = slab.headerLengths[i]! >= 0 && Math.max(keyEnd, valueEnd, headersEnd) <= size
    if (!inside || slab.keyLengths[i]! < -1 || slab.valueLengths[i]! < -1) throw new Error(`record ${i} lies outside`)
    if (slab.offsetDeltas[i]! <= previous) throw new Error(`record ${i} is not behind the one before`)
    if (!Number.isSafeInteger(slab.timestamps[i])) throw new Error(`record ${i} has timestamp ${slab.timestamps[i]}`)
    previous = slab.offsetDeltas[i]!
  }
  if (slab.nextOffset <= slab.baseOffset + BigInt(previous)) throw new Error('the next offset is not behind the last')
}
