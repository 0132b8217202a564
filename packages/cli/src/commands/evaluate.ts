import { createReadStream, statSync } from 'node:fs'
import type { Absence } from '@sluice/evaluation'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { type Evaluation, evaluateFiles, WINDOW_MS_STEP } from '../evaluate/evaluate-files.ts'
import { evaluationText } from '../evaluate/evaluation-text.ts'
import { fieldMap, OUTCOME_FIELDS, PREDICTION_FIELDS } from '../evaluate/field-map.ts'
import { TIME_FORMATS, type TimeFormat } from '../evaluate/read-time.ts'
import { ReportedFailure, UsageError } from '../exit-codes.ts'
import { type Moment, momentMs, parseMoment } from '../start-option.ts'

interface EvaluateFlags {
  readonly predictions: string
  readonly outcomes: string
  readonly predictionField: readonly string[]
  readonly outcomeField: readonly string[]
  readonly timeFormat: TimeFormat
  readonly positive?: string
  readonly threshold?: number
  readonly horizon: number
  readonly grace: number
  readonly absence: Absence
  readonly asOf?: Moment
  readonly window?: number
  readonly exactAuc?: boolean
  readonly rows?: string
  readonly json?: boolean
}

export function evaluateCommand(io: CliIo): Command {
  return new Command('evaluate')
    .description('Join predictions with what really happened, from two files, and report the quality of each version.')
    .requiredOption('-p, --predictions <path>', 'one JSON object per line; - is standard input')
    .requiredOption('-o, --outcomes <path>', 'one JSON object per line; - is standard input')
    .option('--prediction-field <field=name>', 'what the file calls a field; repeat it for more', collect, [])
    .option('--outcome-field <field=name>', 'what the file calls a field; repeat it for more', collect, [])
    .addOption(new Option('--time-format <format>', 'how times are written').choices(TIME_FORMATS).default('auto'))
    .option('--positive <label>', 'label text that is positive; every other text is negative')
    .option('--threshold <score>', 'decide by the score instead of the field decision', parseThreshold)
    .option('--horizon <duration>', 'how long after its event a prediction can come true', parseDuration, 30 * DAY_MS)
    .option('--grace <duration>', 'how long an outcome may wait for its prediction', parseDuration, DAY_MS)
    .addOption(
      new Option('--absence <meaning>', 'what it means when nothing came within the horizon')
        .choices(['negative', 'unknown'])
        .default('unknown'),
    )
    .option('--as-of <time>', 'evaluate as on this day: later records do not count', parseMoment)
    .option('--window <duration>', 'also report each window of event time', parseWindow)
    .option('--exact-auc', 'AUC of the scores themselves instead of 200 bins; keeps them in memory')
    .option('--rows <path>', 'write each prediction with its outcome to this file, one JSON object per line')
    .option('--json', 'one JSON document')
    .addHelpText('after', HELP)
    .action(async (flags: EvaluateFlags) => {
      if (flags.predictions === '-' && flags.outcomes === '-') {
        throw new UsageError('standard input can be the predictions or the outcomes, not both')
      }
      const evaluation = await evaluateFiles({
        predictions: { name: flags.predictions, bytes: openInput(io, '--predictions', flags.predictions) },
        outcomes: { name: flags.outcomes, bytes: openInput(io, '--outcomes', flags.outcomes) },
        predictionFields: fieldMap(PREDICTION_FIELDS, flags.predictionField, '--prediction-field'),
        outcomeFields: fieldMap(OUTCOME_FIELDS, flags.outcomeField, '--outcome-field'),
        rules: { timeFormat: flags.timeFormat, positive: flags.positive, threshold: flags.threshold },
        join: { horizonMs: flags.horizon, graceMs: flags.grace, absence: flags.absence },
        nowMs: io.clock.nowMs(),
        asOfMs: flags.asOf === undefined ? undefined : momentMs(flags.asOf, io.clock.nowMs()),
        windowMs: flags.window,
        exactAuc: flags.exactAuc === true,
        rowsPath: flags.rows,
        signal: io.signal,
      })
      if (evaluation === undefined) return
      await io.out(flags.json ? toJson(evaluation) : evaluationText(evaluation))
      refuseBadLines(io, evaluation)
    })
}

const DAY_MS = 86_400_000

const HELP = `
Fields of a prediction: ${PREDICTION_FIELDS.join(', ')}.
Fields of an outcome: one of predictionId, eventId, ceId, key; and ${OUTCOME_FIELDS.slice(4).join(', ')}.

Examples:
  sluice evaluate --predictions predictions.jsonl --outcomes outcomes.jsonl --positive churns --horizon 30d
  sluice evaluate -p scored.jsonl -o labels.jsonl --prediction-field score=probability --threshold 0.35 --window 7d --json

A line that cannot be read is reported with its number and field, the others go on, and the exit code is 1.`

function refuseBadLines(io: CliIo, { badLines, predictions, outcomes }: Evaluation): void {
  const bad = predictions.bad + outcomes.bad
  if (bad === 0) return
  for (const { file, line, field, problem } of badLines) {
    io.note(`${file}:${line}: ${field === '' ? '' : `${field}: `}${problem}`)
  }
  if (bad > badLines.length) io.note(`and ${bad - badLines.length} more.`)
  throw new ReportedFailure(`${bad} of ${predictions.lines + outcomes.lines} lines could not be used.`)
}

function openInput(io: CliIo, flag: string, file: string): AsyncIterable<Uint8Array> {
  if (file === '-') return io.input()
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new UsageError(`${flag}: ${file} is not a file`)
  return createReadStream(file)
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

function parseDuration(text: string): number {
  const ms = /^\d{1,9}[smhd]$/.test(text) ? parseMoment(text) : undefined
  if (ms?.kind !== 'age' || ms.ageMs === 0) throw new InvalidArgumentError('write a duration (90s, 15m, 24h, 30d).')
  return ms.ageMs
}

function parseWindow(text: string): number {
  const ms = parseDuration(text)
  if (ms % WINDOW_MS_STEP !== 0) throw new InvalidArgumentError('a window is whole minutes.')
  return ms
}

function parseThreshold(text: string): number {
  const threshold = Number(text)
  if (text.trim() === '' || !(threshold >= 0 && threshold <= 1)) throw new InvalidArgumentError('must be from 0 to 1.')
  return threshold
}
