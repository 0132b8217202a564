import { endpointTopics, RECORD_FAULTS } from '@sluice/contracts'
import { Command, InvalidArgumentError } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type ConfigFlag, loadConfig, pickEndpoint, withConfig } from '../config-option.ts'
import { applyReplay, planReplay } from '../replay/replay.ts'
import { isFaultCode } from '../replay/replay-filter.ts'
import type { ReplaySummary } from '../replay/replay-pass.ts'
import { type Moment, momentMs, parseMoment } from '../start-option.ts'

interface ReplayFlags extends ConfigFlag {
  readonly endpoint?: string
  readonly code?: string
  readonly stage?: string
  readonly since?: Moment
  readonly until?: Moment
  readonly rate: number
  readonly apply?: boolean
  readonly reason?: string
  readonly json?: boolean
}

const RATE_DEFAULT = 1_000
const RATE_MAX = 1_000_000

export function replayCommand(io: CliIo): Command {
  return withConfig(new Command('replay'))
    .description('Put dead letters back where they came from, each at most once. Without --apply: only count them.')
    .option('-e, --endpoint <name>', 'endpoint; needed when there are several')
    .option('--code <code>', 'only this fault, as E_SCHEMA_UNKNOWN', parseCode)
    .option('--stage <stage>', 'only what this part gave up: router, scorer or feedback', parseStage)
    .option('--since <moment>', 'only dead letters from this time or age on (2026-01-31T12:00:00Z, 2h)', parseMoment)
    .option('--until <moment>', 'only dead letters before this time or age', parseMoment)
    .option('--rate <n>', 'most records per second', parseRate, RATE_DEFAULT)
    .option('--reason <text>', 'why, for the audit topic')
    .option('--apply', 'do it')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice replay --code E_SCHEMA_UNKNOWN --since 1d\n  sluice replay --code E_SCHEMA_UNKNOWN --since 1d --apply --reason "schema 12 is registered now"',
    )
    .action(async (flags: ReplayFlags) => {
      const loaded = loadConfig(io, flags)
      const { name, endpoint } = pickEndpoint(loaded, flags.endpoint)
      const log = await io.openLog(loaded.config)
      try {
        const nowMs = io.clock.nowMs()
        const run = flags.apply ? applyReplay : planReplay
        const summary = await run({
          log,
          clock: io.clock,
          signal: io.signal,
          endpointName: name,
          endpoint,
          topics: endpointTopics(name, loaded.config.topics.prefix),
          filter: {
            ...(flags.code === undefined ? {} : { code: flags.code }),
            ...(flags.stage === undefined ? {} : { stage: flags.stage }),
            ...(flags.since === undefined ? {} : { sinceMs: momentMs(flags.since, nowMs) }),
            ...(flags.until === undefined ? {} : { untilMs: momentMs(flags.until, nowMs) }),
          },
          actor: io.actor,
          reason: flags.reason,
          ratePerSecond: flags.rate,
          note: io.note,
        })
        if (flags.json) return await io.out(toJson({ endpoint: name, applied: flags.apply === true, ...summary }))
        for (const line of summaryLines(summary, flags.apply === true)) await io.out(line)
        if (!flags.apply && summary.selected.length > 0) io.note('Nothing was changed; add --apply to put them back.')
      } finally {
        await log.close()
      }
    })
}

function summaryLines(summary: ReplaySummary, applied: boolean): readonly string[] {
  return [
    ...summary.selected.map((s) => `${s.count}\t${s.code}\t${s.stage}\t-> ${s.topic}`),
    ...Object.entries(summary.stuck).map(([why, count]) => `${count}\tcannot go back: ${why}`),
    ...(summary.alreadyReplayed > 0 ? [`${summary.alreadyReplayed}\treplayed before`] : []),
    applied
      ? `${summary.replayed} put back`
      : `${summary.selected.reduce((total, s) => total + s.count, 0)} would be put back`,
  ]
}

function parseCode(text: string): string {
  if (isFaultCode(text)) return text
  throw new InvalidArgumentError(`must be one of ${Object.keys(RECORD_FAULTS).join(', ')}.`)
}

function parseStage(text: string): string {
  if (['router', 'scorer', 'feedback'].includes(text)) return text
  throw new InvalidArgumentError('must be router, scorer or feedback.')
}

function parseRate(text: string): number {
  const rate = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (rate < 1 || rate > RATE_MAX) throw new InvalidArgumentError(`must be a whole number from 1 to ${RATE_MAX}.`)
  return rate
}
