import { expect, test } from 'vitest'
import { LOOKUPS_MAX, SCHEMAS_MAX, SchemaCache, UNKNOWN_ID_TTL_MS, UNKNOWN_IDS_MAX } from './schema-cache.ts'

const still = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => {} }
const schema = (id: number): object => ({ type: 'record', name: `S${id}`, fields: [] })

function setUp(options: { known?: (id: number) => boolean; schemasMax?: number; unknownIdsMax?: number } = {}) {
  const state = { nowMs: 0, asked: [] as number[] }
  const cache = new SchemaCache({
    clock: { ...still, monotonicMs: () => state.nowMs },
    load: async (id) => {
      state.asked.push(id)
      return (options.known ?? (() => true))(id) ? schema(id) : undefined
    },
    ...options,
  })
  return { state, cache }
}

test('a known id is asked for once', async () => {
  const { state, cache } = setUp()
  expect(await cache.get(7)).toEqual(schema(7))
  expect(await cache.get(7)).toBe(await cache.get(7))
  expect(state.asked).toEqual([7])
})

test('look-ups of the same id at the same time share one call', async () => {
  const { state, cache } = setUp()
  const found = await Promise.all([cache.get(1), cache.get(1), cache.get(2), cache.get(1)])
  expect(found).toEqual([schema(1), schema(1), schema(2), schema(1)])
  expect(state.asked).toEqual([1, 2])
})

test('an unknown id is not asked for again until its time is over', async () => {
  const { state, cache } = setUp({ known: () => false })
  expect(await cache.get(9)).toBeUndefined()
  state.nowMs = UNKNOWN_ID_TTL_MS - 1
  expect(await cache.get(9)).toBeUndefined()
  expect(state.asked).toEqual([9])
  state.nowMs = UNKNOWN_ID_TTL_MS
  expect(await cache.get(9)).toBeUndefined()
  expect(state.asked).toEqual([9, 9])
})

test('an id that was unknown is known from the moment it is put', async () => {
  const { cache } = setUp({ known: () => false })
  expect(await cache.get(9)).toBeUndefined()
  cache.put(9, schema(9))
  expect(await cache.get(9)).toEqual(schema(9))
})

test('a failed look-up is not remembered and fails everyone who waited for it', async () => {
  let fail = true
  const cache = new SchemaCache({
    clock: still,
    load: async (id) => {
      if (fail) throw new Error('away')
      return schema(id)
    },
  })
  const both = await Promise.allSettled([cache.get(1), cache.get(1)])
  expect(both.map((r) => r.status)).toEqual(['rejected', 'rejected'])
  fail = false
  expect(await cache.get(1)).toEqual(schema(1))
})

test('known schemas stay up to the limit, the least recently used goes first', async () => {
  expect(SCHEMAS_MAX).toBe(1_000)
  const { state, cache } = setUp({ schemasMax: 3 })
  for (const id of [1, 2, 3]) await cache.get(id)
  await cache.get(1)
  expect(state.asked, 'three fit').toEqual([1, 2, 3])
  await cache.get(4)
  for (const id of [1, 3, 4]) await cache.get(id)
  expect(state.asked, '2 was the one to go').toEqual([1, 2, 3, 4])
  await cache.get(2)
  expect(state.asked).toEqual([1, 2, 3, 4, 2])
})

test('unknown ids stay up to the limit, the oldest goes first', async () => {
  expect(UNKNOWN_IDS_MAX).toBe(10_000)
  const { state, cache } = setUp({ known: () => false, unknownIdsMax: 2 })
  for (const id of [1, 2, 1, 2]) await cache.get(id)
  expect(state.asked, 'two fit').toEqual([1, 2])
  for (const id of [3, 2, 3]) await cache.get(id)
  expect(state.asked).toEqual([1, 2, 3])
  await cache.get(1)
  expect(state.asked, '1 was the one to go').toEqual([1, 2, 3, 1])
})

test('at most so many look-ups run at once, and all of them finish', async () => {
  let running = 0
  let most = 0
  const gates: (() => void)[] = []
  const cache = new SchemaCache({
    clock: still,
    load: async (id) => {
      most = Math.max(most, ++running)
      await new Promise<void>((open) => gates.push(open))
      running--
      return schema(id)
    },
  })
  const ids = Array.from({ length: 3 * LOOKUPS_MAX }, (_, i) => i)
  const all = Promise.all(ids.map((id) => cache.get(id)))
  await Promise.resolve()
  expect(gates).toHaveLength(LOOKUPS_MAX)
  let done = false
  void all.then(() => {
    done = true
  })
  while (!done) {
    gates.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await all).toEqual(ids.map(schema))
  expect(most).toBe(LOOKUPS_MAX)
})
