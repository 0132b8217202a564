export interface AssignmentMember {
  readonly id: string
  readonly topics: readonly string[]
  /** Partition numbers it had in the last generation. */
  readonly owned: readonly number[]
}

/**
 * Divides partitions over the members of a group. Partition `n` of every topic goes to the same member, so that whoever
 * joins two topics by key has both sides; numbers differ by at most one; a member keeps what it had as far as that allows.
 * The same input gives the same answer on every machine.
 *
 * Topics with different sets of subscribers, as during a rolling update that adds a topic, are divided set by set.
 * Returns member id → topic → partitions in ascending order, with every member present.
 */
export function assignPartitions(
  members: readonly AssignmentMember[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, Map<string, number[]>> {
  const sorted = [...members].sort((a, b) => (a.id < b.id ? -1 : 1))
  const assignment = new Map(sorted.map((member) => [member.id, new Map<string, number[]>()]))
  for (const { topics, subscribers } of subscriptionSets(sorted, partitionCounts)) {
    const widest = Math.max(...topics.map((topic) => partitionCounts.get(topic)!))
    const owners = ownerOfEach(subscribers, widest)
    for (const topic of topics) {
      for (let partition = 0; partition < partitionCounts.get(topic)!; partition++) {
        const mine = assignment.get(owners[partition]!)!
        const list = mine.get(topic)
        if (list === undefined) mine.set(topic, [partition])
        else list.push(partition)
      }
    }
  }
  return assignment
}

function subscriptionSets(
  members: readonly AssignmentMember[],
  partitionCounts: ReadonlyMap<string, number>,
): { topics: string[]; subscribers: readonly AssignmentMember[] }[] {
  const sets = new Map<string, { topics: string[]; subscribers: readonly AssignmentMember[] }>()
  for (const topic of [...partitionCounts.keys()].sort()) {
    const subscribers = members.filter((member) => member.topics.includes(topic))
    if (subscribers.length === 0) continue
    const key = JSON.stringify(subscribers.map((member) => member.id))
    const set = sets.get(key)
    if (set === undefined) sets.set(key, { topics: [topic], subscribers })
    else set.topics.push(topic)
  }
  return [...sets.values()]
}

/** Owner of each partition number. */
function ownerOfEach(members: readonly AssignmentMember[], partitions: number): readonly string[] {
  const owners: (string | undefined)[] = new Array<string | undefined>(partitions).fill(undefined)
  const share = Math.floor(partitions / members.length)
  let larger = partitions % members.length
  const room = new Map<string, number>()
  // Who has most keeps most: the members with one partition more are those that already have that many.
  for (const member of [...members].sort((a, b) => b.owned.length - a.owned.length)) {
    const limit = share + (larger > 0 ? 1 : 0)
    let kept = 0
    for (const partition of member.owned) {
      if (kept === limit || partition >= partitions || owners[partition] !== undefined) continue
      owners[partition] = member.id
      kept++
    }
    if (limit > share) larger--
    room.set(member.id, limit - kept)
  }
  let next = 0
  for (let partition = 0; partition < partitions; partition++) {
    if (owners[partition] !== undefined) continue
    while (room.get(members[next]!.id) === 0) next++
    const { id } = members[next]!
    owners[partition] = id
    room.set(id, room.get(id)! - 1)
  }
  return owners as string[]
}
