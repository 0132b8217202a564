import { invariant, type Mode } from '@sluice/contracts'

/** Where the decimal digits of an event's position lie: the router wrote them into a header, so ids need no formatting. */
export interface OriginDigits {
  readonly bytes: Uint8Array
  readonly partitionStart: number
  readonly partitionLength: number
  readonly offsetStart: number
  readonly offsetLength: number
}

/** What is the same for all predictions of one encoder. */
export interface PredictionIdentity {
  readonly endpoint: string
  readonly model: string
  readonly version: number
  readonly variant: string
  readonly mode: Mode
  /** What can be decided; `write` takes an index into it. */
  readonly labels: readonly string[]
  /** Values per row of the model. */
  readonly outputs: number
  /** Id of `schemas/prediction.avsc` in the registry. */
  readonly schemaId: number
}

const FRAME_BYTES = 5
const VARLONG_BYTES_MAX = 10
const FLOAT_BYTES = 4
const FIRST_BYTES = 512
const DOT = 0x2e
const TWO_31 = 2 ** 31

/**
 * Writes predictions as `schemas/prediction.avsc` in the registry's frame, one at a time into the same memory. Everything
 * that does not change between predictions is encoded once.
 */
export class PredictionEncoder {
  readonly variant: string
  readonly #outputs: number
  readonly #frame: Uint8Array
  /** `<endpoint>.<version>.` and `<endpoint>.`, the starts of the two ids. */
  readonly #predictionPrefix: Uint8Array
  readonly #eventPrefix: Uint8Array
  /** Fields endpoint, model, version, variant and mode. */
  readonly #identity: Uint8Array
  readonly #labels: readonly Uint8Array[]
  #bytes = new Uint8Array(FIRST_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  constructor(identity: PredictionIdentity) {
    this.variant = identity.variant
    this.#outputs = identity.outputs
    this.#frame = new Uint8Array(FRAME_BYTES)
    new DataView(this.#frame.buffer).setInt32(1, identity.schemaId)
    const utf8 = new TextEncoder()
    this.#predictionPrefix = utf8.encode(`${identity.endpoint}.${identity.version}.`)
    this.#eventPrefix = utf8.encode(`${identity.endpoint}.`)
    this.#identity = concat([
      avroString(identity.endpoint),
      avroString(identity.model),
      avroLong(identity.version),
      avroString(identity.variant),
      avroLong(identity.mode === 'live' ? 0 : 1),
    ])
    this.#labels = identity.labels.map(avroString)
  }

  /** The bytes of the prediction written last are the first `length` of these; valid until the next `write`. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  get length(): number {
    return this.#at
  }

  /**
   * Writes one prediction.
   *
   * Scores   `scores[row * outputs ...]`; `score` is the one the prediction carries by itself.
   * ceId     bytes of the producer's own id, `ceIdLength` -1 when there is none.
   */
  write(
    origin: OriginDigits,
    prediction: {
      readonly score: number
      readonly decision: number
      readonly plan: number
      readonly eventTimeMs: number
    },
    scores: Float32Array,
    row: number,
    ceId: Uint8Array,
    ceIdStart: number,
    ceIdLength: number,
  ): void {
    const label = this.#labels[prediction.decision]
    invariant(label !== undefined, `decision ${prediction.decision} has no label`)
    const idBytes =
      this.#predictionPrefix.length + this.#eventPrefix.length + 2 * (origin.partitionLength + 1 + origin.offsetLength)
    const numbers = 6 * VARLONG_BYTES_MAX + (this.#outputs + 1) * FLOAT_BYTES
    this.#reserve(FRAME_BYTES + idBytes + this.#identity.length + numbers + label.length + Math.max(ceIdLength, 0))
    this.#at = 0
    this.#copy(this.#frame)
    this.#id(this.#predictionPrefix, origin)
    this.#id(this.#eventPrefix, origin)
    this.#copy(this.#identity)
    this.#float(prediction.score)
    if (this.#outputs > 1) {
      this.#long(this.#outputs)
      for (let i = 0; i < this.#outputs; i++) this.#float(scores[row * this.#outputs + i]!)
    }
    this.#bytes[this.#at++] = 0 // End of the array of scores.
    this.#copy(label)
    this.#long(prediction.plan)
    this.#long(prediction.eventTimeMs)
    if (ceIdLength < 0) this.#bytes[this.#at++] = 0
    else {
      this.#bytes[this.#at++] = 2 // Second branch of the union.
      this.#long(ceIdLength)
      this.#copyFrom(ceId, ceIdStart, ceIdLength)
    }
  }

  #id(prefix: Uint8Array, origin: OriginDigits): void {
    this.#long(prefix.length + origin.partitionLength + 1 + origin.offsetLength)
    this.#copy(prefix)
    this.#copyFrom(origin.bytes, origin.partitionStart, origin.partitionLength)
    this.#bytes[this.#at++] = DOT
    this.#copyFrom(origin.bytes, origin.offsetStart, origin.offsetLength)
  }

  #copy(from: Uint8Array): void {
    this.#copyFrom(from, 0, from.length)
  }

  #copyFrom(from: Uint8Array, start: number, length: number): void {
    // A byte loop beats `set` with a view for the few dozen bytes at hand.
    let at = this.#at
    for (let i = start; i < start + length; i++) this.#bytes[at++] = from[i]!
    this.#at = at
  }

  #float(value: number): void {
    this.#view.setFloat32(this.#at, value, true)
    this.#at += FLOAT_BYTES
  }

  #long(value: number): void {
    this.#at = writeLong(this.#bytes, this.#at, value)
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return
    this.#bytes = new Uint8Array(2 * bytes)
    this.#view = new DataView(this.#bytes.buffer)
  }
}

/** Avro's long: zigzag, then seven bits a byte, low ones first. For whole numbers of up to 53 bits. */
function writeLong(bytes: Uint8Array, start: number, value: number): number {
  let at = start
  const magnitude = value < 0 ? -value - 1 : value
  let high = Math.floor(magnitude / TWO_31)
  let low = (((magnitude % TWO_31) << 1) | (value < 0 ? 1 : 0)) >>> 0
  while (high > 0 || low > 0x7f) {
    bytes[at++] = (low & 0x7f) | 0x80
    low = ((low >>> 7) | (high << 25)) >>> 0
    high >>>= 7
  }
  bytes[at++] = low
  return at
}

function avroLong(value: number): Uint8Array {
  const bytes = new Uint8Array(VARLONG_BYTES_MAX)
  return bytes.subarray(0, writeLong(bytes, 0, value))
}

function avroString(text: string): Uint8Array {
  const utf8 = new TextEncoder().encode(text)
  return concat([avroLong(utf8.length), utf8])
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
