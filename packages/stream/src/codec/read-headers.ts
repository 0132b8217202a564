import { MAX_VARINT_BYTES, readVarint, varintLength } from './varint.ts'

/** Where the parts of one header lie; a `valueLength` of -1 is a header without a value. */
export type HeaderVisitor = (nameStart: number, nameLength: number, valueStart: number, valueLength: number) => boolean

/** Where the value of a header was found. Owned and reused by the caller. */
export interface HeaderSpan {
  start: number
  /** -1 when the header has no value. */
  length: number
}

/** The header block does not hold what its count says. A decoded slab cannot cause it: its blocks were checked. */
export class HeaderBlockError extends Error {
  override readonly name = 'HeaderBlockError'
  readonly at: number
  constructor(at: number) {
    super(
      `the header block is malformed at byte ${at}; pass start, length and count of one record as the slab has them`,
    )
    this.at = at
  }
}

/** Calls `visit` for each header in order as long as it returns true. */
export function readHeaders(
  bytes: Uint8Array,
  start: number,
  length: number,
  count: number,
  visit: HeaderVisitor,
): void {
  const end = start + length
  let at = start
  for (let i = 0; i < count; i++) {
    const nameLength = lengthAt(bytes, at, end)
    const nameStart = at + varintLength(bytes, at, MAX_VARINT_BYTES)
    if (nameLength < 0) throw new HeaderBlockError(at)
    at = nameStart + nameLength
    const valueLength = lengthAt(bytes, at, end)
    const valueStart = at + varintLength(bytes, at, MAX_VARINT_BYTES)
    at = valueStart + Math.max(valueLength, 0)
    if (at > end) throw new HeaderBlockError(valueStart)
    if (!visit(nameStart, nameLength, valueStart, Math.max(valueLength, -1))) return
  }
  if (at !== end) throw new HeaderBlockError(at)
}

function lengthAt(bytes: Uint8Array, at: number, end: number): number {
  const size = at < end ? varintLength(bytes, at, MAX_VARINT_BYTES) : 0
  if (size === 0 || at + size > end) throw new HeaderBlockError(at)
  return readVarint(bytes, at, size)
}

/**
 * Finds the last header of a name: what Sluice adds comes after what a producer sent, so a forged one never wins.
 * Fills `found` with where the value lies in `bytes` and returns true, or returns false and leaves it alone.
 */
export function findHeader(
  bytes: Uint8Array,
  start: number,
  length: number,
  count: number,
  name: Uint8Array,
  found: HeaderSpan,
): boolean {
  const end = start + length
  let at = start
  let hit = false
  for (let i = 0; i < count; i++) {
    const nameLength = lengthAt(bytes, at, end)
    const nameStart = at + varintLength(bytes, at, MAX_VARINT_BYTES)
    if (nameLength < 0) throw new HeaderBlockError(at)
    at = nameStart + nameLength
    const valueLength = lengthAt(bytes, at, end)
    const valueStart = at + varintLength(bytes, at, MAX_VARINT_BYTES)
    at = valueStart + Math.max(valueLength, 0)
    if (at > end) throw new HeaderBlockError(valueStart)
    if (nameLength === name.length && equalBytes(bytes, nameStart, name)) {
      found.start = valueStart
      found.length = Math.max(valueLength, -1)
      hit = true
    }
  }
  return hit
}

function equalBytes(bytes: Uint8Array, start: number, other: Uint8Array): boolean {
  for (let i = 0; i < other.length; i++) {
    if (bytes[start + i] !== other[i]) return false
  }
  return true
}
