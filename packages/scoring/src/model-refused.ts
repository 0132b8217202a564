/**
 * A model package that must not score: what is wrong with it, all of it at once. The version that served before keeps
 * serving.
 */
export class ModelRefused extends Error {
  override readonly name = 'ModelRefused'
  /** `<name>-<version>`, or the folder when the package does not say. */
  readonly model: string
  readonly reasons: readonly string[]
  constructor(model: string, reasons: readonly string[], options?: ErrorOptions) {
    super(`model ${model} is refused:\n${reasons.map((reason) => `- ${reason}`).join('\n')}`, options)
    this.model = model
    this.reasons = reasons
  }
}
