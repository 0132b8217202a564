import { desiredTopics, type PlatformConfig } from '@sluice/contracts'
import type { Log } from '@sluice/stream'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, withConfig } from '../config-option.ts'
import { GateRefusedError } from '../exit-codes.ts'
import { isSettled, planTopology, type TopologyPlan } from '../topics/topology-plan.ts'

interface TopicsFlags extends ConfigFlag {
  readonly json?: boolean
  readonly grow?: boolean
}

export function topicsCommand(io: CliIo): Command {
  const topics = new Command('topics').description(
    'Compare the topics with the configuration, and create what is missing.',
  )
  topics.addCommand(
    withConfig(new Command('plan'))
      .description('Show what `topics apply` would do; changes nothing. Exit code 3 when something speaks against it.')
      .option('--json', 'one JSON document')
      .addHelpText('after', '\nExample:\n  sluice topics plan --config sluice.yaml')
      .action((flags: TopicsFlags) =>
        withPlan(io, flags, async (plan) => {
          if (flags.json) await io.out(toJson(plan))
          else for (const line of planLines(plan)) await io.out(line)
          if (plan.refusals.length > 0)
            throw new GateRefusedError('Some topics cannot become what is configured:', plan.refusals)
        }),
      ),
  )
  topics.addCommand(
    withConfig(new Command('apply'))
      .description('Create missing topics and correct settings. Applying twice changes nothing.')
      .option('--grow', 'also add partitions to topics that have fewer; keys move to other partitions')
      .option('--json', 'one JSON document of what was done')
      .addHelpText('after', '\nExample:\n  sluice topics apply --config sluice.yaml')
      .action((flags: TopicsFlags) =>
        withPlan(io, flags, async (plan, log) => {
          const reasons = [...plan.refusals, ...(flags.grow === true ? [] : plan.grow.map(growRefusal))]
          if (reasons.length > 0) throw new GateRefusedError('Nothing was changed:', reasons)
          await applyPlan(log, plan)
          if (flags.json) await io.out(toJson({ ...plan, applied: true }))
          else for (const line of planLines(plan)) await io.out(line)
        }),
      ),
  )
  return topics
}

async function withPlan(
  io: CliIo,
  flags: TopicsFlags,
  use: (plan: TopologyPlan, log: Log) => Promise<void>,
): Promise<void> {
  const { config } = loadConfig(io, flags)
  const log = await io.openLog(config)
  try {
    await use(await readTopologyPlan(config, log), log)
  } finally {
    await log.close()
  }
}

/** The plan against the topics as they are now. */
export async function readTopologyPlan(config: PlatformConfig, log: Log): Promise<TopologyPlan> {
  const desired = desiredTopics(config)
  return planTopology(desired, await log.admin.describeTopics(desired.map((topic) => topic.name)))
}

async function applyPlan(log: Log, plan: TopologyPlan): Promise<void> {
  if (plan.create.length > 0) await log.admin.createTopics(plan.create)
  for (const { topic, to } of plan.grow) await log.admin.addPartitions(topic, to)
  for (const topic of new Set(plan.configure.map((change) => change.topic))) {
    const entries = plan.configure.filter((change) => change.topic === topic).map(({ entry, to }) => [entry, to])
    await log.admin.alterTopicConfig(topic, Object.fromEntries(entries) as Record<string, string>)
  }
}

function planLines(plan: TopologyPlan): readonly string[] {
  if (isSettled(plan)) return ['All topics are as configured.']
  return [
    ...plan.create.map((t) => `+ ${t.name}  create with ${t.partitions} partitions, replication ${t.replication}`),
    ...plan.grow.map((g) => `^ ${g.topic}  ${g.from} -> ${g.to} partitions`),
    ...plan.configure.map((c) => `~ ${c.topic}  ${c.entry} ${c.from ?? '(default)'} -> ${c.to}`),
    ...plan.refusals.map((r) => `! ${r.path}  ${r.problem}`),
  ]
}

function growRefusal({ topic, from, to }: TopologyPlan['grow'][number]) {
  return {
    path: topic,
    problem: `has ${from} of ${to} partitions; with more partitions keys move`,
    fix: 'Stop the producers, let everything be read, then add --grow.',
  }
}
