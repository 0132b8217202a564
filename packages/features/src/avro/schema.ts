/** An Avro schema after parsing: names resolved, logical types dropped (they do not change the bytes). */
export type AvroType = PrimitiveType | ArrayType | MapType | UnionType | FixedType | EnumType | RecordType

export type PrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

export interface PrimitiveType {
  readonly kind: PrimitiveKind
}
export interface ArrayType {
  readonly kind: 'array'
  readonly items: AvroType
}
export interface MapType {
  readonly kind: 'map'
  readonly values: AvroType
}
export interface UnionType {
  readonly kind: 'union'
  readonly branches: readonly AvroType[]
}
export interface FixedType {
  readonly kind: 'fixed'
  readonly name: string
  readonly aliases: readonly string[]
  readonly size: number
}
export interface EnumType {
  readonly kind: 'enum'
  readonly name: string
  readonly aliases: readonly string[]
  readonly symbols: readonly string[]
  /** Symbol that stands in for one the reader does not know. */
  readonly default?: string
}
/** May contain itself. */
export interface RecordType {
  readonly kind: 'record'
  readonly name: string
  readonly aliases: readonly string[]
  readonly fields: readonly RecordField[]
}
export interface RecordField {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: AvroType
  /** `undefined` when the field has none; a default of null is `{ value: null }`. */
  readonly default?: { readonly value: unknown }
}

/** `int`, `record io.sluice.Event`, `union [null, int]`: for messages. */
export function describeType(type: AvroType): string {
  switch (type.kind) {
    case 'union':
      return `union [${type.branches.map(describeType).join(', ')}]`
    case 'record':
    case 'enum':
    case 'fixed':
      return `${type.kind} ${type.name}`
    default:
      return type.kind
  }
}
