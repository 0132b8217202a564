import { STACK_CHOICES, type StackChoice } from '@sluice/local-stack'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { CliIo } from '../cli-io.ts'
import { type ConfigFlag, withConfig } from '../config-option.ts'
import { type RunCommand, runUp } from '../up/run-up.ts'

/** Events a second that the demo sends when nothing else is said. */
const DEMO_RATE = 200

interface UpFlags extends ConfigFlag {
  readonly demo?: boolean
  readonly exit?: boolean
  readonly rate: number
  readonly json?: boolean
  readonly stack?: StackChoice
}

export function upCommand(io: CliIo, run: RunCommand): Command {
  return withConfig(new Command('up'))
    .description(
      'Start everything on this machine: Kafka, a schema registry, Redis, the router and a scorer per version.',
    )
    .option('--demo', 'send the held-out customers of the churn example and show what becomes of them')
    .option('--exit', 'with --demo: send every customer once, print a summary per version and end')
    .option('--rate <n>', 'with --demo: events a second', parseRate, DEMO_RATE)
    .addOption(new Option('--stack <provider>', 'take this provider and no other').choices([...STACK_CHOICES]))
    .option('--json', 'with --exit: the summary as one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice up --demo\n  sluice up --demo --exit --json\n  sluice up --config sluice.yaml --stack processes',
    )
    .action((flags: UpFlags) =>
      runUp(io, run, { ...flags, demo: flags.demo === true, exit: flags.exit === true, json: flags.json === true }),
    )
}

function parseRate(text: string): number {
  const rate = Number(text)
  if (!Number.isInteger(rate) || rate < 1 || rate > 1_000_000)
    throw new InvalidArgumentError('write a whole number from 1 to 1000000.')
  return rate
}
