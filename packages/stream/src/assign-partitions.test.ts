import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AssignmentMember, assignPartitions } from './assign-partitions.ts'

const member = (id: string, owned: number[] = [], topics = ['events']): AssignmentMember => ({ id, topics, owned })
const plain = (assignment: Map<string, Map<string, number[]>>) =>
  Object.fromEntries([...assignment].map(([id, topics]) => [id, Object.fromEntries(topics)]))

test('one member gets everything, and a member too many gets nothing', () => {
  const counts = new Map([['events', 2]])
  expect(plain(assignPartitions([member('a')], counts))).toEqual({ a: { events: [0, 1] } })
  expect(plain(assignPartitions([member('c'), member('b'), member('a')], counts))).toEqual({
    a: { events: [0] },
    b: { events: [1] },
    c: {},
  })
})

test('a member keeps what it had when another comes or goes', () => {
  const counts = new Map([['events', 6]])
  const grown = assignPartitions([member('a', [0, 1, 2]), member('b', [3, 4, 5]), member('c')], counts)
  expect(plain(grown)).toEqual({ a: { events: [0, 1] }, b: { events: [3, 4] }, c: { events: [2, 5] } })
  const shrunk = assignPartitions([member('a', [0, 1]), member('c', [2, 5])], counts)
  expect(plain(shrunk)).toEqual({ a: { events: [0, 1, 3] }, c: { events: [2, 4, 5] } })
})

test('a topic that only some members read is divided among those', () => {
  const counts = new Map([
    ['events', 2],
    ['outcomes', 2],
  ])
  const both = ['events', 'outcomes']
  expect(plain(assignPartitions([member('a', [], both), member('b')], counts))).toEqual({
    a: { events: [0], outcomes: [0, 1] },
    b: { events: [1] },
  })
})

test('every partition has one owner, loads differ by at most one, numbers stay together, and input order is nothing', () => {
  const topics = ['predictions', 'outcomes']
  const members = fc
    .uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 })
    .chain((ids) => fc.tuple(...ids.map((id) => fc.uniqueArray(fc.nat(40)).map((owned) => ({ id, owned, topics })))))
  fc.assert(
    fc.property(members, fc.integer({ min: 1, max: 40 }), (group, partitions) => {
      const counts = new Map(topics.map((topic) => [topic, partitions]))
      const assignment = assignPartitions(group, counts)
      const loads = [...assignment.values()].map((mine) => mine.get('outcomes')?.length ?? 0)
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
      const all = [...assignment.values()].flatMap((mine) => mine.get('outcomes') ?? [])
      expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, i) => i))
      for (const mine of assignment.values()) expect(mine.get('predictions')).toEqual(mine.get('outcomes'))
      expect(assignPartitions([...group].reverse(), counts)).toEqual(assignment)
    }),
  )
})
