import { invariant } from '@sluice/contracts'
import type { FeatureSpec } from '@sluice/features'
import type { Decision, Model } from '@sluice/scoring'

/** A loaded package as the scorer uses it. */
export interface ServedModel {
  readonly model: Model
  readonly features: readonly FeatureSpec[]
  readonly decide: Decision
}

/**
 * What a scorer scores with. A corrected package of the same version can take its place while events flow: the next batch
 * is scored by it, and what it replaced is closed once nobody uses it any more.
 */
export class ModelSlot {
  #current: ServedModel
  #retired: Model[] = []
  readonly #users = new Map<Model, number>()

  constructor(current: ServedModel) {
    this.#current = current
  }

  /** The package in use. The score loop reads it once per batch. */
  get current(): ServedModel {
    return this.#current
  }

  /** Takes a package that was loaded and checked. */
  replace(next: ServedModel): void {
    const { model } = this.#current
    invariant(next.model.name === model.name && next.model.version === model.version, 'a slot keeps its version')
    this.#retired.push(model)
    this.#current = next
  }

  /** Uses the package beside the score loop; it stays open until then. */
  async use<T>(call: (served: ServedModel) => Promise<T>): Promise<T> {
    const served = this.#current
    this.#users.set(served.model, (this.#users.get(served.model) ?? 0) + 1)
    try {
      return await call(served)
    } finally {
      this.#users.set(served.model, this.#users.get(served.model)! - 1)
    }
  }

  /** Closes what was replaced and is not in use. The score loop calls it between two batches. */
  async closeRetired(): Promise<void> {
    if (this.#retired.length === 0) return
    const idle = this.#retired.filter((model) => (this.#users.get(model) ?? 0) === 0)
    this.#retired = this.#retired.filter((model) => !idle.includes(model))
    for (const model of idle) {
      this.#users.delete(model)
      await model.close()
    }
  }

  /** Closes everything; the loop and the HTTP server have ended. */
  async close(): Promise<void> {
    for (const model of [...this.#retired, this.#current.model]) await model.close()
    this.#retired = []
  }
}
