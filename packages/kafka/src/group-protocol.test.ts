import { expect, test } from 'vitest'
import { assignmentsFor, decodeAssignment, encodeSubscription, subscribedTopics } from './group-protocol.ts'

const counts: Readonly<Record<string, number>> = { events: 4, outcomes: 4 }
const countOf = (topic: string): number => counts[topic] ?? 0

test('members tell what they had, and keep it', () => {
  const members = [
    { memberId: 'a', memberMetadata: encodeSubscription(['events', 'outcomes'], []) },
    { memberId: 'b', memberMetadata: encodeSubscription(['events', 'outcomes'], [0, 3]) },
  ]
  expect(subscribedTopics(members)).toEqual(['events', 'outcomes'])
  const assignments = assignmentsFor(members, countOf)
  const partitionsOf = (id: string) =>
    decodeAssignment(assignments.find(({ memberId }) => memberId === id)!.memberAssignment).map(
      ({ topic, partition }) => `${topic}/${partition}`,
    )
  expect(partitionsOf('b')).toEqual(['events/0', 'events/3', 'outcomes/0', 'outcomes/3'])
  expect(partitionsOf('a')).toEqual(['events/1', 'events/2', 'outcomes/1', 'outcomes/2'])
})

test('a member that gets nothing understands it', () => {
  const members = ['a', 'b'].map((memberId) => ({ memberId, memberMetadata: encodeSubscription(['events'], []) }))
  const [, none] = assignmentsFor(members, () => 1)
  expect(decodeAssignment(none!.memberAssignment)).toEqual([])
  expect(decodeAssignment(Buffer.alloc(0)), 'as the coordinator answers a member it has no assignment for').toEqual([])
})
