import type { RecordFault } from '@sluice/contracts'
import type { CategoryFeature, FeatureSpec, NumberFeature } from './feature-spec.ts'

/** What a feature makes of a JavaScript value: the float32 for its column, or the fault. */
export type FeatureValue = number | RecordFault

/** Texts that stand for the numbers JSON has no token for. Only rows that Sluice or a training script wrote use them. */
const NON_FINITE_TEXTS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

/**
 * Encodes values of one feature that are already JavaScript values: JSON events, rows by name, defaults of a schema. It is
 * the reference for what a value means; the byte decoders must agree with it.
 */
export class FeatureEncoder {
  readonly feature: FeatureSpec
  readonly #categories: ReadonlyMap<string, number>

  constructor(feature: FeatureSpec) {
    this.feature = feature
    this.#categories = new Map(feature.type === 'category' ? feature.categories.map((text, i) => [text, i]) : [])
  }

  /** `null` and `undefined` are missing. A string is never a number: producers that quote numbers have a bug to mend. */
  encode(value: unknown): FeatureValue {
    if (value === null || value === undefined) return this.missing()
    switch (this.feature.type) {
      case 'number':
        return typeof value === 'number' ? this.#number(this.feature, value) : this.typeFault()
      case 'boolean':
        if (value === true || value === 1) return 1
        return value === false || value === 0 ? 0 : this.typeFault()
      case 'category':
        return this.#category(this.feature, value)
    }
  }

  /** As `encode`, and a number feature also reads `"NaN"`, `"Infinity"` and `"-Infinity"`. */
  encodeWithNonFiniteText(value: unknown): FeatureValue {
    const number = this.feature.type === 'number' ? NON_FINITE_TEXTS.get(value) : undefined
    return this.encode(number ?? value)
  }

  missing(): FeatureValue {
    return this.feature.missing === 'allow' ? Number.NaN : { code: 'E_FEATURE_MISSING', at: this.feature.name }
  }

  typeFault(): RecordFault {
    return { code: 'E_FEATURE_TYPE', at: this.feature.name }
  }

  #number(feature: NumberFeature, value: number): FeatureValue {
    const rounded = Math.fround(value)
    if (feature.nonFinite === 'reject' && !Number.isFinite(rounded))
      return { code: 'E_FEATURE_NOT_FINITE', at: feature.name }
    return rounded
  }

  /** Whole numbers and booleans are compared by their text. A fraction has no one text, so it is a type fault. */
  #category(feature: CategoryFeature, value: unknown): FeatureValue {
    const isText = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)
    if (!isText) return this.typeFault()
    const index = this.#categories.get(String(value))
    if (index !== undefined) return index
    return feature.unseen === 'missing' ? Number.NaN : { code: 'E_FEATURE_UNSEEN_CATEGORY', at: feature.name }
  }
}
