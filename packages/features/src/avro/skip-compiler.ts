import type { Assembler } from './assembler.ts'
import type { FixedSizes } from './fixed-size.ts'
import { OP } from './program.ts'
import type { AvroType, RecordType } from './schema.ts'

/**
 * Emits steps over values that no feature reads. Records that vary in size become routines, one per type, so a type that
 * contains itself needs no more code than any other. What is stepped over is checked as far as its length depends on it.
 */
export class SkipCompiler {
  readonly #out: Assembler
  readonly #sizes: FixedSizes
  /** Operands of calls to each record's routine, patched when the routine is placed. */
  readonly #calls = new Map<RecordType, number[]>()
  readonly #waiting: RecordType[] = []
  readonly #entries = new Map<RecordType, number>()

  constructor(out: Assembler, sizes: FixedSizes) {
    this.#out = out
    this.#sizes = sizes
  }

  skip(type: AvroType): void {
    const size = this.#sizes.of(type)
    if (size >= 0) {
      this.#out.advance(size)
      return
    }
    switch (type.kind) {
      case 'int':
      case 'enum':
        this.#out.emit(OP.skipInt)
        return
      case 'long':
        this.#out.emit(OP.skipLong)
        return
      case 'bytes':
      case 'string':
        this.#out.emit(OP.skipBytes)
        return
      case 'union':
        this.#union(type.branches)
        return
      case 'array':
        this.#array(type.items)
        return
      case 'map':
        this.#items(() => {
          this.#out.emit(OP.skipBytes)
          this.skip(type.values)
        })
        return
      case 'record':
        this.#call(type)
        return
    }
  }

  /** Places the routines, behind the end of the program proper. A routine may ask for further ones. */
  emitRoutines(): void {
    for (let record = this.#waiting.pop(); record !== undefined; record = this.#waiting.pop()) {
      const entry = this.#out.here()
      for (const field of record.fields) this.skip(field.type)
      this.#out.emit(OP.return)
      this.#entries.set(record, entry)
    }
    for (const [record, calls] of this.#calls)
      for (const call of calls) this.#out.patch(call, this.#entries.get(record)!)
  }

  /** Drops what was asked for from `position` on, because that part of the program is taken back. */
  forgetFrom(position: number): void {
    for (const [record, calls] of this.#calls)
      this.#calls.set(
        record,
        calls.filter((call) => call < position),
      )
  }

  #call(record: RecordType): void {
    const operand = this.#out.emit(OP.call, 0)
    const calls = this.#calls.get(record)
    if (calls !== undefined) {
      calls.push(operand)
      return
    }
    this.#calls.set(record, [operand])
    this.#waiting.push(record)
  }

  #union(branches: readonly AvroType[]): void {
    const targets = this.#out.emit(OP.union, branches.length, ...branches.map(() => 0)) + 1
    const exits: number[] = []
    branches.forEach((branch, i) => {
      if (i > 0) exits.push(this.#out.emit(OP.jump, 0))
      this.#out.patchToHere(targets + i)
      this.skip(branch)
    })
    for (const exit of exits) this.#out.patchToHere(exit)
  }

  #array(items: AvroType): void {
    const size = this.#sizes.of(items)
    if (size >= 0) this.#out.emit(OP.skipFixedItems, size)
    else this.#items(() => this.skip(items))
  }

  #items(item: () => void): void {
    this.#out.emit(OP.enterItems)
    const loop = this.#out.here()
    const exit = this.#out.emit(OP.nextItem, 0)
    item()
    this.#out.emit(OP.jump, loop)
    this.#out.patchToHere(exit)
  }
}
