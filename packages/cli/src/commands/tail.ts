import { DependencyError, endpointTopics } from '@sluice/contracts'
import type { Log, PartitionOffsets } from '@sluice/stream'
import { Command, InvalidArgumentError } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, withConfig } from '../config-option.ts'
import { type OffsetRange, readRanges } from '../log/read-range.ts'
import { recordLine, viewRecord } from '../log/record-view.ts'
import { slabRecord } from '../log/slab-record.ts'
import { ValueDecoder } from '../log/value-decoder.ts'
import { parseStart, type Start } from '../start-option.ts'

interface TailFlags extends ConfigFlag {
  readonly from?: Start
  readonly count?: number
  readonly partition?: number
  readonly follow?: boolean
  readonly json?: boolean
}

/** Records shown from the end of each partition when nothing else is asked for. */
const LAST_DEFAULT = 10
const POLL_WAIT_MS = 500

export function tailCommand(io: CliIo): Command {
  return withConfig(new Command('tail'))
    .description('Print the records of a topic, decoded. Without --from: the last ones of each partition.')
    .argument('<topic>', 'topic, as churn.predictions or with its prefix')
    .option(
      '--from <start>',
      'earliest, latest, an offset, a time (2026-01-31T12:00:00Z) or an age (10m, 2h, 1d)',
      parseStart,
    )
    .option(
      '-n, --count <n>',
      'stop after so many records; without --from and --follow, so many of each partition',
      parseCount,
    )
    .option('-p, --partition <n>', 'only this partition', parseIndex)
    .option('-f, --follow', 'go on with what arrives, until Ctrl-C')
    .option('--json', 'one JSON object per record')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice tail churn.predictions --follow\n  sluice tail churn.dlq --from 1h --json | jq .headers',
    )
    .action(async (topic: string, flags: TailFlags) => {
      const { config } = loadConfig(io, flags)
      const log = await io.openLog(config)
      try {
        const name = await findTopic(log, topic, config.topics.prefix)
        const decoder = new ValueDecoder(await io.openRegistry(config))
        // Without a start the count says how far back to begin in each partition, so it is no limit.
        const isTotal = flags.from !== undefined || flags.follow === true
        let left = isTotal ? (flags.count ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
        const show = async (slab: Parameters<typeof slabRecord>[0], count: number): Promise<boolean> => {
          for (let i = 0; i < count && left > 0; i++, left--) {
            const view = await viewRecord(slabRecord(slab, i), decoder)
            await io.out(flags.json ? toJson(view) : recordLine(view))
          }
          return left > 0
        }
        const ranges = await startRanges(log, name, flags, io.clock.nowMs())
        if (flags.follow) await follow(log, ranges, io.signal, show)
        else await readRanges({ log, ranges, signal: io.signal, visit: show })
      } finally {
        await log.close()
      }
    })
}

async function findTopic(log: Log, topic: string, prefix: string): Promise<string> {
  const candidates = prefix === '' ? [topic] : [topic, `${prefix}.${topic}`]
  const found = await log.admin.describeTopics(candidates)
  if (found.length > 0) return found.at(-1)!.name
  const [endpoint] = topic.split('.')
  throw new DependencyError('log', `there is no topic ${topic}`, {
    next: `Name one such as ${endpointTopics(endpoint || 'churn', prefix).predictions}; \`sluice topics plan\` lists them all.`,
  })
}

async function startRanges(log: Log, topic: string, flags: TailFlags, nowMs: number): Promise<readonly OffsetRange[]> {
  const all = await log.admin.offsets(topic)
  const offsets = flags.partition === undefined ? all : all.filter((o) => o.partition === flags.partition)
  if (offsets.length === 0) {
    throw new DependencyError('log', `${topic} has no partition ${flags.partition}`, {
      next: `Name one of 0 to ${all.length - 1}.`,
    })
  }
  const { from } = flags
  const since =
    from?.kind === 'time' || from?.kind === 'age'
      ? await log.admin.offsetsForTime(topic, from.kind === 'time' ? from.timeMs : nowMs - from.ageMs)
      : []
  const start = (o: PartitionOffsets): bigint => {
    switch (from?.kind) {
      case 'earliest':
        return o.earliest
      case 'latest':
        return o.latest
      case 'offset':
        return clamp(from.offset, o)
      case 'time':
      case 'age':
        return since.find((s) => s.partition === o.partition)?.offset ?? o.latest
      case undefined:
        return flags.follow ? o.latest : clamp(o.latest - BigInt(flags.count ?? LAST_DEFAULT), o)
    }
  }
  return offsets.map((o) => ({ topic, partition: o.partition, from: start(o), to: o.latest }))
}

function clamp(offset: bigint, { earliest, latest }: PartitionOffsets): bigint {
  return offset < earliest ? earliest : offset > latest ? latest : offset
}

async function follow(
  log: Log,
  ranges: readonly OffsetRange[],
  signal: AbortSignal,
  show: (slab: Parameters<typeof slabRecord>[0], count: number) => Promise<boolean>,
): Promise<void> {
  const reader = await log.openReader({
    partitions: ranges.map(({ topic, partition, from }) => ({ topic, partition, offset: from })),
  })
  try {
    while (!signal.aborted) {
      for (const slab of await reader.poll({ maxWaitMs: POLL_WAIT_MS, signal })) {
        if (!(await show(slab, slab.count))) return
      }
    }
  } finally {
    await reader.close()
  }
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1.')
  return Number(text)
}

function parseIndex(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 0.')
  return Number(text)
}
