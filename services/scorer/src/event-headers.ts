import { HEADERS, type Mode } from '@sluice/contracts'
import { readHeaders, type Slab } from '@sluice/stream'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const ORIGIN = ascii(HEADERS.origin)
const PLAN = ascii(HEADERS.plan)
const MODE = ascii(HEADERS.mode)
const CE_ID = ascii('ce_id')
const TRACEPARENT = ascii('traceparent')
const TRACESTATE = ascii('tracestate')
const REPLAY = ascii(HEADERS.replay)
const SHADOW = ascii('shadow')

/** Longest `ce_id` that is carried into the prediction, in bytes; a longer one is left out rather than cut. */
export const CE_ID_BYTES_MAX = 1024

/** Headers that the router adds, in this order and without others between them. */
export const ROUTER_HEADERS = 3
/** An int32 and an int64 in decimal. */
const PARTITION_DIGITS_MAX = 10
const OFFSET_DIGITS_MAX = 19
/** Names of up to 63 bytes have a length varint of one byte, which lies before them. */
const NAME_LENGTH_BYTES = 1

/** A stretch of the slab's bytes; a length of -1 means absent. */
export interface Span {
  start: number
  length: number
}

/**
 * What the scorer needs from a record's headers, read in one pass into an object that is used again for every record.
 * Where a header comes twice, the last one counts: the router's come after the producer's.
 */
export class EventHeaders {
  /** Position in the endpoint's events topic, as the decimal digits that the router wrote. */
  readonly origin = {
    bytes: new Uint8Array(0) as Uint8Array,
    partitionStart: 0,
    partitionLength: 0,
    offsetStart: 0,
    offsetLength: 0,
  }
  plan = 0
  mode: Mode = 'live'
  readonly ceId: Span = { start: 0, length: -1 }
  /** The router's headers as they lie in the slab, one after the other: `ROUTER_HEADERS` of them. */
  readonly router: Span = { start: 0, length: -1 }
  /** The trace context headers as they lie in the slab, names included. */
  readonly traceparent: Span = { start: 0, length: -1 }
  readonly tracestate: Span = { start: 0, length: -1 }
  /** Says that the record is a dead letter that was put back: its id may be lower than ones seen before. */
  readonly replay: Span = { start: 0, length: -1 }

  #bytes: Uint8Array = new Uint8Array(0)
  #hasOrigin = false
  #hasPlan = false
  #routerCount = 0

  /** Reads record `index`; false when the headers that the router adds are not there or say nothing sensible. */
  read(slab: Slab, index: number): boolean {
    this.#bytes = slab.bytes
    this.#hasOrigin = false
    this.#hasPlan = false
    this.#routerCount = 0
    this.mode = 'live'
    this.ceId.length = -1
    this.traceparent.length = -1
    this.tracestate.length = -1
    this.router.length = -1
    this.replay.length = -1
    readHeaders(
      slab.bytes,
      slab.headerStarts[index]!,
      slab.headerLengths[index]!,
      slab.headerCounts[index]!,
      this.#visit,
    )
    return (
      this.#hasOrigin && this.#hasPlan && this.#routerCount === ROUTER_HEADERS && this.#partition() === slab.partition
    )
  }

  readonly #visit = (nameStart: number, nameLength: number, valueStart: number, valueLength: number): boolean => {
    const end = valueStart + valueLength
    if (this.#is(ORIGIN, nameStart, nameLength)) {
      this.#hasOrigin = this.#readOrigin(valueStart, valueLength)
      this.#routerCount = 1
      this.#span(this.router, nameStart, end)
    } else if (this.#is(PLAN, nameStart, nameLength)) {
      this.plan = this.#digits(valueStart, end)
      this.#hasPlan = this.plan >= 0
      this.#extendRouter(nameStart, end)
    } else if (this.#is(MODE, nameStart, nameLength)) {
      this.mode = this.#is(SHADOW, valueStart, valueLength) ? 'shadow' : 'live'
      this.#extendRouter(nameStart, end)
    } else if (this.#is(CE_ID, nameStart, nameLength)) {
      this.ceId.start = valueStart
      this.ceId.length = valueLength > CE_ID_BYTES_MAX ? -1 : valueLength
    } else if (this.#is(TRACEPARENT, nameStart, nameLength)) this.#span(this.traceparent, nameStart, end)
    else if (this.#is(TRACESTATE, nameStart, nameLength)) this.#span(this.tracestate, nameStart, end)
    else if (this.#is(REPLAY, nameStart, nameLength)) this.#span(this.replay, nameStart, end)
    return true
  }

  #partition(): number {
    const { partitionStart, partitionLength } = this.origin
    return this.#digits(partitionStart, partitionStart + partitionLength)
  }

  #extendRouter(nameStart: number, end: number): void {
    const { router } = this
    if (router.start + router.length !== nameStart - NAME_LENGTH_BYTES) return
    router.length = end - router.start
    this.#routerCount++
  }

  #readOrigin(start: number, length: number): boolean {
    const { origin } = this
    const end = start + length
    let colon = start
    while (colon < end && this.#bytes[colon] !== 0x3a) colon++
    origin.bytes = this.#bytes
    origin.partitionStart = start
    origin.partitionLength = colon - start
    origin.offsetStart = colon + 1
    origin.offsetLength = end - colon - 1
    return this.#isNumber(start, colon, PARTITION_DIGITS_MAX) && this.#isNumber(colon + 1, end, OFFSET_DIGITS_MAX)
  }

  /** Digits as a number is written: at least one, no leading zero. */
  #isNumber(start: number, end: number, digitsMax: number): boolean {
    if (end <= start || end - start > digitsMax) return false
    if (this.#bytes[start] === 0x30 && end - start > 1) return false
    for (let at = start; at < end; at++) if (this.#bytes[at]! < 0x30 || this.#bytes[at]! > 0x39) return false
    return true
  }

  /** A non-negative decimal number of at most 15 digits, or -1. */
  #digits(start: number, end: number): number {
    if (end <= start || end - start > 15) return -1
    let value = 0
    for (let at = start; at < end; at++) {
      const digit = this.#bytes[at]! - 0x30
      if (digit < 0 || digit > 9) return -1
      value = value * 10 + digit
    }
    return value
  }

  /** A whole header, from its name's length to the end of its value. */
  #span(span: Span, nameStart: number, end: number): void {
    span.start = nameStart - NAME_LENGTH_BYTES
    span.length = end - span.start
  }

  #is(name: Uint8Array, start: number, length: number): boolean {
    if (length !== name.length) return false
    for (let i = 0; i < length; i++) if (this.#bytes[start + i] !== name[i]) return false
    return true
  }
}
