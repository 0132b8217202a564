import type { RecordFault } from '@sluice/contracts'
import type { ByteVocabulary } from '../byte-vocabulary.ts'
import type { IntegerVocabulary } from '../integer-vocabulary.ts'

/**
 * Operations of a decoder program, each followed by its operands in the same int32 array. `col` is a column, `to` a position
 * in the program, `reject` 0 or 1.
 *
 * Every operation but the jumps, `Call`, `Return`, `Constant` and the marks consumes input, and the compiler emits none of
 * those in a loop of its own: running time is bounded by the bytes of the record.
 */
export const OP = {
  /** Ends the program; bytes that are left over are a fault. */
  end: 0,
  /** col, reject: a 4-byte float into a number column. */
  floatNumber: 1,
  /** col, reject: an 8-byte double into a number column. */
  doubleNumber: 2,
  /** col: an int (varint of at most 5 bytes) into a number column. */
  intNumber: 3,
  /** col: a long (varint of at most 10 bytes) into a number column. */
  longNumber: 4,
  /** n, to × n: reads a branch index and goes where it says. */
  union: 5,
  /** col, branch, to: a union of null and one other type. Null is missing and goes `to`; otherwise the value follows. */
  nullable: 6,
  /** to */
  jump: 7,
  /** col, constant: a value that no bytes stand for. */
  constant: 8,
  /** col, vocabulary, reject: a string or bytes into a category column. */
  textCategory: 9,
  /** col, table, reject: an enum into a category column; the table has a category per symbol. */
  enumCategory: 10,
  /** col: a boolean into a boolean column. */
  boolean: 11,
  /** col: a long that must be 0 or 1 into a boolean column. */
  longBoolean: 12,
  /** col, vocabulary, reject: a long into a category column by its text. */
  longCategory: 13,
  /** col, category of false, category of true, reject. */
  booleanCategory: 14,
  /** bytes: steps over values whose size the schema fixes. */
  advance: 15,
  skipInt: 16,
  skipLong: 17,
  /** A string, bytes value or map key. */
  skipBytes: 18,
  /** Opens the blocks of an array or map. */
  enterItems: 19,
  /** to: takes the next item, or closes the blocks and goes `to`. */
  nextItem: 20,
  /** size: steps over the blocks of an array whose items all have that size, which may be 0. */
  skipFixedItems: 21,
  /** to */
  call: 22,
  return: 23,
  /** fault: ends the record with a fault known at compile time. */
  fault: 24,
  /** Remembers the position, for a field that several columns read. */
  mark: 25,
  /** Goes back to the mark. */
  rewind: 26,
} as const

/** What `AvroDecoder` runs. Operands that are no int32 lie in the pools. */
export interface Program {
  readonly code: Int32Array
  readonly constants: Float32Array
  readonly faults: readonly RecordFault[]
  readonly texts: readonly ByteVocabulary[]
  readonly integers: readonly IntegerVocabulary[]
  /** Per enum: category of each symbol, -1 where the vocabulary has none. */
  readonly symbolTables: readonly Int32Array[]
  /** Feature names by column, for faults. */
  readonly names: readonly string[]
}
