import { ModelFault } from './model-fault.ts'
import { DOCUMENT_DEPTH_MAX, DOCUMENT_VALUES_MAX } from './model-limits.ts'

/** Keys that no XGBoost model has and that have been used to attack JSON consumers. */
const KEYS_REFUSED = new Set(['__proto__'])

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a file may cost while it is read: both readers ask before they go deeper or keep one more value. */
export class DocumentBudget {
  #depth = 0
  #values = 0

  enter(byte: number): void {
    this.#depth++
    if (this.#depth > DOCUMENT_DEPTH_MAX) {
      throw new ModelFault('E_MODEL_TOO_DEEP', `byte ${byte}`, `at most ${DOCUMENT_DEPTH_MAX} levels; XGBoost writes 8`)
    }
  }

  leave(): void {
    this.#depth--
  }

  keep(byte: number): void {
    this.#values++
    if (this.#values > DOCUMENT_VALUES_MAX) {
      throw new ModelFault('E_MODEL_TOO_LARGE', `byte ${byte}`, `at most ${DOCUMENT_VALUES_MAX} values in one file`)
    }
  }
}

/** Adds a member unless its key is a duplicate: XGBoost keeps the first in UBJSON and the last in JSON, so neither is right. */
export function addMember<T>(members: Map<string, T>, key: string, value: T, byte: number): void {
  if (members.has(key)) throw new ModelFault('E_MODEL_KEY', `byte ${byte}`, `"${key}" appears twice in one object`)
  if (KEYS_REFUSED.has(key)) throw new ModelFault('E_MODEL_KEY', `byte ${byte}`, `"${key}" may not be a key`)
  members.set(key, value)
}

export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  try {
    return utf8.decode(bytes.subarray(start, end))
  } catch {
    throw new ModelFault('E_MODEL_ENCODING', `byte ${start}`, 'a text of the file is not valid UTF-8')
  }
}
