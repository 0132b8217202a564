/**
 * The checksum loop as a WebAssembly module, assembled here so that nothing has to be built or shipped: slicing-by-16 (as
 * zlib and Intel's slicing-by-8 paper, with sixteen tables) over two streams at once. One stream waits for its table loads most
 * of the time; the second one fills that wait. Over 155 KB: 1.4 GB/s in JavaScript, 2.3 with one stream, 2.85 with two.
 *
 * Memory: 16 tables of 1 KiB for bytes 0 to 15 behind the checksum, 4 tables of 1 KiB that move a checksum over
 * `STREAM_BYTES` of zeros, then the bytes to sum up.
 */
const POLYNOMIAL = 0x82f63b78
const TABLE_BYTES = 1024
const SLICES = 16
const SHIFT_TABLES_AT = SLICES * TABLE_BYTES
const SHIFT_TABLES = 4
/** Length of each of the two streams; longer inputs take several rounds, the rest goes through one stream. */
const STREAM_BYTES = 1024
export const DATA_AT = SHIFT_TABLES_AT + SHIFT_TABLES * TABLE_BYTES
const PAGE_BYTES = 64 * 1024
const PAGES = 5
export const DATA_BYTES = PAGES * PAGE_BYTES - DATA_AT

export interface ChecksumModule {
  readonly memory: Uint8Array
  /** Continues `crc` over memory from `start` to `end`; without the inversions before and after. */
  readonly update: (crc: number, start: number, end: number) => number
}

/** The part of the WebAssembly API in use: its types come only with the browser's library. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly update: ChecksumModule['update'] }
  }
}

export function instantiateChecksum(): ChecksumModule {
  const { memory, update } = new WebAssembly.Instance(new WebAssembly.Module(assemble())).exports
  fillTables(new Int32Array(memory.buffer, 0, DATA_AT / 4))
  return { memory: new Uint8Array(memory.buffer), update }
}

function fillTables(tables: Int32Array): void {
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  const overZero = (crc: number): number => (crc >>> 8) ^ tables[crc & 0xff]!
  for (let i = 256; i < SLICES * 256; i++) tables[i] = overZero(tables[i - 256]!)
  for (let place = 0; place < SHIFT_TABLES; place++) {
    for (let byte = 0; byte < 256; byte++) {
      let crc = byte << (8 * place)
      for (let i = 0; i < STREAM_BYTES; i++) crc = overZero(crc)
      tables[SHIFT_TABLES_AT / 4 + place * 256 + byte] = crc
    }
  }
}

type Code = readonly number[]

/** Opcodes and types of the WebAssembly core specification 1.0, section 5.4. */
const I32 = 0x7f
const ADD: Code = [0x6a]
const SUB: Code = [0x6b]
const AND: Code = [0x71]
const XOR: Code = [0x73]
const SHL: Code = [0x74]
const SHR_U: Code = [0x76]
const LT_U: Code = [0x49]
const EQ: Code = [0x46]
const END: Code = [0x0b]
const get = (local: number): Code => [0x20, local]
const set = (local: number): Code => [0x21, local]
const constant = (value: number): Code => [0x41, ...signed(value)]
const load = (offset: number): Code => [0x28, 2, ...unsigned(offset)]
const loadByte = (offset: number): Code => [0x2d, 0, ...unsigned(offset)]
const breakTo = (depth: number): Code => [0x0c, depth]
const breakIf = (depth: number): Code => [0x0d, depth]
/** Runs `body` until `leave` is true at its start. */
const loopUntil = (leave: Code, body: Code): Code => [
  ...[0x02, 0x40, 0x03, 0x40],
  ...[...leave, ...breakIf(1), ...body, ...breakTo(0)],
  ...[...END, ...END],
]

/** Parameters and locals of `update`. */
const CRC = 0
const AT = 1
const LAST = 2
const SECOND_CRC = 3
const STOP = 4
const FIRST_WORDS = [5, 6, 7, 8] as const
const SECOND_WORDS = [9, 10, 11, 12] as const
const LOCALS = 10

function assemble(): Uint8Array<ArrayBuffer> {
  const fewerLeft = (bytes: number): Code => [...get(LAST), ...get(AT), ...SUB, ...constant(bytes), ...LT_U]
  const advance = (bytes: number): Code => [...get(AT), ...constant(bytes), ...ADD, ...set(AT)]
  const bothStreams = loopUntil(fewerLeft(2 * STREAM_BYTES), [
    ...[...constant(0), ...set(SECOND_CRC)],
    ...[...get(AT), ...constant(STREAM_BYTES), ...ADD, ...set(STOP)],
    ...loopUntil(
      [...get(AT), ...get(STOP), ...EQ],
      [...sumSixteen(CRC, FIRST_WORDS, 0), ...sumSixteen(SECOND_CRC, SECOND_WORDS, STREAM_BYTES), ...advance(16)],
    ),
    // The first stream's checksum is moved behind the second stream.
    ...[0, 1, 2, 3].flatMap((byte) => [
      ...lookUp(CRC, byte, SHIFT_TABLES_AT + byte * TABLE_BYTES),
      ...(byte ? XOR : []),
    ]),
    ...[...get(SECOND_CRC), ...XOR, ...set(CRC)],
    ...advance(STREAM_BYTES),
  ])
  const oneStream = loopUntil(fewerLeft(16), [...sumSixteen(CRC, FIRST_WORDS, 0), ...advance(16)])
  const bytewise = loopUntil(
    [...get(AT), ...get(LAST), ...EQ],
    [
      ...[...get(CRC), ...get(AT), ...loadByte(0), ...XOR, ...set(STOP), ...lookUp(STOP, 0, 0)],
      ...[...get(CRC), ...constant(8), ...SHR_U, ...XOR, ...set(CRC)],
      ...advance(1),
    ],
  )
  const body = [1, LOCALS, I32, ...bothStreams, ...oneStream, ...bytewise, ...get(CRC), ...END]
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, I32, I32, 1, I32]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, PAGES]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('update'), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

/** Takes sixteen bytes at `AT + offset` into a checksum: four words, each byte through the table of its distance to the end. */
function sumSixteen(crc: number, words: readonly number[], offset: number): Code {
  const loads = words.flatMap((word, i) => [
    ...[...get(AT), ...load(offset + 4 * i)],
    ...(i === 0 ? [...get(crc), ...XOR] : []),
    ...set(word),
  ])
  const lookUps = words.flatMap((word, i) =>
    [0, 1, 2, 3].flatMap((byte) => [
      ...lookUp(word, byte, (SLICES - 1 - 4 * i - byte) * TABLE_BYTES),
      ...(i + byte > 0 ? XOR : []),
    ]),
  )
  return [...loads, ...lookUps, ...set(crc)]
}

/** The entry for one byte of a local in the table at `table`: the byte times four is its address. */
function lookUp(local: number, byte: number, table: number): Code {
  const timesFour = byte === 0 ? [...constant(2), ...SHL] : [...constant(8 * byte - 2), ...SHR_U]
  return [...get(local), ...timesFour, ...constant(0x3fc), ...AND, ...load(table)]
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content]
}

function name(text: string): Code {
  return [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))]
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): Code {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)]
}
