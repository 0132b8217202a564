import type { RecordFault } from '@sluice/contracts'
import type { DecoderLimits } from '../decoder-limits.ts'
import type { FeatureBatch } from '../feature-batch.ts'
import type { FeatureDecoder } from '../feature-decoder.ts'
import { type FeatureSpec, sourcePath } from '../feature-spec.ts'
import { FeatureEncoder, type FeatureValue } from '../feature-value.ts'
import { checkJsonBounds } from './json-bounds.ts'

const UNDECODABLE: RecordFault = { code: 'E_RECORD_UNDECODABLE', at: 'JSON' }

/**
 * Decodes JSON events by `JSON.parse`: what an event means is what this decoder says. The scanner is faster and falls back
 * to it for everything unusual, faults included.
 */
export class JsonTextDecoder implements FeatureDecoder {
  readonly width: number
  readonly #columns: readonly { readonly encoder: FeatureEncoder; readonly path: readonly string[] }[]
  readonly #limits: DecoderLimits
  /** A byte order mark stays, so that it is no JSON; bytes that are no UTF-8 are an error. */
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(features: readonly FeatureSpec[], limits: DecoderLimits) {
    this.width = features.length
    this.#limits = limits
    this.#columns = features.map((feature) => ({ encoder: new FeatureEncoder(feature), path: sourcePath(feature) }))
  }

  decode(bytes: Uint8Array, start: number, length: number, batch: FeatureBatch, row: number): 0 | RecordFault {
    const bounds = checkJsonBounds(bytes, start, length, this.#limits)
    if (bounds !== 0) return bounds
    const event = this.#parse(bytes.subarray(start, start + length))
    if (!isObject(event)) return UNDECODABLE
    const base = batch.rowBase(row)
    for (let column = 0; column < this.#columns.length; column++) {
      const { encoder, path } = this.#columns[column]!
      const value = valueAt(event, path, encoder)
      if (typeof value !== 'number') return value
      batch.values[base + column * batch.columnStride] = value
    }
    return 0
  }

  #parse(bytes: Uint8Array): unknown {
    try {
      return JSON.parse(this.#utf8.decode(bytes))
    } catch {
      return undefined // The caller reports it; the parser's message would quote the payload.
    }
  }
}

/** Walks own properties alone, so that no name reaches a prototype. A value that has no fields is a type fault. */
function valueAt(event: object, path: readonly string[], encoder: FeatureEncoder): FeatureValue {
  let value: unknown = event
  for (const part of path) {
    if (value === null || value === undefined) return encoder.missing()
    if (!isObject(value)) return encoder.typeFault()
    value = Object.hasOwn(value, part) ? value[part] : undefined
  }
  return encoder.encode(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
