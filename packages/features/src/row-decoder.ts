import type { RecordFault } from '@sluice/contracts'
import type { FeatureBatch } from './feature-batch.ts'
import type { FeatureSpec } from './feature-spec.ts'
import { FeatureEncoder } from './feature-value.ts'

/** Rows that carry features by name, `{"tenure": 5, "plan": "basic"}`: files of rows, REST and golden rows. */
export interface RowDecoder {
  readonly width: number
  /** Writes one row. Names that are no feature are left alone; `null` and absent names are missing. */
  decodeRow(named: Readonly<Record<string, unknown>>, batch: FeatureBatch, row: number): 0 | RecordFault
}

export interface RowDecoderOptions {
  /** Number features also read `"NaN"`, `"Infinity"` and `"-Infinity"`: what golden rows use. Default false. */
  readonly nonFiniteText?: boolean
}

export function compileRowDecoder(features: readonly FeatureSpec[], options: RowDecoderOptions = {}): RowDecoder {
  const encoders = features.map((feature) => new FeatureEncoder(feature))
  const nonFiniteText = options.nonFiniteText ?? false
  return {
    width: features.length,
    decodeRow(named, batch, row) {
      const base = batch.rowBase(row)
      for (let column = 0; column < encoders.length; column++) {
        const encoder = encoders[column]!
        const name = encoder.feature.name
        const value = Object.hasOwn(named, name) ? named[name] : undefined
        const encoded = nonFiniteText ? encoder.encodeWithNonFiniteText(value) : encoder.encode(value)
        if (typeof encoded !== 'number') return encoded
        batch.values[base + column * batch.columnStride] = encoded
      }
      return 0
    },
  }
}
