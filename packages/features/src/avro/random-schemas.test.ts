import avsc from 'avsc'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { type FeatureSpec, featureList } from '../feature-spec.ts'
import { RowMajorBatch } from '../row-major-batch.ts'
import { compileAvroDecoder } from './compile-avro-decoder.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

/** Replay: the seed and path that fast-check prints go into these options. */
const RUNS = { seed: 20_240_601, numRuns: 400 }
const WORDS = ['alpha', 'beta', 'gamma', 'Köln', '東京', '']

interface Case {
  readonly schema: { readonly type: 'record'; readonly name: string; readonly fields: readonly object[] }
  readonly value: Readonly<Record<string, unknown>>
  readonly features: readonly FeatureSpec[]
}

/** A type with a way to make its values; names are unique because a counter numbers them. */
interface Typed {
  readonly type: unknown
  readonly value: fc.Arbitrary<unknown>
}

const number32 = fc.float({ noNaN: true, noDefaultInfinity: true })
const scalar: fc.Arbitrary<Typed & { readonly feature: 'number' | 'boolean' | 'category' }> = fc.constantFrom(
  { type: 'int', value: fc.integer(), feature: 'number' },
  { type: 'long', value: fc.maxSafeInteger().filter((n) => Math.abs(n) < 2 ** 53 - 1), feature: 'number' },
  { type: 'float', value: number32, feature: 'number' },
  { type: 'double', value: fc.double({ noNaN: true, min: -1e38, max: 1e38 }), feature: 'number' },
  { type: 'boolean', value: fc.boolean(), feature: 'boolean' },
  { type: 'string', value: fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: 'grapheme' })), feature: 'category' },
  { type: 'int', value: fc.integer({ min: -3, max: 12 }), feature: 'category' },
  { type: 'boolean', value: fc.boolean(), feature: 'category' },
)

/** Types that features do not read: everything, nested. */
const other = (name: string): fc.Arbitrary<Typed> => {
  const leaf: fc.Arbitrary<Typed> = fc.oneof(
    scalar.map(({ type, value }) => ({ type, value })),
    fc.constant({ type: 'null', value: fc.constant(null) }),
    fc.constant({ type: 'bytes', value: fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b)) }),
    fc.nat({ max: 20 }).map((size) => ({
      type: { type: 'fixed', name: `${name}Fixed`, size },
      value: fc.uint8Array({ minLength: size, maxLength: size }).map((b) => Buffer.from(b)),
    })),
    fc.constant({
      type: { type: 'enum', name: `${name}Enum`, symbols: ['P', 'Q', 'R'] },
      value: fc.constantFrom('P', 'Q', 'R'),
    }),
    fc.constant({
      type: {
        type: 'record',
        name: `${name}Tree`,
        fields: [
          { name: 'label', type: 'string' },
          { name: 'children', type: { type: 'array', items: `${name}Tree` } },
        ],
      },
      value: fc.letrec<{ tree: unknown }>((tie) => ({
        tree: fc.record({
          label: fc.string(),
          children: fc.oneof({ maxDepth: 6 }, fc.constant([]), fc.array(tie('tree'), { maxLength: 2 })),
        }),
      })).tree,
    }),
  )
  const wrap = (inner: fc.Arbitrary<Typed>): fc.Arbitrary<Typed> =>
    fc.oneof(
      { weight: 3, arbitrary: inner },
      inner.map(({ type, value }) => ({
        type: { type: 'array', items: type },
        value: fc.array(value, { maxLength: 4 }),
      })),
      inner.map(({ type, value }) => ({
        type: { type: 'map', values: type },
        value: fc.dictionary(
          fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme' }).filter((k) => k !== '__proto__'),
          value,
          { maxKeys: 3 },
        ),
      })),
      inner
        .filter(({ type }) => type !== 'null' && !Array.isArray(type))
        .chain((t) => fc.boolean().map((first) => nullable(t, first))),
    )
  return wrap(wrap(leaf))
}

function nullable({ type, value }: Typed, nullFirst: boolean): Typed {
  return { type: nullFirst ? ['null', type] : [type, 'null'], value: fc.option(value) }
}

