import type { OipTensor } from '@sluice/runtime'

/** Datatype in the Open Inference Protocol of the Avro types that a field of an event may have. */
const DATATYPES: Readonly<Record<string, string>> = {
  boolean: 'BOOL',
  int: 'INT32',
  long: 'INT64',
  float: 'FP32',
  double: 'FP64',
  string: 'BYTES',
  enum: 'BYTES',
}

/** Deepest nesting of records that is followed. */
const MAX_DEPTH = 16

/**
 * The fields of an event schema as tensors of an inference request: one per scalar field, nested fields by dotted name, a
 * union with null by its other type. Fields that no tensor can carry (arrays, maps, bytes, wider unions) are left out.
 */
export function schemaInputs(schema: unknown): readonly OipTensor[] {
  return fieldsOf(schema, '', 0)
}

function fieldsOf(schema: unknown, prefix: string, depth: number): readonly OipTensor[] {
  if (!isObject(schema) || !Array.isArray(schema['fields']) || depth >= MAX_DEPTH) return []
  return schema['fields'].flatMap((field: unknown) => {
    if (!isObject(field) || typeof field['name'] !== 'string') return []
    const name = prefix + field['name']
    const type = unwrapped(field['type'])
    const typeName = isObject(type) ? type['type'] : type
    if (typeName === 'record') return fieldsOf(type, `${name}.`, depth + 1)
    const datatype = typeof typeName === 'string' ? DATATYPES[typeName] : undefined
    return datatype === undefined ? [] : [{ name, datatype, shape: [-1] }]
  })
}

/** The type itself, the other type of a union with null, or the type that an object only wraps. */
function unwrapped(type: unknown): unknown {
  if (Array.isArray(type)) {
    const others = type.filter((branch) => branch !== 'null')
    return others.length === 1 ? unwrapped(others[0]) : undefined
  }
  return isObject(type) && isObject(type['type']) ? unwrapped(type['type']) : type
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
