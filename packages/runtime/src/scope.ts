/** Something that was started and must be stopped. */
export interface Stoppable {
  stop(): Promise<void> | void
}

/**
 * Starts parts in order and stops them in reverse, also when a later start throws. `use` takes whatever has `stop`,
 * `defer` takes the stopping itself.
 */
export class Scope {
  readonly #stops: { readonly name: string; readonly stop: () => Promise<void> | void }[] = []
  readonly #onStopError: (name: string, error: unknown) => void

  constructor(onStopError: (name: string, error: unknown) => void) {
    this.#onStopError = onStopError
  }

  async use<T extends Stoppable>(name: string, part: Promise<T> | T): Promise<T> {
    const started = await part
    this.#stops.push({ name, stop: () => started.stop() })
    return started
  }

  defer(name: string, stop: () => Promise<void> | void): void {
    this.#stops.push({ name, stop })
  }

  /** Stops everything, newest first. An error in one does not keep the others from being stopped. */
  async stop(): Promise<void> {
    for (let part = this.#stops.pop(); part !== undefined; part = this.#stops.pop()) {
      try {
        await part.stop()
      } catch (error) {
        this.#onStopError(part.name, error)
      }
    }
  }
}
