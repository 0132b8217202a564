export type Sides = 'one' | 'two'

/** A method at one moment: how far from its null the estimate must be, in standard errors, and how surprising it is. */
export interface Criterion {
  /** The interval is estimate ± critical · standard error; Infinity when the method spends nothing at this look. */
  readonly critical: number
  /**
   * p-value of z = (estimate - null) / standard error: of |z| for two sides, of large z for one. At most `alpha` exactly
   * when z reaches `critical`.
   */
  readonly pValue: (z: number) => number
}
