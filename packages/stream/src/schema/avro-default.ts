import type { AvroType } from './avro-schema.ts'

/** Whether a JSON default fits a type; the default of a union is one of its first branch (Avro 1.12, "Complex Types"). */
export function isDefaultOf(type: AvroType, value: unknown): boolean {
  switch (type.kind) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'int':
      return typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31
    case 'long':
      return typeof value === 'number' && Number.isInteger(value)
    case 'float':
    case 'double':
      return typeof value === 'number'
    case 'bytes':
    case 'string':
      return typeof value === 'string'
    case 'fixed':
      return typeof value === 'string' && value.length === type.size
    case 'enum':
      return typeof value === 'string' && type.symbols.includes(value)
    case 'array':
      return Array.isArray(value) && value.every((item) => isDefaultOf(type.items, item))
    case 'map':
      return isObject(value) && Object.values(value).every((item) => isDefaultOf(type.values, item))
    case 'union':
      return isDefaultOf(type.branches[0]!, value)
    case 'record':
      return (
        isObject(value) &&
        type.fields.every((f) => (Object.hasOwn(value, f.name) ? isDefaultOf(f.type, value[f.name]) : f.hasDefault))
      )
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
