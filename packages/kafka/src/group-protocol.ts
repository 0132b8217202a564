import { type AssignmentMember, assignPartitions, type TopicPartition } from '@sluice/stream'
import { AssignerProtocol } from 'kafkajs'
import type { JoinAnswer } from './kafkajs-types.ts'

/** Name under which members of a group find out that they divide partitions by the same rule. */
export const ASSIGNER_NAME = 'sluice-copartition-sticky'
const PROTOCOL_VERSION = 1
const PARTITION_BYTES = 4

/** What a member tells the leader of its group: its topics, and the partition numbers it had. */
export function encodeSubscription(topics: readonly string[], owned: readonly number[]): Buffer {
  const userData = Buffer.alloc(owned.length * PARTITION_BYTES)
  for (const [i, partition] of owned.entries()) userData.writeInt32BE(partition, i * PARTITION_BYTES)
  return AssignerProtocol.MemberMetadata.encode({ version: PROTOCOL_VERSION, topics: [...topics], userData })
}

/** The leader's answer for every member. */
export function assignmentsFor(
  members: JoinAnswer['members'],
  partitionCount: (topic: string) => number,
): { readonly memberId: string; readonly memberAssignment: Buffer }[] {
  const wishes = members.map(decodeMember)
  const topics = [...new Set(wishes.flatMap((wish) => wish.topics))]
  const assignment = assignPartitions(wishes, new Map(topics.map((topic) => [topic, partitionCount(topic)])))
  return [...assignment].map(([memberId, partitions]) => ({
    memberId,
    memberAssignment: AssignerProtocol.MemberAssignment.encode({
      version: PROTOCOL_VERSION,
      assignment: Object.fromEntries(partitions),
      userData: Buffer.alloc(0),
    }),
  }))
}

/** Topics that any member reads. */
export function subscribedTopics(members: JoinAnswer['members']): readonly string[] {
  return [...new Set(members.map(decodeMember).flatMap(({ topics }) => topics))]
}

export function decodeAssignment(bytes: Buffer): readonly TopicPartition[] {
  const decoded = AssignerProtocol.MemberAssignment.decode(bytes)
  return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}

function decodeMember({ memberId, memberMetadata }: JoinAnswer['members'][number]): AssignmentMember {
  const { topics, userData } = AssignerProtocol.MemberMetadata.decode(memberMetadata)!
  const owned = Array.from({ length: Math.floor((userData?.length ?? 0) / PARTITION_BYTES) }, (_, i) =>
    userData.readInt32BE(i * PARTITION_BYTES),
  )
  return { id: memberId, topics, owned }
}
