import { ConfigError, DependencyError, EXIT_CONFIG } from '@sluice/contracts'
import { errorChain } from '@sluice/runtime'
import { formatIncompatibility, SchemaRejectedError } from '@sluice/stream'
import { CommanderError } from 'commander'
import {
  EXIT_FAILURE,
  EXIT_GATE,
  EXIT_OK,
  EXIT_USAGE,
  GateRefusedError,
  ReportedFailure,
  UsageError,
} from './exit-codes.ts'

/** Says on stderr what went wrong and what to do next, and returns the exit code. Our own bugs come with their stack. */
export function reportError(error: unknown, note: (line: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE // Already printed.
  if (error instanceof ReportedFailure) {
    if (error.message !== '') note(error.message)
    return EXIT_FAILURE
  }
  if (error instanceof UsageError) {
    note(`error: ${error.message}`)
    return EXIT_USAGE
  }
  if (error instanceof ConfigError) {
    note(`The configuration has ${error.problems.length} problem(s):`)
    for (const p of error.problems) note(`  ${p.path}: ${p.problem}\n    ${p.fix}`)
    return EXIT_CONFIG
  }
  if (error instanceof GateRefusedError) {
    note(error.message)
    for (const p of error.reasons) note(`  ${p.path}: ${p.problem}\n    ${p.fix}`)
    return EXIT_GATE
  }
  if (error instanceof SchemaRejectedError) {
    note(`${error.subject} does not take the schema:`)
    for (const reason of error.reasons) note(`  ${formatIncompatibility(reason)}`)
    return EXIT_GATE
  }
  if (error instanceof DependencyError) {
    note(`error: ${errorChain(error)}`)
    note(`next: ${error.next}`)
    return EXIT_FAILURE
  }
  // By name: a class of the engines would load them for every command.
  if (error instanceof Error && (error.name === 'ModelRefused' || error.name === 'ModelFault')) {
    note(`error: ${error.message}`)
    return EXIT_FAILURE
  }
  note(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return EXIT_FAILURE
}
