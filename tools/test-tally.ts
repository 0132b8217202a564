/** Numbers of the closing line. A check and a file that could not be loaded count as one test each. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Something left out, and the reason a person can act on. */
export interface NotRun {
  readonly what: string
  readonly why: string
}

/** One test file after its run. */
export interface ResultModule {
  readonly file: string
  /** Errors outside any test: the file could not be loaded, a hook of a suite failed. */
  readonly errors: number
  readonly tests: readonly {
    readonly name: string
    readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
    readonly why: string | undefined
  }[]
}

/** Counts a run. A test that was collected and never ended counts as failed: it proves nothing. */
export function tally(
  modules: readonly ResultModule[],
  unhandledErrors: number,
): { readonly counts: Counts; readonly notRun: readonly NotRun[] } {
  const counts = { passed: 0, failed: unhandledErrors, skipped: 0 }
  const notRun: NotRun[] = []
  for (const module of modules) {
    counts.failed += module.errors
    for (const test of module.tests) {
      if (test.state === 'passed') counts.passed += 1
      else if (test.state === 'skipped') {
        counts.skipped += 1
        notRun.push({ what: `${module.file}: ${test.name}`, why: test.why ?? 'no reason was given' })
      } else counts.failed += 1
    }
  }
  return { counts, notRun }
}

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/** The reasons, each with what it kept from running; nothing when all was run. */
export function notRunLines(notRun: readonly NotRun[]): string[] {
  const byReason = Map.groupBy(notRun, (entry) => entry.why)
  return [...byReason].flatMap(([why, entries]) => [`Not run: ${why}`, ...entries.map((entry) => `  ${entry.what}`)])
}

/** `12 passed, 0 failed`, with `, 3 skipped` when there are any. */
export function countLine(counts: Counts): string {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`
}
