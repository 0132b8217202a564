import type { ConfigProblem, DesiredTopic } from '@sluice/contracts'
import type { TopicSpec } from '@sluice/stream'

/** What has to change for the topics to be as the configuration wants them. */
export interface TopologyPlan {
  readonly create: readonly DesiredTopic[]
  /** Partitions to add; records of a key that come later may lie in another partition than earlier ones. */
  readonly grow: readonly { readonly topic: string; readonly from: number; readonly to: number }[]
  readonly configure: readonly {
    readonly topic: string
    readonly entry: string
    /** `undefined` when the broker's default applies. */
    readonly from: string | undefined
    readonly to: string
  }[]
  /** Differences that no command can or should remove, with what a person can do. */
  readonly refusals: readonly ConfigProblem[]
}

/** Compares the topics that should be with those that are. */
export function planTopology(desired: readonly DesiredTopic[], existing: readonly TopicSpec[]): TopologyPlan {
  const byName = new Map(existing.map((topic) => [topic.name, topic]))
  const present = desired.flatMap((topic) => {
    const found = byName.get(topic.name)
    return found === undefined ? [] : [{ topic, found }]
  })
  const differences = present.map(({ topic, found }) => ({ topic, found, refusal: partitionRefusal(topic, found) }))
  return {
    create: desired.filter((topic) => !byName.has(topic.name)),
    grow: differences
      .filter(({ topic, found, refusal }) => refusal === undefined && found.partitions < topic.partitions)
      .map(({ topic, found }) => ({ topic: topic.name, from: found.partitions, to: topic.partitions })),
    configure: present
      .filter(({ topic }) => topic.owner === 'sluice')
      .flatMap(({ topic, found }) =>
        Object.entries(topic.config)
          .filter(([entry, to]) => !sameSetting(found.config[entry], to))
          .map(([entry, to]) => ({ topic: topic.name, entry, from: found.config[entry], to })),
      ),
    refusals: differences.flatMap(({ topic, found, refusal }) => [
      ...(refusal === undefined ? [] : [refusal]),
      ...replicationRefusal(topic, found),
      ...compactionRefusal(topic, found),
    ]),
  }
}

/** Whether nothing would be done and nothing speaks against the topics. */
export function isSettled(plan: TopologyPlan): boolean {
  return [plan.create, plan.grow, plan.configure, plan.refusals].every((list) => list.length === 0)
}

function partitionRefusal(topic: DesiredTopic, found: TopicSpec): ConfigProblem | undefined {
  const setting = `endpoints.${topic.endpoint}.partitions`
  if (found.partitions > topic.partitions) {
    return {
      path: topic.name,
      problem: `has ${found.partitions} partitions, ${setting} says ${topic.partitions}, and partitions cannot be taken away`,
      fix: `Set ${setting} to ${found.partitions}, or use another topics.prefix.`,
    }
  }
  if (found.partitions < topic.partitions && topic.owner === 'company') {
    return {
      path: topic.name,
      problem: `has ${found.partitions} partitions, ${setting} says ${topic.partitions}; growing it would move keys to other partitions`,
      fix: `Set ${setting} to ${found.partitions}, or have its owner grow it first.`,
    }
  }
  return undefined
}

function replicationRefusal(topic: DesiredTopic, found: TopicSpec): ConfigProblem[] {
  if (topic.owner === 'company' || found.replication === topic.replication) return []
  const setting = `endpoints.${topic.endpoint}.replication`
  return [
    {
      path: topic.name,
      problem: `has replication factor ${found.replication}, ${setting} says ${topic.replication}`,
      fix: `Set ${setting} to ${found.replication}, or move the replicas with kafka-reassign-partitions.sh.`,
    },
  ]
}

function compactionRefusal(topic: DesiredTopic, found: TopicSpec): ConfigProblem[] {
  const cleanup = found.config['cleanup.policy'] ?? ''
  if (topic.owner !== 'company' || !cleanup.includes('compact')) return []
  return [
    {
      path: topic.name,
      problem: `is compacted (cleanup.policy=${cleanup}): earlier events of a key would vanish, and ids would lead nowhere`,
      fix: 'Have its owner set cleanup.policy=delete, or produce the events to another topic.',
    },
  ]
}

/** Lists such as `compact,delete` mean the same in any order. */
function sameSetting(found: string | undefined, wanted: string): boolean {
  const parts = (text: string): string =>
    text
      .split(',')
      .map((p) => p.trim())
      .sort()
      .join(',')
  return found !== undefined && parts(found) === parts(wanted)
}
