import type { AvroType } from './schema.ts'

/** Sizes at or above this are all "more than any record has"; it fits an int32 operand. */
const SIZE_MAX = 2 ** 31 - 1

/**
 * Bytes that every value of a type takes, or -1 when they vary. A type of size 0 (null, a record of nulls) is what lets a
 * few bytes claim millions of items; its items are stepped over in one go and never looped over.
 */
export class FixedSizes {
  readonly #sizes = new Map<AvroType, number>()

  of(type: AvroType): number {
    const known = this.#sizes.get(type)
    if (known !== undefined) return known
    // A record that is met again while it is being measured contains itself: its size varies (or it has no values).
    this.#sizes.set(type, -1)
    const size = this.#measure(type)
    this.#sizes.set(type, size)
    return size
  }

  #measure(type: AvroType): number {
    switch (type.kind) {
      case 'null':
        return 0
      case 'boolean':
        return 1
      case 'float':
        return 4
      case 'double':
        return 8
      case 'fixed':
        return Math.min(type.size, SIZE_MAX)
      case 'record': {
        let sum = 0
        for (const field of type.fields) {
          const size = this.of(field.type)
          if (size < 0) return -1
          sum += size
        }
        return Math.min(sum, SIZE_MAX)
      }
      default:
        return -1
    }
  }
}
