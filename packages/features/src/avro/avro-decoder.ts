import type { FaultCode, RecordFault } from '@sluice/contracts'
import type { DecoderLimits } from '../decoder-limits.ts'
import type { FeatureBatch } from '../feature-batch.ts'
import type { FeatureDecoder } from '../feature-decoder.ts'
import { AvroCursor } from './avro-cursor.ts'
import { OP, type Program } from './program.ts'

const TWO_POW_32 = 2 ** 32

/** Runs a program over the bytes of one record after another. */
export class AvroDecoder implements FeatureDecoder {
  readonly width: number
  readonly #program: Program
  readonly #cursor: AvroCursor
  /** Return addresses of calls and items left in open blocks. One entry less than the depth limit: the event itself is one. */
  readonly #stack: Int32Array

  constructor(program: Program, limits: DecoderLimits) {
    this.width = program.names.length
    this.#program = program
    this.#cursor = new AvroCursor(limits)
    this.#stack = new Int32Array(limits.maxDepth - 1)
  }

  decode(bytes: Uint8Array, start: number, length: number, batch: FeatureBatch, row: number): 0 | RecordFault {
    this.#cursor.open(bytes, start, length)
    const fault = this.#run(batch.values, batch.rowBase(row), batch.columnStride)
    if (fault !== UNDECODABLE) return fault
    return { code: this.#cursor.faultCode, at: `byte ${this.#cursor.position - start}` }
  }

  /**
   * The loop over operations, in the order of their frequency. `UNDECODABLE` stands for what the cursor has to say; making
   * that fault here would need the start of the record in every case.
   */
  #run(values: Float32Array, base: number, stride: number): 0 | RecordFault {
    const { code, constants, faults, texts, integers, symbolTables } = this.#program
    const cursor = this.#cursor
    const stack = this.#stack
    let pc = 0
    let top = -1
    let marked = 0
    for (;;) {
      switch (code[pc]) {
        case OP.floatNumber: {
          const at = cursor.position
          if (!cursor.advance(4)) return UNDECODABLE
          const value = cursor.view.getFloat32(at, true)
          if (code[pc + 2] === 1 && !Number.isFinite(value)) return this.#fault('E_FEATURE_NOT_FINITE', code[pc + 1]!)
          values[base + code[pc + 1]! * stride] = value
          pc += 3
          break
        }
        case OP.doubleNumber: {
          const at = cursor.position
          if (!cursor.advance(8)) return UNDECODABLE
          const value = Math.fround(cursor.view.getFloat64(at, true))
          if (code[pc + 2] === 1 && !Number.isFinite(value)) return this.#fault('E_FEATURE_NOT_FINITE', code[pc + 1]!)
          values[base + code[pc + 1]! * stride] = value
          pc += 3
          break
        }
        case OP.intNumber:
          if (!cursor.int()) return UNDECODABLE
          values[base + code[pc + 1]! * stride] = cursor.low
          pc += 2
          break
        case OP.longNumber:
          if (!cursor.long()) return UNDECODABLE
          values[base + code[pc + 1]! * stride] = cursor.high * TWO_POW_32 + (cursor.low >>> 0)
          pc += 2
          break
        case OP.nullable:
          if (!cursor.long()) return UNDECODABLE
          if (cursor.high !== 0 || (cursor.low !== 0 && cursor.low !== 1)) return UNDECODABLE
          if (cursor.low !== code[pc + 2]) pc += 4
          else {
            values[base + code[pc + 1]! * stride] = Number.NaN
            pc = code[pc + 3]!
          }
          break
        case OP.union: {
          const branches = code[pc + 1]!
          if (!cursor.long()) return UNDECODABLE
          if (cursor.high !== 0 || cursor.low < 0 || cursor.low >= branches) return UNDECODABLE
          pc = code[pc + 2 + cursor.low]!
          break
        }
        case OP.jump:
          pc = code[pc + 1]!
          break
        case OP.constant:
          values[base + code[pc + 1]! * stride] = constants[code[pc + 2]!]!
          pc += 3
          break
        case OP.textCategory: {
          if (!cursor.length()) return UNDECODABLE
          const category = texts[code[pc + 2]!]!.indexOf(cursor.bytes, cursor.position, cursor.low)
          if (category < 0 && code[pc + 3] === 1) return this.#fault('E_FEATURE_UNSEEN_CATEGORY', code[pc + 1]!)
          cursor.position += cursor.low
          values[base + code[pc + 1]! * stride] = category < 0 ? Number.NaN : category
          pc += 4
          break
        }
        case OP.enumCategory: {
          const table = symbolTables[code[pc + 2]!]!
          if (!cursor.int()) return UNDECODABLE
          if (cursor.low < 0 || cursor.low >= table.length) return UNDECODABLE
          const category = table[cursor.low]!
          if (category < 0 && code[pc + 3] === 1) return this.#fault('E_FEATURE_UNSEEN_CATEGORY', code[pc + 1]!)
          values[base + code[pc + 1]! * stride] = category < 0 ? Number.NaN : category
          pc += 4
          break
        }
        case OP.boolean:
          if (!this.#boolean()) return UNDECODABLE
          values[base + code[pc + 1]! * stride] = cursor.low
          pc += 2
          break
        case OP.longBoolean:
          if (!cursor.long()) return UNDECODABLE
          if (cursor.high !== 0 || (cursor.low !== 0 && cursor.low !== 1))
            return this.#fault('E_FEATURE_TYPE', code[pc + 1]!)
          values[base + code[pc + 1]! * stride] = cursor.low
          pc += 2
          break
        case OP.longCategory: {
          if (!cursor.long()) return UNDECODABLE
          const category = integers[code[pc + 2]!]!.indexOf(cursor.low, cursor.high)
          if (category < 0 && code[pc + 3] === 1) return this.#fault('E_FEATURE_UNSEEN_CATEGORY', code[pc + 1]!)
          values[base + code[pc + 1]! * stride] = category < 0 ? Number.NaN : category
          pc += 4
          break
        }
        case OP.booleanCategory: {
          if (!this.#boolean()) return UNDECODABLE
          const category = code[pc + 2 + cursor.low]!
          if (category < 0 && code[pc + 4] === 1) return this.#fault('E_FEATURE_UNSEEN_CATEGORY', code[pc + 1]!)
          values[base + code[pc + 1]! * stride] = category < 0 ? Number.NaN : category
          pc += 5
          break
        }
        case OP.advance:
          if (!cursor.advance(code[pc + 1]!)) return UNDECODABLE
          pc += 2
          break
        case OP.skipBytes:
          if (!cursor.skipBytes()) return UNDECODABLE
          pc += 1
          break
        case OP.skipInt:
          if (!cursor.skipInt()) return UNDECODABLE
          pc += 1
          break
        case OP.skipLong:
          if (!cursor.skipLong()) return UNDECODABLE
          pc += 1
          break
        case OP.enterItems:
          if (++top >= stack.length) return this.#tooDeep()
          stack[top] = 0
          pc += 1
          break
        case OP.nextItem:
          if (stack[top] === 0) {
            if (!cursor.block()) return UNDECODABLE
            if (cursor.low === 0) {
              top--
              pc = code[pc + 1]!
              break
            }
            stack[top] = cursor.low
          }
          stack[top]!--
          pc += 2
          break
        case OP.skipFixedItems:
          if (!cursor.skipFixedItems(code[pc + 1]!)) return UNDECODABLE
          pc += 2
          break
        case OP.call:
          if (++top >= stack.length) return this.#tooDeep()
          stack[top] = pc + 2
          pc = code[pc + 1]!
          break
        case OP.return:
          pc = stack[top--]!
          break
        case OP.mark:
          marked = cursor.position
          pc += 1
          break
        case OP.rewind:
          cursor.position = marked
          pc += 1
          break
        case OP.fault:
          return faults[code[pc + 1]!]!
        default:
          if (cursor.position === cursor.end) return 0
          cursor.faultCode = 'E_RECORD_TRAILING_BYTES'
          return UNDECODABLE
      }
    }
  }

  /** One byte 0 or 1 into `low`. */
  #boolean(): boolean {
    const cursor = this.#cursor
    const at = cursor.position
    if (!cursor.advance(1)) return false
    cursor.low = cursor.bytes[at]!
    return cursor.low <= 1
  }

  #tooDeep(): RecordFault {
    this.#cursor.faultCode = 'E_RECORD_TOO_DEEP'
    return UNDECODABLE
  }

  #fault(code: FaultCode, column: number): RecordFault {
    return { code, at: this.#program.names[column]! }
  }
}

/** Marks "see the cursor"; it never leaves this file. */
const UNDECODABLE: RecordFault = { code: 'E_RECORD_UNDECODABLE', at: '' }
