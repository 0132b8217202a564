import type { ConfigProblem } from '@sluice/contracts'

/** What a command's exit says to a script. A wrong configuration is 78, `EXIT_CONFIG` of the contracts. */
export const EXIT_OK = 0
export const EXIT_FAILURE = 1
export const EXIT_USAGE = 2
/** Nothing failed, but a condition for the change does not hold: the answer is no. */
export const EXIT_GATE = 3
/** Ended by Ctrl-C, as a shell reports it. */
export const EXIT_INTERRUPTED = 130

/** A wrong argument; printed with the command's usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command understood and did nothing, because of these reasons. */
export class GateRefusedError extends Error {
  override readonly name = 'GateRefusedError'
  readonly reasons: readonly ConfigProblem[]
  constructor(what: string, reasons: readonly ConfigProblem[]) {
    super(what)
    this.reasons = reasons
  }
}

/** The command did its work and has said what went wrong in it; only the exit code is left to give. */
export class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure'
}
