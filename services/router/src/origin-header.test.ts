import { HeaderBlockBuilder } from '@sluice/stream'
import { expect, test } from 'vitest'
import { OriginHeader } from './origin-header.ts'

test.each<[number, bigint, number]>([
  [0, 0n, 0],
  [0, 0n, 9],
  [7, 10n, 0],
  [11, 99n, 1],
  [2_147_483_647, 2n ** 53n - 2n, 1],
  [3, 2n ** 53n - 1n, 1],
  [0, 9_223_372_036_854_775_806n, 1],
])('writes partition %i, offset %i + %i as the header builder does', (partition, base, delta) => {
  const header = new OriginHeader()
  // Used before with longer numbers, as in a stream.
  header.partition(2_147_483_647)
  header.offset(9_223_372_036_854_775_800n, 7)
  header.partition(partition)
  header.offset(base, delta)
  const expected = new HeaderBlockBuilder().text('sluice-origin', `${partition}:${base + BigInt(delta)}`)
  expect(header.bytes.slice(0, header.length)).toEqual(expected.bytes.slice(0, expected.length))
  expect(header.count).toBe(expected.count)
})
