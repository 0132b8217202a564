import { isDeepStrictEqual } from 'node:util'
import type { CompatibilityReport, Incompatibility, IncompatibilityRule } from '../schema-registry.ts'
import {
  type AvroEnum,
  type AvroField,
  type AvroRecord,
  AvroSchemaError,
  type AvroType,
  parseAvroSchema,
  unqualified,
} from './avro-schema.ts'

/** Most reasons that are collected for one pair of schemas; the first ones are enough to act on. */
export const INCOMPATIBILITIES_MAX = 100

export interface WriterVersion {
  readonly version: number
  readonly schema: unknown
}

/** Whether `reader` is one of the versions, or reads everything that any of them wrote. */
export function checkAvroCompatibility(reader: unknown, writers: readonly WriterVersion[]): CompatibilityReport {
  const same = writers.find(({ schema }) => isDeepStrictEqual(schema, reader))
  if (same !== undefined) return { compatible: true, reasons: [], version: same.version }
  let readerType: AvroType
  try {
    readerType = parseAvroSchema(reader)
  } catch (error) {
    if (!(error instanceof AvroSchemaError)) throw error
    return { compatible: false, reasons: [{ rule: 'INVALID_SCHEMA', path: error.path, message: error.message }] }
  }
  const reasons = writers.flatMap(({ version, schema }) => {
    const writerType = tryParse(schema)
    // A version that is no valid Avro cannot have written a record.
    return writerType === undefined ? [] : avroIncompatibilities(readerType, writerType).map((r) => ({ ...r, version }))
  })
  return { compatible: reasons.length === 0, reasons }
}

/**
 * Everything that keeps a reader from reading what a writer wrote, by the rules of Avro 1.12 ("Schema Resolution").
 * Record, enum and fixed names are compared without their namespace, as the specification says.
 */
export function avroIncompatibilities(reader: AvroType, writer: AvroType): readonly Incompatibility[] {
  const reasons: Incompatibility[] = []
  new Comparison(reasons).compare(reader, writer, '')
  return reasons
}

