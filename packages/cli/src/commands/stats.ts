import { verdictPlanSchema } from '@sluice/evaluation'
import { Command } from 'commander'
import { ZodError } from 'zod'
import { type CliIo, toJson } from '../cli-io.ts'
import { UsageError } from '../exit-codes.ts'
import { readJsonInput } from '../stats/read-json-input.ts'
import { pickForm, type Statistic, type StatsDocument } from '../stats/statistic.ts'
import { STATISTICS } from '../stats/statistics.ts'

export function statsCommand(io: CliIo): Command {
  const stats = new Command('stats')
    .description('Compute an estimate, a verdict, a plan or a drift statistic from numbers on standard input.')
    .option('--list', 'the statistics and what they are')
    .option('--json', 'with --list: one JSON document')
    .addHelpText('after', '\nExample:\n  echo \'{"successes": 380, "n": 4000}\' | sluice stats proportion --json')
    .action(async (flags: { readonly list?: boolean; readonly json?: boolean }) => {
      if (!flags.list) throw new UsageError('which statistic? `sluice stats --list` names them')
      await list(io, flags.json === true)
    })
  for (const statistic of STATISTICS) stats.addCommand(statisticCommand(io, statistic))
  return stats
}

async function list(io: CliIo, json: boolean): Promise<void> {
  const entries = STATISTICS.map(({ name, summary, forms }) => ({
    name,
    summary,
    forms: forms.map(({ key, about, example }) => ({ key, about, example })),
  }))
  if (json) return io.out(toJson(entries))
  const width = Math.max(...entries.map(({ name }) => name.length))
  for (const { name, summary } of entries) await io.out(`${name.padEnd(width)}  ${summary}`)
}

function statisticCommand(io: CliIo, statistic: Statistic): Command {
  return new Command(statistic.name)
    .description(statistic.summary)
    .option('--json', 'one JSON document')
    .addHelpText('after', formsHelp(statistic))
    .action(async (flags: { readonly json?: boolean }, command: Command) => {
      const input = await readJsonInput(io.input())
      const document = compute(statistic, input)
      // The parent has the same flag, and takes it when it stands before the name.
      if (flags.json ?? command.optsWithGlobals<{ json?: boolean }>().json) await io.out(toJson(document))
      else for (const line of documentLines(document)) await io.out(line)
    })
}

/** Runs the form that the input is in; wrong input names its fields. */
function compute(statistic: Statistic, input: unknown): StatsDocument {
  const seeHelp = `\`sluice stats ${statistic.name} --help\` shows each form with an example`
  try {
    const { form, fields } = pickForm(statistic.forms, input)
    return { statistic: statistic.name, ...form.compute(fields) }
  } catch (error) {
    if (error instanceof ZodError) {
      const problems = error.issues.map((issue) => `  ${pathText(issue.path)}: ${issue.message}`)
      throw new UsageError(`the input of ${statistic.name} is not right:\n${problems.join('\n')}\n${seeHelp}`, {
        cause: error,
      })
    }
    if (error instanceof RangeError)
      throw new UsageError(`${statistic.name}: ${error.message}\n${seeHelp}`, { cause: error })
    throw error
  }
}

/** `control.values[3]`; the document itself is `input`. */
function pathText(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'input'
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('')
}

function formsHelp(statistic: Statistic): string {
  const forms = statistic.forms.map(({ key, about, example }) => {
    const text = toJson(example)
    return `  With \`${key}\`: ${about}\n    ${text}`
  })
  const first = toJson(statistic.forms[0]!.example)
  return [
    '',
    'Input, one JSON object on standard input, in one of these forms:',
    ...forms,
    ...(statistic.judges ? ['', 'Fields of `plan`:', ...planFields()] : []),
    '',
    'Output: estimate, standardError, n, interval, pValue, verdict, reason (null where there is none), and details.',
    '',
    'Example:',
    `  echo '${first}' | sluice stats ${statistic.name} --json`,
  ].join('\n')
}

function planFields(): readonly string[] {
  const fields = Object.entries(verdictPlanSchema.shape)
  const width = Math.max(...fields.map(([name]) => name.length))
  return fields.map(([name, field]) => `  ${name.padEnd(width)}  ${field.description ?? ''}`)
}

/** `key  value` per line, without the keys that have none. */
function documentLines(document: StatsDocument): readonly string[] {
  const entries = Object.entries(document).filter(([, value]) => value !== null)
  const width = Math.max(...entries.map(([key]) => key.length))
  return entries.map(([key, value]) => `${key.padEnd(width)}  ${typeof value === 'string' ? value : toJson(value)}`)
}
