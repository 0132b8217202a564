import { decodeText } from './document-budget.ts'
import type { ModelObject } from './model-document.ts'
import { ModelFault } from './model-fault.ts'

/** Categories by column, in code order, as far as the file tells them. */
export interface CategoryNames {
  readonly known: ReadonlyMap<number, readonly string[]>
  readonly unsure: ReadonlySet<number>
}

/**
 * The categories that XGBoost 3.1 and later record of a data frame, one element of `enc` per column. Text categories:
 * `values` holds the bytes of all names, `offsets` where each one starts. Whole numbers: `values` holds them, and so a row
 * that says 20 means the code of category 20, not code 20.
 *
 * Unsure are names that are not ASCII (XGBoost 3.1 and 3.2 count characters where they should count bytes, which cuts names
 * and moves the ones behind them), fractions, and numbers that float64 cannot tell apart.
 */
export function readCategoryNames(cats: ModelObject, width: number): CategoryNames {
  const known = new Map<number, readonly string[]>()
  const unsure = new Set<number>()
  const columns = cats.objects('enc')
  if (columns.length !== 0 && columns.length !== width) {
    throw new ModelFault('E_MODEL_LENGTH', cats.at('enc'), `expected ${width} columns or none, found ${columns.length}`)
  }
  columns.forEach((column, index) => {
    const names = column.has('offsets') ? textNames(column) : numberNames(column)
    if (names === undefined) unsure.add(index)
    else if (names.length > 0) known.set(index, names)
  })
  return { known, unsure }
}

function textNames(column: ModelObject): readonly string[] | undefined {
  const bytes = Uint8Array.from(column.integers('values', undefined, -128, 255))
  const offsets = column.integers('offsets', undefined, 0, bytes.length)
  if (offsets.length === 0) return []
  if (
    offsets[0] !== 0 ||
    offsets.at(-1) !== bytes.length ||
    offsets.some((offset, i) => i > 0 && offset < offsets[i - 1]!)
  ) {
    throw new ModelFault('E_MODEL_CATEGORIES', column.at('offsets'), 'must ascend from 0 to the length of values')
  }
  if (bytes.some((byte) => byte > 0x7f)) return undefined
  return distinct(Array.from({ length: offsets.length - 1 }, (_, i) => decodeText(bytes, offsets[i]!, offsets[i + 1]!)))
}

function numberNames(column: ModelObject): readonly string[] | undefined {
  if (!column.has('values')) return []
  const values = Array.from(column.numbers('values'))
  return values.every(Number.isSafeInteger) ? distinct(values.map(String)) : undefined
}

/** One name for two codes means that the names are not what they were. */
function distinct(names: readonly string[]): readonly string[] | undefined {
  return new Set(names).size === names.length ? names : undefined
}