/** What each primitive that was written may be read as, besides itself. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

class Comparison {
  readonly #reasons: Incompatibility[]
  /** Record pairs that are being compared or have been: recursion ends here, and no reason is given twice. */
  readonly #seen = new Map<AvroRecord, Set<AvroRecord>>()

  constructor(reasons: Incompatibility[]) {
    this.#reasons = reasons
  }

  compare(reader: AvroType, writer: AvroType, path: string): void {
    if (writer.kind === 'union') {
      for (const branch of writer.branches) this.#writtenBranch(reader, branch, path)
    } else if (reader.kind === 'union') this.#intoUnion(reader.branches, writer, path)
    else if (reader.kind === 'record' && writer.kind === 'record') this.#record(reader, writer, path)
    else if (reader.kind === 'enum' && writer.kind === 'enum') this.#enum(reader, writer, path)
    else if (reader.kind === 'array' && writer.kind === 'array') this.compare(reader.items, writer.items, `${path}[]`)
    else if (reader.kind === 'map' && writer.kind === 'map') this.compare(reader.values, writer.values, `${path}{}`)
    else if (reader.kind === 'fixed' && writer.kind === 'fixed') {
      if (this.#sameName(reader, writer, path) && reader.size !== writer.size) {
        this.#add('FIXED_SIZE_MISMATCH', path, `was ${writer.size} bytes, is ${reader.size}; add a new field instead`)
      }
    } else if (reader.kind !== writer.kind && !canPromote(writer, reader)) {
      const wider = PROMOTIONS[writer.kind]
      const allowed = wider === undefined ? '' : ` (or widen it to ${wider.join(', ')})`
      this.#add(
        'TYPE_MISMATCH',
        path,
        `was ${describe(writer)}, is ${describe(reader)}; keep the type${allowed}, or add a new field`,
      )
    }
  }

  #writtenBranch(reader: AvroType, branch: AvroType, path: string): void {
    if (reader.kind === 'union' || reader.kind === branch.kind || canPromote(branch, reader)) {
      this.compare(reader, branch, path)
    } else {
      this.#add('TYPE_MISMATCH', path, `${describe(branch)} was allowed and is not any more; keep it in a union`)
    }
  }

  /**
   * A union has at most one branch of each unnamed type, so the branch of the writer's own kind (and name) is the one that
   * was meant: what does not fit inside it is reported rather than that nothing fits.
   */
  #intoUnion(branches: readonly AvroType[], writer: AvroType, path: string): void {
    const sameKind = branches.filter((branch) => branch.kind === writer.kind)
    const meant =
      'name' in writer
        ? (sameKind.find((b) => 'name' in b && b.name === writer.name) ??
          sameKind.find((b) => 'name' in b && namesMatch(b, writer)))
        : sameKind[0]
    if (meant !== undefined) this.compare(meant, writer, path)
    else if (!branches.some((branch) => canPromote(writer, branch))) {
      const written = describe(writer)
      this.#add('MISSING_UNION_BRANCH', path, `${written} was written and is not in the union; keep ${written} in it`)
    }
  }

  #record(reader: AvroRecord, writer: AvroRecord, path: string): void {
    const before = this.#seen.get(reader) ?? new Set()
    if (before.has(writer)) return
    this.#seen.set(reader, before.add(writer))
    if (!this.#sameName(reader, writer, path)) return
    for (const field of reader.fields) {
      const at = path === '' ? field.name : `${path}.${field.name}`
      const written = writtenField(writer, field)
      if (written !== undefined) this.compare(field.type, written.type, at)
      else if (!field.hasDefault) {
        this.#add(
          'READER_FIELD_MISSING_DEFAULT_VALUE',
          at,
          'is new and has no default; give it one, or an alias if it was renamed',
        )
      }
    }
  }

  #enum(reader: AvroEnum, writer: AvroEnum, path: string): void {
    if (!this.#sameName(reader, writer, path) || reader.default !== undefined) return
    const gone = writer.symbols.filter((s) => !reader.symbols.includes(s))
    if (gone.length > 0) {
      this.#add('MISSING_ENUM_SYMBOLS', path, `no longer has ${gone.join(', ')}; keep them or give the enum a default`)
    }
  }

  #sameName(
    reader: { readonly name: string; readonly aliases: readonly string[] },
    writer: { readonly name: string },
    path: string,
  ): boolean {
    if (namesMatch(reader, writer)) return true
    this.#add(
      'NAME_MISMATCH',
      path,
      `was ${writer.name}, is ${reader.name}; keep the name or add the old one as an alias`,
    )
    return false
  }

  #add(rule: IncompatibilityRule, path: string, message: string): void {
    if (this.#reasons.length < INCOMPATIBILITIES_MAX) this.#reasons.push({ rule, path, message })
  }
}

function canPromote(writer: AvroType, reader: AvroType): boolean {
  return PROMOTIONS[writer.kind]?.includes(reader.kind) ?? false
}

function namesMatch(
  reader: { readonly name: string; readonly aliases: readonly string[] },
  writer: { readonly name: string },
): boolean {
  return unqualified(reader.name) === unqualified(writer.name) || reader.aliases.includes(writer.name)
}

function writtenField(writer: AvroRecord, field: AvroField): AvroField | undefined {
  return writer.fields.find((f) => f.name === field.name) ?? writer.fields.find((f) => field.aliases.includes(f.name))
}

function describe(type: AvroType): string {
  return 'name' in type ? `${type.kind} ${type.name}` : type.kind
}

function tryParse(schema: unknown): AvroType | undefined {
  try {
    return parseAvroSchema(schema)
  } catch (error) {
    if (error instanceof AvroSchemaError) return undefined
    throw error
  }
}
