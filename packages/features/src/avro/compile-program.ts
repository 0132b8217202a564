import type { RecordFault } from '@sluice/contracts'
import { ByteVocabulary } from '../byte-vocabulary.ts'
import type { CategoryFeature, FeatureSpec } from '../feature-spec.ts'
import { FeatureEncoder } from '../feature-value.ts'
import { IntegerVocabulary } from '../integer-vocabulary.ts'
import { buildSourceTree, columnsBelow, type SourceNode } from '../source-tree.ts'
import { Assembler } from './assembler.ts'
import { FixedSizes } from './fixed-size.ts'
import { OP, type Program } from './program.ts'
import { defaultValueAt, readerFor, writerFieldFor } from './resolve-reader.ts'
import {
  type AvroType,
  describeType,
  type EnumType,
  type RecordField,
  type RecordType,
  type UnionType,
} from './schema.ts'
import { SchemaUnusable } from './schema-unusable.ts'
import { SkipCompiler } from './skip-compiler.ts'

/** Reasons why a part of the writer schema cannot fill its features; empty when it can. */
type Reasons = readonly string[]

/**
 * Compiles a walk over the writer's bytes that fills the columns on its way. Throws `SchemaUnusable` with every problem.
 *
 * Only what features read is resolved against the reader's schema; other fields are stepped over and may differ as they like.
 * A union branch that cannot fill a feature is a fault of the records that take it, and a problem only when no branch can.
 */
export function compileProgram(writer: AvroType, features: readonly FeatureSpec[], reader?: AvroType): Program {
  const compiler = new ProgramCompiler(features)
  return compiler.compile(writer, reader)
}

class ProgramCompiler {
  readonly #features: readonly FeatureSpec[]
  readonly #encoders: readonly FeatureEncoder[]
  readonly #out = new Assembler()
  readonly #skips = new SkipCompiler(this.#out, new FixedSizes())
  readonly #constants: number[] = []
  readonly #faults: RecordFault[] = []
  readonly #texts: ByteVocabulary[] = []
  readonly #integers: IntegerVocabulary[] = []
  readonly #symbolTables: Int32Array[] = []
  /** Pool positions by column, so that a column met in many branches has one vocabulary. */
  readonly #textOfColumn = new Map<number, number>()
  readonly #integersOfColumn = new Map<number, number>()

  constructor(features: readonly FeatureSpec[]) {
    this.#features = features
    this.#encoders = features.map((feature) => new FeatureEncoder(feature))
  }

  compile(writer: AvroType, reader: AvroType | undefined): Program {
    const problems = this.#value(writer, reader, buildSourceTree(this.#features).root)
    if (problems.length > 0) throw new SchemaUnusable(problems)
    this.#out.emit(OP.end)
    this.#skips.emitRoutines()
    return {
      code: this.#out.finish(),
      constants: Float32Array.from(this.#constants),
      faults: this.#faults,
      texts: this.#texts,
      integers: this.#integers,
      symbolTables: this.#symbolTables,
      names: this.#features.map((feature) => feature.name),
    }
  }

  /** Reads one value of type `writer` and fills all columns of the node and below it. */
  #value(writer: AvroType, reader: AvroType | undefined, node: SourceNode): Reasons {
    if (writer.kind === 'union') return this.#union(writer, reader, node)
    if (writer.kind === 'null') {
      for (const column of columnsBelow(node)) this.#missing(column)
      return []
    }
    const resolved = reader === undefined ? undefined : readerFor(reader, writer)
    if (reader !== undefined && resolved === undefined) {
      return [
        `${node.path || 'the event'}: the writer has ${describeType(writer)}, the endpoint's schema reads ${describeType(reader)}`,
      ]
    }
    if (node.children.size === 0) return this.#leaves(writer, resolved, node)
    const reasons = node.columns.map(
      (column) =>
        `${node.path}: feature \`${this.#features[column]!.name}\` reads it, and other features read its fields`,
    )
    if (reasons.length > 0) return reasons
    if (writer.kind !== 'record') {
      const at = node.path === '' ? 'the event' : node.path
      return [`${at}: the writer has ${describeType(writer)}, features read fields of a record`]
    }
    return this.#record(writer, resolved as RecordType | undefined, node)
  }

