/** A float64 array that grows by doubling, for arrays whose length the file does not announce. */
export class NumberCollector {
  #values = new Float64Array(8)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#length++] = value
  }

  take(): Float64Array {
    return this.#values.slice(0, this.#length)
  }
}