const cases: fc.Arbitrary<Case> = fc
  .array(
    fc.record({
      read: fc.boolean(),
      nested: fc.boolean(),
      nullable: fc.constantFrom(undefined, true, false),
      scalar,
      other: fc.nat({ max: 1_000_000 }).chain((n) => other(`T${n}`)),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .chain((parts) => {
    const outer: Record<string, fc.Arbitrary<unknown>> = {}
    const inner: Record<string, fc.Arbitrary<unknown>> = {}
    const outerFields: object[] = []
    const innerFields: object[] = []
    const features: object[] = [{ name: 'always', type: 'number', source: 'nested.always' }]
    innerFields.push({ name: 'always', type: 'int' })
    inner['always'] = fc.integer()
    const names = new Set<string>()
    parts.forEach((part, i) => {
      const name = `f${i}`
      let typed: Typed = part.read ? part.scalar : part.other
      const clash = /T\d+\w+/.exec(JSON.stringify(typed.type))?.[0]
      if (clash !== undefined && names.has(clash)) return
      if (clash !== undefined) names.add(clash)
      if (part.read && part.nullable !== undefined) typed = nullable(typed, part.nullable)
      ;(part.nested ? innerFields : outerFields).push({ name, type: typed.type })
      ;(part.nested ? inner : outer)[name] = typed.value
      if (!part.read) return
      const source = part.nested ? `nested.${name}` : name
      const type = part.scalar.feature
      const categories = [...WORDS, 'true', ...Array.from({ length: 10 }, (_, n) => String(n - 2))]
      features.push({ name, source, type, ...(type === 'category' ? { categories } : {}) })
    })
    outerFields.push({ name: 'nested', type: ['null', { type: 'record', name: 'Nested', fields: innerFields }] })
    outer['nested'] = fc.option(fc.record(inner), { freq: 5 })
    return fc.record(outer).map((value) => ({
      schema: { type: 'record' as const, name: 'Event', fields: outerFields },
      value,
      features: featureList.parse(features),
    }))
  })

/** What avsc read, looked up by path. */
function expectedRow(decoded: unknown, features: readonly FeatureSpec[]): number[] {
  return features.map((feature) => {
    let value: unknown = decoded
    for (const part of (feature.source ?? feature.name).split('.'))
      value = value === null ? null : (value as Record<string, unknown>)[part]
    if (value === null) return Number.NaN
    if (feature.type !== 'category') return Math.fround(Number(value))
    const index = feature.categories.indexOf(`${value}`)
    return index < 0 ? Number.NaN : index
  })
}

function readAsWritten(type: avsc.Type, bytes: Buffer): unknown {
  try {
    const decoded: unknown = type.fromBuffer(bytes)
    return type.toBuffer(decoded).equals(bytes) ? decoded : undefined
  } catch {
    return undefined
  }
}

test('random schemas and values decode as avsc decodes them', () => {
  fc.assert(
    fc.property(cases, ({ schema, value, features }) => {
      const type = avsc.Type.forSchema(schema as unknown as avsc.Schema, { wrapUnions: 'never' })
      const bytes = type.toBuffer(value)
      const decoder = compileAvroDecoder(JSON.stringify(schema), features)
      const batch = new RowMajorBatch(1, features.length)
      expect(decoder.decode(bytes, 0, bytes.length, batch, 0)).toBe(0)
      expect([...batch.values]).toEqual(expectedRow(type.fromBuffer(bytes), features))
    }),
    RUNS,
  )
})

test('mutated bytes give a row or a fault, never an error, and the same as avsc whenever both accept', () => {
  let bothAccept = 0
  fc.assert(
    fc.property(
      cases,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }),
      (c, changes) => {
        const type = avsc.Type.forSchema(c.schema as unknown as avsc.Schema, { wrapUnions: 'never' })
        const bytes = type.toBuffer(c.value)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        const batch = new RowMajorBatch(1, c.features.length)
        const fault = compileAvroDecoder(JSON.stringify(c.schema), c.features).decode(bytes, 0, bytes.length, batch, 0)
        if (fault !== 0) return
        // avsc takes what is no proper encoding (blocks that lie about their size, bytes that are no UTF-8); where it would
        // write the very bytes that it read, there is one way to read them.
        const decoded = readAsWritten(type, bytes)
        if (decoded === undefined) return
        bothAccept++
        expect([...batch.values]).toEqual(expectedRow(decoded, c.features))
      },
    ),
    RUNS,
  )
  expect(bothAccept).toBeGreaterThan(RUNS.numRuns / 10)
})