  #union(writer: UnionType, reader: AvroType | undefined, node: SourceNode): Reasons {
    const { branches } = writer
    if (branches.length === 2 && this.#isPlainColumn(node)) {
      const nullBranch = branches.findIndex((branch) => branch.kind === 'null')
      if (nullBranch >= 0) return this.#nullable(branches[1 - nullBranch]!, nullBranch, reader, node)
    }
    const targets = this.#out.emit(OP.union, branches.length, ...branches.map(() => 0)) + 1
    const exits: number[] = []
    const reasons: string[] = []
    let filling = 0
    branches.forEach((branch, i) => {
      if (i > 0) exits.push(this.#out.emit(OP.jump, 0))
      const start = this.#out.here()
      this.#out.patch(targets + i, start)
      const why = this.#value(branch, reader, node)
      if (why.length === 0) {
        filling++
        return
      }
      this.#out.truncate(start)
      this.#skips.forgetFrom(start)
      this.#emitFault({ code: 'E_FEATURE_TYPE', at: this.#features[columnsBelow(node)[0]!]!.name })
      reasons.push(...why)
    })
    for (const exit of exits) this.#out.patchToHere(exit)
    const onlyNullFills = filling === 1 && branches.length > 1 && branches.some((branch) => branch.kind === 'null')
    return filling === 0 || onlyNullFills ? reasons : []
  }

