import type { RecordFault } from '@sluice/contracts'

/** Problems that go into the fault of a single record; the error itself has them all. */
const PROBLEMS_IN_FAULT = 3

/**
 * The writer schema cannot fill the features. Thrown once, when a decoder is compiled; `fault` is what each record of that
 * schema then gets (see `refusingDecoder`).
 */
export class SchemaUnusable extends Error {
  override readonly name = 'SchemaUnusable'
  readonly problems: readonly string[]
  readonly fault: RecordFault
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join('\n'), options)
    this.problems = problems
    const more = problems.length - PROBLEMS_IN_FAULT
    this.fault = {
      code: 'E_SCHEMA_UNUSABLE',
      at: `${problems.slice(0, PROBLEMS_IN_FAULT).join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    }
  }
}
