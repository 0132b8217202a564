import { Command, type OutputConfiguration } from 'commander'
import type { CliIo } from './cli-io.ts'
import { assignCommand } from './commands/assign.ts'
import { configCommand } from './commands/config.ts'
import { doctorCommand } from './commands/doctor.ts'
import { inspectCommand } from './commands/inspect.ts'
import { planCommand } from './commands/plan.ts'
import { replayCommand } from './commands/replay.ts'
import { schemasCommand } from './commands/schemas.ts'
import { tailCommand } from './commands/tail.ts'
import { topicsCommand } from './commands/topics.ts'
import { upCommand } from './commands/up.ts'
import { EXIT_INTERRUPTED, EXIT_OK } from './exit-codes.ts'
import { reportError } from './report-error.ts'

/** The whole command line. */
export function sluiceProgram(io: CliIo): Command {
  const program = new Command('sluice')
    .description('Event-driven, streaming model scoring on Kafka: route, score, learn what really happened.')
    .version('0.1.0')
    .showHelpAfterError('(add --help for what is allowed)')
    .addHelpText(
      'after',
      '\nData goes to stdout, everything else to stderr.\nExit codes: 0 ok, 1 failure, 2 usage, 3 a condition does not hold, 78 wrong configuration.',
    )
  for (const command of [
    upCommand(io, runCli),
    assignCommand(io),
    topicsCommand(io),
    schemasCommand(io),
    planCommand(io),
    doctorCommand(io),
    tailCommand(io),
    inspectCommand(io),
    replayCommand(io),
    configCommand(io),
  ]) {
    program.addCommand(command)
  }
  return program
}

/** Runs one command line (without `node` and the script) and returns its exit code. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const program = sluiceProgram(io)
  let help = ''
  prepare(program, {
    writeOut: (text) => {
      help += text
    },
    writeErr: (text) => io.note(text.trimEnd()),
  })
  let exitCode: number = EXIT_OK
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    exitCode = reportError(error, io.note)
  }
  if (help !== '') await io.out(help.trimEnd())
  return io.signal.aborted ? EXIT_INTERRUPTED : exitCode
}

/** Commander prints and exits by itself unless every single command is told not to. */
function prepare(command: Command, output: OutputConfiguration): void {
  command.exitOverride().configureOutput(output)
  for (const inner of command.commands) prepare(inner, output)
}
