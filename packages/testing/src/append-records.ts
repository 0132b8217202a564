import { HeaderBlockBuilder, type Log, RecordBatchBuilder } from '@sluice/stream'

/** A record to be written as it is; an absent key or value is null. */
export interface RecordToAppend {
  readonly partition: number
  readonly key?: Uint8Array | null
  readonly value?: Uint8Array | null
  readonly headers?: readonly (readonly [name: string, text: string])[]
}

export interface AppendOptions {
  readonly timestampMs: number
  /** Largest batch, in bytes; default is what a topic takes that says nothing. */
  readonly maxBatchBytes?: number
}

/** Where a record came to lie. */
export interface AppendedRecord {
  readonly partition: number
  readonly offset: bigint
}

/** Writes records in their order per partition and resolves, once all are acknowledged, with where each lies. */
export async function appendRecords(
  log: Log,
  topic: string,
  records: readonly RecordToAppend[],
  { timestampMs, maxBatchBytes }: AppendOptions,
): Promise<readonly AppendedRecord[]> {
  const size = maxBatchBytes === undefined ? {} : { maxBytes: maxBatchBytes }
  const open = new Map<number, { readonly builder: RecordBatchBuilder; records: number[] }>()
  const sent: number[][] = []
  const writer = await log.openWriter()
  try {
    const send = (partition: number, batch: { readonly builder: RecordBatchBuilder; records: number[] }): void => {
      writer.append(topic, partition, batch.builder)
      sent.push(batch.records)
      batch.builder.reset()
      batch.records = []
    }
    for (const [index, { partition, key = null, value = null, headers = [] }] of records.entries()) {
      const block = new HeaderBlockBuilder()
      for (const [name, text] of headers) block.text(name, text)
      let batch = open.get(partition)
      if (batch === undefined) {
        batch = { builder: new RecordBatchBuilder(size), records: [] }
        open.set(partition, batch)
      }
      if (!batch.builder.fits(key?.length ?? 0, value?.length ?? 0, block.length)) send(partition, batch)
      if (key !== null) batch.builder.key(key, 0, key.length)
      if (value !== null) batch.builder.value(value, 0, value.length)
      batch.builder.extraHeaders(block)
      batch.builder.add(timestampMs)
      batch.records.push(index)
    }
    for (const [partition, batch] of open) if (batch.records.length > 0) send(partition, batch)
    const appended: AppendedRecord[] = []
    for (const [i, { partition, baseOffset }] of (await writer.flush()).entries()) {
      for (const [place, index] of sent[i]!.entries())
        appended[index] = { partition, offset: baseOffset + BigInt(place) }
    }
    return appended
  } finally {
    await writer.close()
  }
}
