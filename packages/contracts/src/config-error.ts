/** One thing wrong with the configuration: where (`endpoints.churn.variants[0].weight`), what, and what to do. */
export interface ConfigProblem {
  readonly path: string
  readonly problem: string
  readonly fix: string
}

/** All problems at once; `main` prints them as a list and exits with 78 (EX_CONFIG). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((p) => `${p.path}: ${p.problem}. ${p.fix}`).join('\n'))
    this.problems = problems
  }
}

export const EXIT_CONFIG = 78
