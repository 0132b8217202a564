import { endpointTopics, formatAuditRecord } from '@sluice/contracts'
import { formatControlRecord, partitionOfKey, planFromConfig, type RoutePlan, refusePlan } from '@sluice/routing'
import type { Log } from '@sluice/stream'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, type NamedEndpoint, pickEndpoint, withConfig } from '../config-option.ts'
import { GateRefusedError } from '../exit-codes.ts'
import { readControl } from '../log/read-control.ts'
import { singleRecord } from '../log/single-record.ts'

interface PlanFlags extends ConfigFlag {
  readonly endpoint?: string
  readonly reason?: string
  readonly json?: boolean
}

export function planCommand(io: CliIo): Command {
  const plan = new Command('plan').description('Show the route plan in force, or put the configured one into force.')
  plan.addCommand(
    withConfig(new Command('show'))
      .description('Print the plan in force, the scorers that are ready, and what the configuration would change.')
      .option('-e, --endpoint <name>', 'endpoint; needed when there are several')
      .option('--json', 'one JSON document')
      .addHelpText('after', '\nExample:\n  sluice plan show --endpoint churn --json')
      .action((flags: PlanFlags) =>
        withControl(io, flags, async ({ name, endpoint }, _log, state) => {
          const current = state.current?.plan
          const next = planFromConfig(name, endpoint, (current?.generation ?? 0) + 1)
          const scorers = [...state.readiness.values()]
          const changed = !samePlan(current, next)
          if (flags.json)
            return io.out(toJson({ endpoint: name, plan: current ?? null, scorers, configured: next, changed }))
          for (const line of current === undefined ? [`${name} has no plan yet.`] : planLines(current))
            await io.out(line)
          for (const s of scorers) await io.out(`ready  version ${s.version}  ${s.instance}  ${s.url}`)
          if (changed) io.note('The configuration differs from the plan in force: see `sluice plan apply`.')
        }),
      ),
  )
  plan.addCommand(
    withConfig(new Command('apply'))
      .description(
        'Put the configured split into force as the next generation. Exit code 3 when a version has no ready scorer.',
      )
      .option('-e, --endpoint <name>', 'endpoint; needed when there are several')
      .option('--reason <text>', 'why, for the audit topic')
      .option('--json', 'one JSON document')
      .addHelpText('after', '\nExample:\n  sluice plan apply --endpoint churn --reason "ramp v8 to 20 %"')
      .action((flags: PlanFlags) =>
        withControl(io, flags, async ({ name, endpoint }, log, state, prefix) => {
          const before = state.current?.plan
          const next = planFromConfig(name, endpoint, (before?.generation ?? 0) + 1)
          if (before !== undefined && samePlan(before, next)) {
            if (flags.json) return io.out(toJson({ endpoint: name, applied: false, plan: before }))
            return io.note(`Generation ${before.generation} already is what the configuration says; nothing to do.`)
          }
          const reasons = refusePlan(next, state.readiness)
          if (reasons.length > 0) throw new GateRefusedError('The plan was not put into force:', reasons)
          await publishPlan(io, log, { name, prefix, before, next, reason: flags.reason })
          if (flags.json) return io.out(toJson({ endpoint: name, applied: true, plan: next }))
          for (const line of planLines(next)) await io.out(line)
        }),
      ),
  )
  return plan
}

async function withControl(
  io: CliIo,
  flags: PlanFlags,
  use: (
    endpoint: NamedEndpoint,
    log: Log,
    state: Awaited<ReturnType<typeof readControl>>,
    prefix: string,
  ) => Promise<void> | void,
): Promise<void> {
  const loaded = loadConfig(io, flags)
  const named = pickEndpoint(loaded, flags.endpoint)
  const { prefix } = loaded.config.topics
  const log = await io.openLog(loaded.config)
  try {
    await use(named, log, await readControl(log, endpointTopics(named.name, prefix).control, io.signal), prefix)
  } finally {
    await log.close()
  }
}

interface Publication {
  readonly name: string
  readonly prefix: string
  readonly before: RoutePlan | undefined
  readonly next: RoutePlan
  readonly reason: string | undefined
}

/** Writes the plan first: an audit record of a change that never came would be worse than a change without its record. */
async function publishPlan(io: CliIo, log: Log, { name, prefix, before, next, reason }: Publication): Promise<void> {
  const topics = endpointTopics(name, prefix)
  const nowMs = io.clock.nowMs()
  const control = formatControlRecord({ kind: 'plan', plan: next })
  const audit = formatAuditRecord({
    atMs: nowMs,
    actor: io.actor,
    action: 'plan.apply',
    endpoint: name,
    ...(reason === undefined ? {} : { reason }),
    before: before ?? null,
    after: next,
  })
  const writer = await log.openWriter()
  try {
    for (const [topic, record] of [
      [topics.control, control],
      [topics.audit, audit],
    ] as const) {
      const partitions = (await log.admin.offsets(topic)).length
      writer.append(topic, partitionOfKey(record.key, partitions), singleRecord(record, nowMs))
      await writer.flush()
    }
  } finally {
    await writer.close()
  }
}

function samePlan(a: RoutePlan | undefined, b: RoutePlan): boolean {
  return a !== undefined && JSON.stringify({ ...a, generation: 0 }) === JSON.stringify({ ...b, generation: 0 })
}

function planLines(plan: RoutePlan): readonly string[] {
  return [
    `${plan.endpoint}  generation ${plan.generation}  salt ${plan.salt}`,
    ...plan.variants.map((v) => `  ${v.name}  ${v.model} version ${v.version}  ${v.weightBp / 100} %`),
    ...plan.shadows.map((s) => `  ${s.name}  ${s.model} version ${s.version}  shadow of ${s.percentBp / 100} %`),
  ]
}