  /** One column that may be missing: the usual case, in fewer operations. */
  #isPlainColumn({ columns, children }: SourceNode): boolean {
    return columns.length === 1 && children.size === 0 && this.#features[columns[0]!]!.missing === 'allow'
  }

  #nullable(type: AvroType, nullBranch: number, reader: AvroType | undefined, node: SourceNode): Reasons {
    const operands = this.#out.emit(OP.nullable, node.columns[0]!, nullBranch, 0)
    const reasons = this.#value(type, reader, node)
    this.#out.patchToHere(operands + 2)
    return reasons
  }

  #record(writer: RecordType, reader: RecordType | undefined, node: SourceNode): Reasons {
    const reasons: string[] = []
    const readBy = new Map<RecordField, { readonly node: SourceNode; readonly readerType: AvroType | undefined }>()
    for (const [name, child] of node.children) {
      const readerField = reader?.fields.find((field) => field.name === name)
      const writerField =
        readerField === undefined
          ? writer.fields.find((field) => field.name === name)
          : writerFieldFor(writer, readerField)
      if (writerField === undefined) {
        reasons.push(...this.#absent(child, reader, readerField))
        continue
      }
      const other = readBy.get(writerField)
      if (other !== undefined) {
        reasons.push(`${child.path}: it and ${other.node.path} are one field of the writer; read it by one name`)
        continue
      }
      readBy.set(writerField, { node: child, readerType: readerField?.type })
    }
    for (const field of writer.fields) {
      const read = readBy.get(field)
      if (read === undefined) this.#skips.skip(field.type)
      else reasons.push(...this.#value(field.type, read.readerType, read.node))
    }
    return reasons
  }

  /** Columns of a field that the writer does not have: the reader's default, or missing. */
  #absent(node: SourceNode, reader: RecordType | undefined, field: RecordField | undefined): Reasons {
    if (reader !== undefined && field === undefined)
      return [`${node.path}: neither the writer's nor the endpoint's schema has this field`]
    const reasons: string[] = []
    for (const column of columnsBelow(node)) {
      const feature = this.#features[column]!
      if (field?.default === undefined) {
        if (feature.missing === 'allow') this.#constant(column, Number.NaN)
        else
          reasons.push(
            `${node.path}: the writer has no such field, and feature \`${feature.name}\` must not be missing`,
          )
        continue
      }
      const path = (feature.source ?? feature.name).split('.').slice(node.path.split('.').length)
      const value = this.#encoders[column]!.encode(defaultValueAt(field.type, field.default.value, path))
      if (typeof value === 'number') this.#constant(column, value)
      else reasons.push(`${node.path}: its default cannot be feature \`${feature.name}\` (${value.code})`)
    }
    return reasons
  }

  #leaves(writer: AvroType, reader: AvroType | undefined, node: SourceNode): Reasons {
    const reasons: string[] = []
    if (node.columns.length > 1) this.#out.emit(OP.mark)
    node.columns.forEach((column, i) => {
      if (i > 0) this.#out.emit(OP.rewind)
      if (this.#leaf(writer, reader, column)) return
      const feature = this.#features[column]!
      reasons.push(
        `${node.path}: the writer has ${describeType(writer)}, feature \`${feature.name}\` is a ${feature.type}`,
      )
    })
    return reasons
  }

  /** Emits the read of one column, or says that the type cannot fill it. */
  #leaf(writer: AvroType, reader: AvroType | undefined, column: number): boolean {
    const feature = this.#features[column]!
    switch (feature.type) {
      case 'number':
        return this.#numberLeaf(writer, column, feature.nonFinite === 'reject' ? 1 : 0)
      case 'boolean':
        if (writer.kind === 'boolean') this.#out.emit(OP.boolean, column)
        else if (writer.kind === 'int' || writer.kind === 'long') this.#out.emit(OP.longBoolean, column)
        else return false
        return true
      case 'category':
        return this.#categoryLeaf(writer, reader, column, feature)
    }
  }

  #numberLeaf(writer: AvroType, column: number, reject: 0 | 1): boolean {
    switch (writer.kind) {
      case 'int':
        this.#out.emit(OP.intNumber, column)
        return true
      case 'long':
        this.#out.emit(OP.longNumber, column)
        return true
      case 'float':
        this.#out.emit(OP.floatNumber, column, reject)
        return true
      case 'double':
        this.#out.emit(OP.doubleNumber, column, reject)
        return true
      default:
        return false
    }
  }

  #categoryLeaf(writer: AvroType, reader: AvroType | undefined, column: number, feature: CategoryFeature): boolean {
    const reject = feature.unseen === 'reject' ? 1 : 0
    switch (writer.kind) {
      case 'string':
      case 'bytes':
        this.#out.emit(OP.textCategory, column, this.#text(column, feature), reject)
        return true
      case 'enum':
        this.#symbolTables.push(symbolTable(writer, reader, feature))
        this.#out.emit(OP.enumCategory, column, this.#symbolTables.length - 1, reject)
        return true
      case 'int':
      case 'long':
        this.#out.emit(OP.longCategory, column, this.#integer(column, feature), reject)
        return true
      case 'boolean': {
        const { categories } = feature
        this.#out.emit(OP.booleanCategory, column, categories.indexOf('false'), categories.indexOf('true'), reject)
        return true
      }
      default:
        return false
    }
  }

  #text(column: number, feature: CategoryFeature): number {
    let at = this.#textOfColumn.get(column)
    if (at === undefined) {
      at = this.#texts.push(new ByteVocabulary(feature.categories)) - 1
      this.#textOfColumn.set(column, at)
    }
    return at
  }

  #integer(column: number, feature: CategoryFeature): number {
    let at = this.#integersOfColumn.get(column)
    if (at === undefined) {
      at = this.#integers.push(new IntegerVocabulary(feature.categories)) - 1
      this.#integersOfColumn.set(column, at)
    }
    return at
  }

  #missing(column: number): void {
    const value = this.#encoders[column]!.missing()
    if (typeof value === 'number') this.#constant(column, value)
    else this.#emitFault(value)
  }

  #constant(column: number, value: number): void {
    this.#out.emit(OP.constant, column, this.#constants.push(value) - 1)
  }

  #emitFault(fault: RecordFault): void {
    this.#out.emit(OP.fault, this.#faults.push(fault) - 1)
  }
}

/** A symbol that the endpoint's enum does not know reads as that enum's default, if it has one. */
function symbolTable(writer: EnumType, reader: AvroType | undefined, feature: CategoryFeature): Int32Array {
  const known = reader?.kind === 'enum' ? reader : undefined
  return Int32Array.from(writer.symbols, (symbol) => {
    const read = known === undefined || known.symbols.includes(symbol) ? symbol : (known.default ?? symbol)
    return feature.categories.indexOf(read)
  })
}
