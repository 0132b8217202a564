import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { slabOffset } from '../slab.ts'
import type { AbortedTransaction } from './aborted-transactions.ts'
import { BatchDecoder } from './batch-decoder.ts'
import { BATCH, BATCH_PREFIX_BYTES } from './batch-layout.ts'
import { editBatch } from './peers/edit-batch.ts'

/** Logs written by the Java client; the expected offsets follow from the transactions in the table, not from a decoder. */
const logs: readonly { readonly name: string; readonly log: string }[] = JSON.parse(
  readFileSync(new URL('./fixtures/record-batch-vectors.json', import.meta.url), 'utf8'),
)

function batchesOf(name: string): Buffer[] {
  const bytes = Buffer.from(logs.find((log) => log.name === name)!.log, 'base64')
  const batches: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + BATCH_PREFIX_BYTES + bytes.readInt32BE(at + BATCH.length)
    batches.push(bytes.subarray(at, end))
    at = end
  }
  return batches
}

function aborted(...pairs: readonly (readonly [producerId: number, firstOffset: number])[]): AbortedTransaction[] {
  return pairs.map(([producerId, firstOffset]) => ({
    producerId: BigInt(producerId),
    firstOffset: BigInt(firstOffset),
  }))
}

function read(
  decoder: BatchDecoder,
  batches: readonly Buffer[],
  fetchOffset: number,
  abortedTransactions: readonly AbortedTransaction[] | null,
): { offsets: number[]; next: number } {
  const slab = decoder.decode(Buffer.concat(batches), {
    topic: 't',
    partition: 0,
    fetchOffset: BigInt(fetchOffset),
    isolation: 'read_committed',
    abortedTransactions,
  })
  const offsets = Array.from({ length: slab.count }, (_, i) => Number(slabOffset(slab, i)))
  return { offsets, next: Number(slab.nextOffset) }
}

// Per round of six offsets: two aborted records, the abort marker, two committed records, the commit marker.
const thrice = batchesOf('one producer aborts three times')
const THRICE_ABORTED = aborted([1, 0], [1, 6], [1, 12])

// 0-1 of producer 1, 2-3 of producer 2, abort 2 (4), 5-6 of producer 2, commit 2 (7), abort 1 (8), 9-10 without a producer.
const crossed = batchesOf('markers in another order than first offsets')

// 0-1 producer 1, 2-3 producer 2, 4-5 producer 1, 6-7 producer 2, abort 1 (8), 9-10 producer 2, abort 2 (11), 12-13 producer 1, commit 1 (14).
const both = batchesOf('two open at once, both aborted')

describe('aborted transactions', () => {
  it('of one producer, several in one fetch', () => {
    const all = read(new BatchDecoder(), thrice, 0, THRICE_ABORTED)
    expect(all).toEqual({ offsets: [3, 4, 9, 10, 15, 16], next: 18 })
  })

  it('are taken in the order of their first offsets, whatever the order of the list', () => {
    const expected = { offsets: [5, 6, 9, 10], next: 11 }
    // As brokers list them: by marker.
    expect(read(new BatchDecoder(), crossed, 0, aborted([2, 2], [1, 0]))).toEqual(expected)
    expect(read(new BatchDecoder(), crossed, 0, aborted([1, 0], [2, 2]))).toEqual(expected)
  })

  it('are left out when the fetch begins inside two of them', () => {
    const fromSix = both.slice(3)
    expect(read(new BatchDecoder(), fromSix, 6, aborted([1, 0], [2, 2]))).toEqual({ offsets: [12, 13], next: 15 })
  })

  it('are left out although their marker comes with a later fetch', () => {
    const decoder = new BatchDecoder()
    expect(read(decoder, both.slice(0, 2), 0, aborted([1, 0], [2, 2]))).toEqual({ offsets: [], next: 4 })
    expect(read(decoder, both.slice(2, 5), 4, aborted([1, 0], [2, 2]))).toEqual({ offsets: [], next: 9 })
    expect(read(decoder, both.slice(5), 9, aborted([2, 2]))).toEqual({ offsets: [12, 13], next: 15 })
  })

  it('are remembered over fetches that come without a list', () => {
    const decoder = new BatchDecoder()
    expect(read(decoder, both.slice(0, 2), 0, aborted([1, 0], [2, 2]))).toEqual({ offsets: [], next: 4 })
    expect(read(decoder, both.slice(2, 5), 4, null)).toEqual({ offsets: [], next: 9 })
    expect(read(decoder, both.slice(5), 9, null)).toEqual({ offsets: [12, 13], next: 15 })
  })

  it('are forgotten when reading goes on elsewhere', () => {
    const decoder = new BatchDecoder()
    read(decoder, both.slice(0, 4), 0, aborted([1, 0], [2, 2]))
    expect(read(decoder, both.slice(6), 12, null)).toEqual({ offsets: [12, 13], next: 15 })
  })

  it('of a marker that compaction took away do not swallow the next transaction', () => {
    const decoder = new BatchDecoder()
    expect(read(decoder, thrice.slice(0, 1), 0, aborted([1, 0]))).toEqual({ offsets: [], next: 2 })
    // The marker at 2 is gone, and with it the entry in the list.
    expect(read(decoder, thrice.slice(2, 4), 2, [])).toEqual({ offsets: [3, 4], next: 6 })
  })

  it('that ended in front of the position do not count, although their batches are sent along', () => {
    expect(read(new BatchDecoder(), thrice.slice(0, 4), 3, THRICE_ABORTED.slice(0, 1))).toEqual({
      offsets: [3, 4],
      next: 6,
    })
  })

  it('are delivered to read_uncommitted, control records never', () => {
    const slab = new BatchDecoder().decode(Buffer.concat(crossed), {
      topic: 't',
      partition: 0,
      fetchOffset: 0n,
      isolation: 'read_uncommitted',
      abortedTransactions: aborted([2, 2], [1, 0]),
    })
    const offsets = Array.from({ length: slab.count }, (_, i) => Number(slabOffset(slab, i)))
    expect(offsets).toEqual([0, 1, 2, 3, 5, 6, 9, 10])
    expect(slab.nextOffset).toBe(11n)
  })

  it('and a fetch of nothing but markers move the position', () => {
    expect(read(new BatchDecoder(), [both[4]!], 8, aborted([1, 0], [2, 2]))).toEqual({ offsets: [], next: 9 })
  })

  it('need a marker that can be read', () => {
    const marker = thrice[1]!
    // The record follows the header: length, attributes, timestamp and offset of a byte each, then the length of the key.
    const keyLengthAt = BATCH.records + 4
    expect(marker[keyLengthAt]).toBe(8)
    const shortKey = editBatch(marker, (view) => view.setUint8(keyLengthAt, 6))
    const compressed = editBatch(marker, (view) => view.setUint8(BATCH.attributes + 1, 0x31))
    for (const bad of [shortKey, compressed]) {
      expect(() => read(new BatchDecoder(), [Buffer.from(bad)], 2, THRICE_ABORTED)).toThrow(
        /the control record is malformed/,
      )
    }
  })
})
