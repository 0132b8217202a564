import { createReadStream, statSync } from 'node:fs'
import { Command } from 'commander'
import { type CliIo, toJson } from '../cli-io.ts'
import { ReportedFailure, UsageError } from '../exit-codes.ts'
import { inputLines } from '../input-lines.ts'
import { openModel } from '../score/open-model.ts'
import { LineScorer, SCORE_LINE_BYTES_MAX, type ScoredLine } from '../score/score-lines.ts'

interface ScoreFlags {
  readonly model: string
  readonly file: string
  readonly margin?: boolean
  readonly contributions?: boolean
  readonly json?: boolean
}

export function scoreCommand(io: CliIo): Command {
  return new Command('score')
    .description('Score rows from a file with a model, without a broker.')
    .requiredOption(
      '-m, --model <path>',
      'package folder (<name>-<version>), or a bare model file (.json, .ubj, .onnx)',
    )
    .requiredOption(
      '-f, --file <path>',
      'one JSON object of named features per line, null is missing; - is standard input',
    )
    .option('--margin', 'also the sum before the sigmoid or softmax')
    .option('--contributions', 'also how much each feature moved the margin (exact Shapley values)')
    .option('--json', 'one JSON object per line')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice score --model models/churn-7 --file rows.jsonl --json\n  sluice score --model model.ubj --file - --json --margin < rows.jsonl\n\nA line that cannot be scored becomes {"error": …, "line": n}, the others go on, and the exit code is 1.',
    )
    .action(async (flags: ScoreFlags) => {
      const scorer = await openModel(flags.model)
      try {
        const { engine } = scorer.what
        if (flags.margin && scorer.margins === undefined) throw new UsageError(`the ${engine} engine has no margins`)
        if (flags.contributions && scorer.contributions === undefined) {
          throw new UsageError(`the ${engine} engine has no contributions`)
        }
        for (const note of scorer.notes) io.note(note)
        const lines = new LineScorer(scorer, {
          margin: flags.margin === true,
          contributions: flags.contributions === true,
        })
        for await (const scored of lines.score(inputLines(openInput(io, flags.file), SCORE_LINE_BYTES_MAX))) {
          await io.out(flags.json ? toJson(scored) : textLine(scored))
          if (io.signal.aborted) return
        }
        if (lines.strangers.length > 0) {
          io.note(`These fields are no feature of the model and were ignored: ${lines.strangers.join(', ')}.`)
        }
        if (lines.failed > 0) throw new ReportedFailure(`${lines.failed} of ${lines.lines} lines could not be scored.`)
      } finally {
        await scorer.close()
      }
    })
}

function openInput(io: CliIo, file: string): AsyncIterable<Uint8Array> {
  if (file === '-') return io.input()
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new UsageError(`--file: ${file} is not a file; - reads standard input`)
  return createReadStream(file)
}

function textLine(line: ScoredLine): string {
  if ('error' in line) return `line ${line.line}\t${line.error.code}\t${line.error.message}`
  const { score, decision, margin, contributions, scores } = line
  const parts = [String(score), decision, scores, margin, contributions]
  return parts
    .filter((part) => part !== undefined)
    .map((part) => (typeof part === 'string' ? part : toJson(part)))
    .join('\t')
}
