import { Command, type OutputConfiguration } from 'commander'
import type { CliIo } from './cli-io.ts'
import { EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.ts'
import { reportError } from './report-error.ts'

interface CommandEntry {
  /** The command's own first sentence, for the list of commands. */
  readonly summary: string
  readonly load: (io: CliIo) => Promise<Command>
}

/** Only the module of the command that is asked for is loaded: a key is assigned without starting an inference engine. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  up: {
    summary: 'Start everything on this machine: Kafka, a schema registry, Redis, the router and a scorer per version.',
    load: async (io) => (await import('./commands/up.ts')).upCommand(io, runCli),
  },
  score: {
    summary: 'Score rows from a file with a model, without a broker.',
    load: async (io) => (await import('./commands/score.ts')).scoreCommand(io),
  },
  evaluate: {
    summary: 'Join predictions with what really happened, from two files, and report the quality of each version.',
    load: async (io) => (await import('./commands/evaluate.ts')).evaluateCommand(io),
  },
  model: {
    summary: 'Say what a model is and whether it can score.',
    load: async (io) => (await import('./commands/model.ts')).modelCommand(io),
  },
  assign: {
    summary: 'Show which variant a key belongs to: the same answer as every router gives.',
    load: async (io) => (await import('./commands/assign.ts')).assignCommand(io),
  },
  topics: {
    summary: 'Compare the topics with the configuration, and create what is missing.',
    load: async (io) => (await import('./commands/topics.ts')).topicsCommand(io),
  },
  schemas: {
    summary: 'Check and register the schemas of all topics.',
    load: async (io) => (await import('./commands/schemas.ts')).schemasCommand(io),
  },
  plan: {
    summary: 'Show the route plan in force, or put the configured one into force.',
    load: async (io) => (await import('./commands/plan.ts')).planCommand(io),
  },
  doctor: {
    summary: 'Check broker, topics, schemas, models, plans and Redis, each with the fix. Exit code 1 when one fails.',
    load: async (io) => (await import('./commands/doctor.ts')).doctorCommand(io),
  },
  tail: {
    summary: 'Print the records of a topic, decoded. Without --from: the last ones of each partition.',
    load: async (io) => (await import('./commands/tail.ts')).tailCommand(io),
  },
  inspect: {
    summary: 'Show everything about one event: its bytes decoded, its variant, its predictions, its dead letter.',
    load: async (io) => (await import('./commands/inspect.ts')).inspectCommand(io),
  },
  replay: {
    summary: 'Put dead letters back where they came from, each at most once. Without --apply: only count them.',
    load: async (io) => (await import('./commands/replay.ts')).replayCommand(io),
  },
  stats: {
    summary: 'Compute an estimate, a verdict, a plan or a drift statistic from numbers on standard input.',
    load: async (io) => (await import('./commands/stats.ts')).statsCommand(io),
  },
  simulate: {
    summary:
      'Run rollouts on made-up customers with known effects: how often they err, how long they take, what it costs.',
    load: async (io) => (await import('./commands/simulate.ts')).simulateCommand(io),
  },
  config: {
    summary: 'Check, show and describe the configuration.',
    load: async (io) => (await import('./commands/config.ts')).configCommand(io),
  },
}

/** Runs one command line (without `node` and the script) and returns its exit code. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let help = ''
  const output: OutputConfiguration = {
    writeOut: (text) => {
      help += text
    },
    writeErr: (text) => io.note(text.trimEnd()),
  }
  let exitCode: number = EXIT_OK
  try {
    const program = await sluiceProgram(args, io)
    prepare(program, output)
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    exitCode = reportError(error, io.note)
  }
  if (help !== '') await io.out(help.trimEnd())
  return io.signal.aborted ? EXIT_INTERRUPTED : exitCode
}

async function sluiceProgram(args: readonly string[], io: CliIo): Promise<Command> {
  const program = new Command('sluice')
    .description('Event-driven, streaming model scoring on Kafka: route, score, learn what really happened.')
    .version('0.1.0')
    .showHelpAfterError('(add --help for what is allowed)')
    .addHelpText(
      'after',
      '\nData goes to stdout, everything else to stderr.\nExit codes: 0 ok, 1 failure, 2 usage, 3 a condition does not hold, 78 wrong configuration.',
    )
  const [first] = args.filter((arg) => arg !== 'help')
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    program.addCommand(name === first ? await load(io) : new Command(name).description(summary))
  }
  return program
}

/** Commander prints and exits by itself unless every single command is told not to. */
function prepare(command: Command, output: OutputConfiguration): void {
  command.exitOverride().configureOutput(output)
  for (const inner of command.commands) prepare(inner, output)
}
