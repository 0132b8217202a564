import type { Mode } from '@sluice/contracts'
import { PredictionEncoder, type PredictionIdentity } from '@sluice/scoring'

/** Names that one version has had, at most; a rollout does not rename without end. */
export const ENCODERS_MAX = 64

export interface PredictionEncodersOptions {
  readonly identity: Omit<PredictionIdentity, 'variant' | 'mode' | 'schemaId'>
  readonly schemaIds: Readonly<Record<Mode, number>>
  /** Name of the version under a plan generation. */
  readonly variantOf: (mode: Mode, generation: number) => string
}

/** The encoder for each name and mode under which a version predicts. */
export class PredictionEncoders {
  readonly #o: PredictionEncodersOptions
  readonly #encoders: Readonly<Record<Mode, Map<string, PredictionEncoder>>> = { live: new Map(), shadow: new Map() }

  constructor(options: PredictionEncodersOptions) {
    this.#o = options
  }

  get(mode: Mode, generation: number): PredictionEncoder {
    const variant = this.#o.variantOf(mode, generation)
    const encoders = this.#encoders[mode]
    let encoder = encoders.get(variant)
    if (encoder === undefined) {
      if (encoders.size >= ENCODERS_MAX) encoders.clear()
      encoder = new PredictionEncoder({ ...this.#o.identity, variant, mode, schemaId: this.#o.schemaIds[mode] })
      encoders.set(variant, encoder)
    }
    return encoder
  }
}
