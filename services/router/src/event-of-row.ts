import { type NamedRow, RequestRefused } from '@sluice/runtime'

/** Deepest nesting that a dotted field name may describe. */
export const MAX_FIELD_DEPTH = 16
/** Longest entity key, in bytes of UTF-8. */
export const MAX_KEY_BYTES = 4_096

/** A row of an inference request as the record that goes into the endpoint's `events` topic. */
export interface RowEvent {
  readonly key: Uint8Array
  /** JSON in UTF-8, one member per field; a dotted name is a field of a nested record. */
  readonly value: Uint8Array
}

/** The key given beside the rows, as `parameters.key`; only for a request with one row. */
export type KeyParameter = string | number | boolean | undefined

/**
 * The events that the rows of a request describe. The key is the field the endpoint names, or `parameters.key`. Throws
 * RequestRefused that names the field.
 */
export function eventsOfRows(
  rows: readonly NamedRow[],
  keyField: string,
  parameter: KeyParameter,
): readonly RowEvent[] {
  const isInRows = keyField in rows[0]!
  if (isInRows && parameter !== undefined) {
    throw refused('parameters.key', `the key is given twice; leave out parameters.key or the tensor \`${keyField}\``)
  }
  if (!isInRows && parameter === undefined) {
    throw refused('inputs', `the entity key is missing; add a tensor \`${keyField}\`, or parameters.key for one row`)
  }
  if (!isInRows && rows.length !== 1) {
    throw refused('parameters.key', `${rows.length} rows cannot share one key; add a tensor \`${keyField}\``)
  }
  const encoder = new TextEncoder()
  return rows.map((row, i) => {
    const key = isInRows ? row[keyField] : parameter
    const keyText = entityKey(key, isInRows ? `${keyField}[${i}]` : 'parameters.key')
    const event = nested(isInRows ? row : { ...row, [keyField]: key })
    return { key: encoder.encode(keyText), value: encoder.encode(JSON.stringify(event)) }
  })
}

function entityKey(key: unknown, field: string): string {
  if (typeof key !== 'string' && !Number.isSafeInteger(key)) {
    throw refused(field, 'an entity key is a string or a whole number, and never missing')
  }
  const text = String(key)
  if (text === '') throw refused(field, 'an entity key has at least one character')
  if (!text.isWellFormed()) throw refused(field, 'the key has half of a surrogate pair, which has no UTF-8 form')
  if (Buffer.byteLength(text) > MAX_KEY_BYTES) throw refused(field, `the key has more than ${MAX_KEY_BYTES} bytes`)
  return text
}

interface EventRecord {
  [field: string]: unknown
}

/** Names that would reach a prototype in whoever reads the event with less care. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Dotted names become nested records. */
function nested(row: NamedRow): EventRecord {
  const event = emptyRecord()
  for (const name of Object.keys(row)) {
    const path = name.split('.')
    if (path.length > MAX_FIELD_DEPTH) throw refused(name, `is nested deeper than ${MAX_FIELD_DEPTH} fields`)
    if (path.includes('')) throw refused(name, 'has an empty part; write field or outer.field')
    if (path.some((part) => RESERVED.has(part))) throw refused(name, 'is a reserved name')
    let record = event
    for (const part of path.slice(0, -1)) {
      if (!(part in record)) record[part] = emptyRecord()
      const inner = record[part]
      if (!isRecord(inner)) throw refused(name, `lies within \`${part}\`, which has a value of its own`)
      record = inner
    }
    const last = path.at(-1)!
    if (last in record) throw refused(name, 'is given both as a value and as a record')
    record[last] = row[name]
  }
  return event
}

function emptyRecord(): EventRecord {
  return Object.create(null) as EventRecord
}

/** Values of a row are scalars, so every object in an event was made here. */
function isRecord(value: unknown): value is EventRecord {
  return typeof value === 'object' && value !== null
}

function refused(field: string, detail: string): RequestRefused {
  return new RequestRefused(400, 'invalid-event', field, `${field}: ${detail}`)
}
