import { OP } from './program.ts'
import { SchemaUnusable } from './schema-unusable.ts'

/** Words of one program. A schema whose unions multiply beyond this is refused instead of filling the memory. */
export const MAX_PROGRAM_WORDS = 1_000_000

/** Writes operations one after another; targets that are not known yet are patched when they are. */
export class Assembler {
  readonly #words: number[] = []
  /** Where the operand of a trailing `advance` lies, so that neighbours merge; -1 when something may jump behind it. */
  #openAdvance = -1

  /** Position of the next operation, as a jump target. */
  here(): number {
    this.#openAdvance = -1
    return this.#words.length
  }

  /** Writes an operation and returns the position of its first operand. */
  emit(...words: readonly number[]): number {
    if (this.#words.length + words.length > MAX_PROGRAM_WORDS)
      throw new SchemaUnusable([`schema: its unions and records multiply to more than ${MAX_PROGRAM_WORDS} steps`])
    this.#openAdvance = -1
    this.#words.push(...words)
    return this.#words.length - words.length + 1
  }

  /** Operand `at` becomes the position of the next operation. */
  patchToHere(at: number): void {
    this.#words[at] = this.here()
  }

  patch(at: number, word: number): void {
    this.#words[at] = word
  }

  /** Steps over bytes; adjacent steps become one. */
  advance(bytes: number): void {
    if (bytes === 0) return
    const open = this.#openAdvance
    const sum = open < 0 ? 0 : this.#words[open]! + bytes
    if (open >= 0 && sum < 2 ** 31) {
      this.#words[open] = sum
      return
    }
    this.#openAdvance = this.emit(OP.advance, bytes)
  }

  /** Forgets what was written from `position` on. */
  truncate(position: number): void {
    this.#words.length = position
    this.#openAdvance = -1
  }

  finish(): Int32Array {
    return Int32Array.from(this.#words)
  }
}
