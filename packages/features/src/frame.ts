import type { RecordFault } from '@sluice/contracts'

/** Bytes before the body of a registry frame: a magic byte 0 and a big-endian int32 schema id. */
export const FRAME_HEADER_BYTES = 5

const MAGIC_ID = 0
const MAGIC_GUID = 1
const OPEN_BRACE = 0x7b
const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20

/** How a value is written. The caller owns one and passes it to `readFrame` for every record. */
export interface Frame {
  /** `registry`: framed with a schema id; `json`: plain JSON text. */
  kind: 'registry' | 'json'
  /** Id of the writer schema, -1 for plain JSON. */
  schemaId: number
  /** Where the body starts, in the array that holds the value. */
  bodyStart: number
}

const TRUNCATED: RecordFault = { code: 'E_FRAME_TRUNCATED', at: 'byte 0' }
const GUID: RecordFault = { code: 'E_FRAME_GUID', at: 'byte 0' }
const MAGIC: RecordFault = { code: 'E_FRAME_MAGIC', at: 'byte 0' }

export function newFrame(): Frame {
  return { kind: 'json', schemaId: -1, bodyStart: 0 }
}

/**
 * Tells how a value is written, from its first bytes. Allocates nothing; a null value (a tombstone) is the caller's.
 * Source of the form: Confluent's wire format, magic byte 0 for ids and 1 for GUIDs (which they put into headers).
 */
export function readFrame(bytes: Uint8Array, start: number, length: number, into: Frame): 0 | RecordFault {
  if (length === 0) return TRUNCATED
  const first = bytes[start]!
  if (first === MAGIC_ID) {
    if (length < FRAME_HEADER_BYTES) return TRUNCATED
    into.kind = 'registry'
    into.schemaId = (bytes[start + 1]! << 24) | (bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!
    into.bodyStart = start + FRAME_HEADER_BYTES
    return 0
  }
  if (first === OPEN_BRACE || first === SPACE || first === TAB || first === LINE_FEED || first === CARRIAGE_RETURN) {
    into.kind = 'json'
    into.schemaId = -1
    into.bodyStart = start
    return 0
  }
  return first === MAGIC_GUID ? GUID : MAGIC
}
