/**
 * CPU time of the record batch codec per record, against kafkajs and @platformatic/kafka on the same bytes, in turns. When
 * decoding, only Sluice verifies the checksum of a batch (about 60 ns of a record); its time is in the figures.
 * Run: `node bench/codec.ts [--records 1000] [--seconds 1]`. Every contender's output is summed up and compared first.
 */
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'
import { createRecordsBatch, Reader, readRecordsBatches } from '@platformatic/kafka'
import { BatchDecoder, HeaderBlockBuilder, RecordBatchBuilder, type Slab, SlabBuffer } from '@sluice/stream'

const require = createRequire(import.meta.url)
const { RecordBatch: KafkajsBatch } = require('kafkajs/src/protocol/recordBatch/v0')
const KafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0')
const KafkajsDecoder = require('kafkajs/src/protocol/decoder')
const kafkajsReadBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder')

const { values: flags } = parseArgs({
  options: { records: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '1' } },
})
const RECORDS = Number(flags.records)
const SECONDS = Number(flags.seconds)
const ROUNDS = 5
const T0 = 1_700_000_000_000
/** The size of an event of 28 features in Avro, and of an entity key. */
const VALUE_BYTES = 132
const KEY_BYTES = 13
/** Where the records begin in a batch without compression. */
const RECORDS_AT = 61

interface Sample {
  readonly key: Buffer
  readonly value: Buffer
  readonly timestamp: number
  readonly headers: Readonly<Record<string, Buffer>>
}

function samples(headerCount: number): Sample[] {
  return Array.from({ length: RECORDS }, (_, i) => ({
    key: Buffer.from(`customer-${String(i).padStart(KEY_BYTES - 9, '0')}`),
    value: Buffer.from(Uint8Array.from({ length: VALUE_BYTES }, (_, at) => (i * 31 + at * 7) & 0xff)),
    timestamp: T0 + i,
    headers: Object.fromEntries(
      Array.from({ length: headerCount }, (_, h) => [`header-${h}`, Buffer.from(`value-${h}`)]),
    ),
  }))
}

/** What a reader must at least look at: where every record lies, and a byte of it. */
function sumSlab(slab: Slab): number {
  const { bytes, keyStarts, keyLengths, valueStarts, valueLengths, offsetDeltas, timestamps, count } = slab
  let sum = 0
  for (let i = 0; i < count; i++) {
    const value = bytes[valueStarts[i]! + valueLengths[i]! - 1]!
    sum +=
      bytes[keyStarts[i]! + keyLengths[i]! - 1]! +
      3 * value +
      offsetDeltas[i]! +
      (timestamps[i]! - T0) +
      slab.headerCounts[i]!
  }
  return sum
}

type Contender = readonly [name: string, run: () => number | Promise<number>]

async function compare(title: string, contenders: readonly Contender[]): Promise<void> {
  const expected = await contenders[0]![1]()
  for (const [name, run] of contenders) {
    const sum = await run()
    if (sum !== expected) throw new Error(`${title}: ${name} gives ${sum}, ${contenders[0]![0]} gives ${expected}`)
  }
  const best = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of contenders) {
      const start = process.cpuUsage()
      const stopAt = performance.now() + (1000 * SECONDS) / ROUNDS
      let runs = 0
      do {
        await run()
        runs++
      } while (performance.now() < stopAt)
      const { user, system } = process.cpuUsage(start)
      const nanoseconds = ((user + system) * 1000) / (runs * RECORDS)
      best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, nanoseconds))
    }
  }
  const ours = best.get(contenders[0]![0])!
  console.log(`\n${title}`)
  for (const [name, nanoseconds] of best) {
    console.log(
      `  ${name.padEnd(24)}${nanoseconds.toFixed(0).padStart(7)} ns per record${(nanoseconds / ours).toFixed(1).padStart(8)} x`,
    )
  }
}

