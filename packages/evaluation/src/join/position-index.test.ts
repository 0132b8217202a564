import { expect, test } from 'vitest'
import { PositionIndex } from './position-index.ts'

const event = (n: number) => ({ partition: n % 5, offset: BigInt(n) + 2n ** 60n })

test('every event of a text is found, and no other', () => {
  const index = new PositionIndex()
  for (let n = 0; n < 3_000; n++) index.add(`customer-${n % 700}`, event(n))
  expect(index.count).toBe(3_000)
  for (const key of [0, 1, 699]) {
    const expected = Array.from({ length: 3_000 }, (_, n) => n).filter((n) => n % 700 === key)
    const found = [...index.events(`customer-${key}`)].sort((a, b) => (a.offset < b.offset ? -1 : 1))
    expect(found).toEqual(expected.map(event))
  }
  expect([...index.events('customer-700')]).toEqual([])
  expect([...new PositionIndex().events('')]).toEqual([])
})

test('comes back from its snapshot, at any place in memory, and loses what is filtered out', () => {
  const index = new PositionIndex()
  for (let n = 0; n < 100; n++) index.add(`é-${n % 10}`, event(n))
  const snapshot = index.snapshot()
  const shifted = (bytes: Uint8Array): Uint8Array => Uint8Array.of(0, ...bytes).subarray(1)
  const again = PositionIndex.restore({
    hashes: shifted(snapshot.hashes),
    offsets: shifted(snapshot.offsets),
    partitions: shifted(snapshot.partitions),
  })
  expect([...again.events('é-3')].length).toBe(10)
  const kept = again.filter(({ offset }) => offset >= 2n ** 60n + 50n)
  expect(kept.count).toBe(50)
  expect([...kept.events('é-3')].map((e) => Number(e.offset - 2n ** 60n)).sort()).toEqual([53, 63, 73, 83, 93])
})
