import { describe, expect, test } from 'vitest'
import { type AvroSchemaJson, type SchemaRegistry, SchemaRejectedError } from '../schema-registry.ts'

/** What every SchemaRegistry owes its callers. `open` may hand out a shared registry: subjects are unique per test. */
export function schemaRegistryContract(name: string, open: () => Promise<SchemaRegistry>): void {
  const run = `${process.pid}-${process.hrtime.bigint()}`
  let count = 0
  const subject = (): string => `contract-${run}-${count++}-value`
  /** A name per run keeps schemas of earlier runs on a shared registry out of the way. */
  const customer = (fields: readonly object[], doc = run): AvroSchemaJson => ({
    type: 'record',
    name: 'Customer',
    namespace: 'test',
    doc,
    fields: [{ name: 'id', type: 'string' }, ...fields],
  })
  const age = { name: 'age', type: 'int' }

  describe(`${name} keeps the schema registry's contract`, () => {
    test('an unknown subject has no latest version and takes any valid schema', async () => {
      const registry = await open()
      const s = subject()
      expect(await registry.latest(s)).toBeUndefined()
      expect(await registry.check(s, customer([age]))).toEqual({ compatible: true, reasons: [] })
      expect(await registry.latest(s), 'a check registers nothing').toBeUndefined()
    })

    test('a registered schema is found by its id and as the latest version', async () => {
      const registry = await open()
      const s = subject()
      const schema = customer([{ ...age, doc: 'Years.', aliases: ['years'], default: 0 }])
      const id = await registry.register(s, schema)
      expect(await registry.schemaById(id)).toEqual(schema)
      expect(await registry.latest(s)).toEqual({ id, version: 1, schema })
    })

    test('logical types and enum defaults survive', async () => {
      const registry = await open()
      const schema = customer([
        { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
        { name: 'plan', type: { type: 'enum', name: 'Plan', symbols: ['basic', 'pro'], default: 'basic' } },
      ])
      const id = await registry.register(subject(), schema)
      expect(await registry.schemaById(id)).toEqual(schema)
    })

    test('a schema from the registry cannot be changed by whoever reads it', async () => {
      const registry = await open()
      const id = await registry.register(subject(), customer([age]))
      const schema = (await registry.schemaById(id)) as { fields: unknown[] }
      expect(() => schema.fields.push('x')).toThrow(TypeError)
    })

    test('an unknown id resolves to undefined, not to an error', async () => {
      const registry = await open()
      expect(await registry.schemaById(2_000_000_000)).toBeUndefined()
    })

    test('the same schema keeps its id, under the same subject and under another', async () => {
      const registry = await open()
      const [a, b] = [subject(), subject()]
      const id = await registry.register(a, customer([age]))
      expect(await registry.register(a, customer([age]))).toBe(id)
      expect((await registry.latest(a))?.version).toBe(1)
      expect(await registry.register(b, customer([age]))).toBe(id)
    })

    test('the order of attributes makes no other schema', async () => {
      const registry = await open()
      const s = subject()
      const id = await registry.register(s, customer([{ name: 'age', type: 'int', default: 0, doc: 'Years.' }]))
      expect(await registry.register(s, customer([{ doc: 'Years.', default: 0, type: 'int', name: 'age' }]))).toBe(id)
      expect((await registry.latest(s))?.version).toBe(1)
    })

    test('a field with a default, a removed field and a wider type make a new version', async () => {
      const registry = await open()
      const s = subject()
      const first = await registry.register(
        s,
        customer([age, { name: 'city', type: ['null', 'string'], default: null }]),
      )
      const next = customer([
        { name: 'age', type: 'double' },
        { name: 'income', type: ['null', 'double'], default: null },
      ])
      expect(await registry.check(s, next)).toEqual({ compatible: true, reasons: [] })
      const second = await registry.register(s, next)
      expect(second).not.toBe(first)
      expect(await registry.latest(s)).toEqual({ id: second, version: 2, schema: next })
      expect(await registry.schemaById(first), 'the old id stays readable').toBeDefined()
    })

    test('an incompatible schema is refused with the field, the rule and the version', async () => {
      const registry = await open()
      const s = subject()
      await registry.register(s, customer([age]))
      const next = customer([
        { name: 'age', type: 'string' },
        { name: 'income', type: 'double' },
      ])
      const report = await registry.check(s, next)
      expect(report.compatible).toBe(false)
      expect(report.reasons.map(({ path, rule, version }) => ({ path, rule, version }))).toEqual([
        { path: 'age', rule: 'TYPE_MISMATCH', version: 1 },
        { path: 'income', rule: 'READER_FIELD_MISSING_DEFAULT_VALUE', version: 1 },
      ])
      const error = await registry.register(s, next).catch((e: unknown) => e)
      expect(error).toBeInstanceOf(SchemaRejectedError)
      expect((error as SchemaRejectedError).reasons).toEqual(report.reasons)
      expect((await registry.latest(s))?.version, 'nothing was registered').toBe(1)
    })

    test('compatibility reaches back to every version, not only the last', async () => {
      const registry = await open()
      const s = subject()
      await registry.register(s, customer([age]))
      await registry.register(s, customer([]))
      // Reads version 2, where `age` is absent, but not version 1, where it was an int.
      const next = customer([{ name: 'age', type: 'string', default: '' }])
      const report = await registry.check(s, next)
      expect(report.reasons.map(({ path, rule, version }) => ({ path, rule, version }))).toEqual([
        { path: 'age', rule: 'TYPE_MISMATCH', version: 1 },
      ])
      await expect(registry.register(s, next)).rejects.toBeInstanceOf(SchemaRejectedError)
    })

    test('an older version may be registered again, although it could not read the newer ones', async () => {
      const registry = await open()
      const s = subject()
      const first = await registry.register(s, customer([age]))
      await registry.register(s, customer([]))
      expect(await registry.check(s, customer([age]))).toEqual({ compatible: true, reasons: [], version: 1 })
      expect(await registry.register(s, customer([age]))).toBe(first)
      expect((await registry.latest(s))?.version).toBe(2)
    })

    test('what is not Avro is refused before the first version already', async () => {
      const registry = await open()
      const s = subject()
      const broken = customer([{ name: 'plan', type: 'Plan' }])
      const report = await registry.check(s, broken)
      expect(report.reasons.map(({ path, rule }) => ({ path, rule }))).toEqual([
        { path: 'plan', rule: 'INVALID_SCHEMA' },
      ])
      await expect(registry.register(s, broken)).rejects.toBeInstanceOf(SchemaRejectedError)
      expect(await registry.latest(s)).toBeUndefined()
    })
  })
}