console.log(
  `${RECORDS} records of ${KEY_BYTES} + ${VALUE_BYTES} bytes per batch, best of ${ROUNDS} turns, Node.js ${process.version}`,
)
for (const headerCount of [0, 3]) {
  const records = samples(headerCount)
  const batch = Buffer.from(
    createRecordsBatch(
      records.map(({ key, value, timestamp, headers }) => ({
        key,
        value,
        timestamp: BigInt(timestamp),
        topic: 't',
        headers: new Map(Object.entries(headers).map(([name, header]) => [Buffer.from(name), header])),
      })),
    ).buffer,
  )
  const slab = new SlabBuffer()
  const decoder = new BatchDecoder()
  const options = { topic: 't', partition: 0, fetchOffset: 0n, isolation: 'read_committed' } as const
  await compare(`decode a batch, ${headerCount} headers`, [
    ['sluice', () => sumSlab(decoder.decode(batch, options, slab))],
    [
      'kafkajs',
      async () => {
        const read = await kafkajsReadBatch(new KafkajsDecoder(batch))
        let sum = 0
        for (const { key, value, offset, timestamp, headers } of read.records) {
          sum += key.at(-1) + 3 * value.at(-1) + Number(offset) + (Number(timestamp) - T0) + Object.keys(headers).length
        }
        return sum
      },
    ],
    [
      '@platformatic/kafka',
      () => {
        let sum = 0
        for (const { firstTimestamp, records: read } of readRecordsBatches(Reader.from(batch))) {
          for (const { key, value, offsetDelta, timestampDelta, headers } of read) {
            sum +=
              key!.at(-1)! +
              3 * value!.at(-1)! +
              offsetDelta +
              Number(firstTimestamp + timestampDelta) -
              T0 +
              headers.length
          }
        }
        return sum
      },
    ],
  ])

  // Encoding is measured from bytes in one buffer, as a loop over a slab finds them, to a finished batch with its checksum.
  const bytes = new Uint8Array(Buffer.concat(records.flatMap(({ key, value }) => [key, value])))
  const builder = new RecordBatchBuilder()
  const block = new HeaderBlockBuilder()
  for (const [name, value] of Object.entries(records[0]!.headers)) block.binary(name, value)
  const keysOf = Array.from(records, (_, i) => Buffer.from(bytes.buffer, i * (KEY_BYTES + VALUE_BYTES), KEY_BYTES))
  const valuesOf = Array.from(records, (_, i) =>
    Buffer.from(bytes.buffer, i * (KEY_BYTES + VALUE_BYTES) + KEY_BYTES, VALUE_BYTES),
  )
  const headerMap = new Map(Object.entries(records[0]!.headers).map(([name, value]) => [Buffer.from(name), value]))
  await compare(`encode a batch, ${headerCount} headers`, [
    [
      'sluice',
      () => {
        builder.reset()
        for (let i = 0, at = 0; i < RECORDS; i++, at += KEY_BYTES + VALUE_BYTES) {
          builder.key(bytes, at, KEY_BYTES)
          builder.value(bytes, at + KEY_BYTES, VALUE_BYTES)
          if (headerCount > 0) builder.extraHeaders(block)
          builder.add(T0 + i)
        }
        return recordsChecksum(builder.seal())
      },
    ],
    [
      'kafkajs',
      async () => {
        const encoded = records.map((_, i) =>
          KafkajsRecord({
            offsetDelta: i,
            timestampDelta: i,
            key: keysOf[i],
            value: valuesOf[i],
            headers: records[0]!.headers,
          }),
        )
        const sealed = await KafkajsBatch({
          firstTimestamp: T0,
          maxTimestamp: T0 + RECORDS - 1,
          producerEpoch: -1,
          firstSequence: -1,
          lastOffsetDelta: RECORDS - 1,
          records: encoded,
        })
        return recordsChecksum(sealed.buffer)
      },
    ],
    [
      '@platformatic/kafka',
      () => {
        const messages = records.map((_, i) => ({
          key: keysOf[i]!,
          value: valuesOf[i]!,
          timestamp: BigInt(T0 + i),
          topic: 't',
          headers: headerMap,
        }))
        return recordsChecksum(createRecordsBatch(messages).buffer)
      },
    ],
  ])
}

/** The bytes of the records must be the same; the clients fill producer fields of the batch header differently. */
function recordsChecksum(batch: Uint8Array): number {
  return crc32(batch.subarray(RECORDS_AT))
}
