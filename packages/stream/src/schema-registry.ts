/**
 * Writer schemas by id and subjects with their versions. Subjects are `<topic>-value`. Every subject keeps
 * BACKWARD_TRANSITIVE compatibility: the newest schema reads everything ever written under the subject.
 *
 * Errors   DependencyError when the registry does not answer in time or answers nonsense; never because of an unknown id,
 *          which a record can carry and which therefore resolves to `undefined`.
 */
export interface SchemaRegistry {
  /**
   * The writer schema with this id, self-contained and frozen; `undefined` when the registry has none. The same id gives
   * the same object for as long as it is cached. A schema that is not Avro resolves to `{ type: 'PROTOBUF' }` or the like,
   * which no Avro compiler takes for a type.
   */
  schemaById(id: number): Promise<AvroSchemaJson | undefined>
  /** Adds a version unless the subject already has this schema, and returns its id. Throws SchemaRejectedError. */
  register(subject: string, schema: AvroSchemaJson): Promise<number>
  /** Newest version of a subject, `undefined` when the subject does not exist. */
  latest(subject: string): Promise<RegisteredSchema | undefined>
  /**
   * Whether `register` would take the schema: the subject has it already, or it is valid and reads what every version of
   * the subject has written.
   */
  check(subject: string, schema: AvroSchemaJson): Promise<CompatibilityReport>
}

/** A parsed Avro schema: an object, or an array for a union. Names of primitive types are wrapped, `{ type: 'string' }`. */
export type AvroSchemaJson = object

export interface RegisteredSchema {
  readonly id: number
  /** Counts the versions of the subject from 1. */
  readonly version: number
  readonly schema: AvroSchemaJson
}

/**
 * Why a reader cannot read what a writer wrote: the rules of Avro's schema resolution, under the names that Avro's own
 * checker gives them, and two of ours.
 */
export const INCOMPATIBILITY_RULES = {
  NAME_MISMATCH: 'a record, enum or fixed has another name, and no alias says so',
  TYPE_MISMATCH: 'the type changed to one that cannot take the old values',
  MISSING_UNION_BRANCH: 'a type that was written is not in the union any more',
  MISSING_ENUM_SYMBOLS: 'symbols that were written are gone and the enum has no default',
  FIXED_SIZE_MISMATCH: 'a fixed has another size',
  READER_FIELD_MISSING_DEFAULT_VALUE: 'a new field has no default',
  INVALID_SCHEMA: 'the schema is not valid Avro',
  REFUSED_BY_REGISTRY: 'the registry refused it by a rule of its own',
} as const
export type IncompatibilityRule = keyof typeof INCOMPATIBILITY_RULES

export interface Incompatibility {
  readonly rule: IncompatibilityRule
  /** Where in the new schema: fields joined by dots, `[]` for items, `{}` for map values; empty for the schema itself. */
  readonly path: string
  /** What changed and what to do instead. */
  readonly message: string
  /** Version of the subject whose records could not be read; `undefined` when it is not about one version. */
  readonly version?: number
}

export interface CompatibilityReport {
  readonly compatible: boolean
  /** Empty when compatible. */
  readonly reasons: readonly Incompatibility[]
  /** The version that is this very schema, when the subject has it already; registering it again changes nothing. */
  readonly version?: number
}

/** A schema that must not be registered, with every reason. */
export class SchemaRejectedError extends Error {
  override readonly name = 'SchemaRejectedError'
  readonly subject: string
  readonly reasons: readonly Incompatibility[]
  constructor(subject: string, reasons: readonly Incompatibility[], options?: ErrorOptions) {
    super(`${subject} does not take the schema: ${reasons.map(formatIncompatibility).join('; ')}`, options)
    this.subject = subject
    this.reasons = reasons
  }
}

/** One line: `income (version 2): READER_FIELD_MISSING_DEFAULT_VALUE: ...`. */
export function formatIncompatibility(reason: Incompatibility): string {
  const where = reason.path === '' ? 'the schema' : reason.path
  const version = reason.version === undefined ? '' : ` (against version ${reason.version})`
  return `${where}${version}: ${reason.rule}: ${reason.message}`
}

/** Subject of a topic's values. */
export function valueSubject(topic: string): string {
  return `${topic}-value`
}
