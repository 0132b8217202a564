import { toJson } from '../cli-io.ts'
import type { LogRecord } from './slab-record.ts'
import type { DecodedValue, ValueDecoder } from './value-decoder.ts'

/** A record as commands print it: stable keys, JSON types. */
export interface RecordView {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: string
  readonly key: string | Uint8Array | null
  /** A name that comes twice has a list of values. */
  readonly headers: Readonly<Record<string, HeaderView>>
  readonly format: DecodedValue['format']
  readonly schemaId?: number
  readonly value: unknown
  readonly problem?: string
}
type HeaderValue = string | Uint8Array | null
type HeaderView = HeaderValue | readonly HeaderValue[]

export async function viewRecord(record: LogRecord, decoder: ValueDecoder): Promise<RecordView> {
  const decoded = await decoder.decode(record.value)
  const headers = new Map<string, HeaderValue[]>()
  for (const { name, value } of record.headers) {
    headers.set(name, [...(headers.get(name) ?? []), value === null ? null : readable(value)])
  }
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: new Date(record.timestampMs).toISOString(),
    key: record.key === null ? null : readable(record.key),
    headers: Object.fromEntries([...headers].map(([name, list]) => [name, list.length === 1 ? list[0]! : list])),
    format: decoded.format,
    ...(decoded.format === 'avro' ? { schemaId: decoded.schemaId } : {}),
    value: decoded.format === 'null' ? null : decoded.value,
    ...(decoded.format === 'binary' && decoded.problem !== undefined ? { problem: decoded.problem } : {}),
  }
}

/** One line: where, when, key, value. */
export function recordLine(view: RecordView): string {
  const key = typeof view.key === 'string' ? view.key : toJson(view.key)
  const problem = view.problem === undefined ? '' : `  (${view.problem})`
  return `${view.topic} ${view.partition}@${view.offset} ${view.timestamp} ${key} ${toJson(view.value)}${problem}`
}

/** Text when the bytes are text without control characters, else the bytes. */
function readable(bytes: Uint8Array): string | Uint8Array {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return /\p{Cc}/u.test(text) ? bytes : text
  } catch {
    return bytes
  }
}
