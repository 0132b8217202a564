import { type NamedRow, RequestRefused } from '@sluice/runtime'
import { expect, test } from 'vitest'
import { eventsOfRows, type KeyParameter, MAX_FIELD_DEPTH, MAX_KEY_BYTES } from './event-of-row.ts'

function row(fields: object): NamedRow {
  return Object.assign(Object.create(null) as NamedRow, fields)
}

function texts(rows: readonly NamedRow[], parameter?: KeyParameter): string[][] {
  const decoder = new TextDecoder()
  return eventsOfRows(rows, 'customerId', parameter).map(({ key, value }) => [
    decoder.decode(key),
    decoder.decode(value),
  ])
}

test('a row becomes JSON in the order of its fields, with its key beside it', () => {
  const rows = [row({ tenure: 5, customerId: 'Ж-1', partner: null, plan: 'a"b' }), row({ tenure: -0.5, customerId: 7 })]
  expect(texts(rows)).toEqual([
    ['Ж-1', '{"tenure":5,"customerId":"Ж-1","partner":null,"plan":"a\\"b"}'],
    ['7', '{"tenure":-0.5,"customerId":7}'],
  ])
})

test('a key beside one row becomes its key field', () => {
  expect(texts([row({ tenure: 5 })], 'c-1')).toEqual([['c-1', '{"tenure":5,"customerId":"c-1"}']])
})

test('dotted names become nested records', () => {
  const deep = row({ customerId: 'c', 'address.city': 'Ulm', 'address.geo.lat': 48.4, age: 3 })
  expect(texts([deep])[0]![1]).toBe('{"customerId":"c","address":{"city":"Ulm","geo":{"lat":48.4}},"age":3}')
})

test.each<[string, object[], KeyParameter, string]>([
  ['no key', [{ a: 1 }], undefined, 'inputs'],
  ['the key twice', [{ customerId: 'c' }], 'c', 'parameters.key'],
  ['one key for two rows', [{ a: 1 }, { a: 2 }], 'c', 'parameters.key'],
  ['a missing key', [{ customerId: 'c' }, { customerId: null }], undefined, 'customerId[1]'],
  ['an empty key', [{ customerId: '' }], undefined, 'customerId[0]'],
  ['a boolean key', [{ a: 1 }], true, 'parameters.key'],
  ['a fraction for a key', [{ customerId: 1.5 }], undefined, 'customerId[0]'],
  ['half a character in a key', [{ a: 1 }], '\ud800', 'parameters.key'],
  ['a key that is too long', [{ customerId: 'x'.repeat(MAX_KEY_BYTES + 1) }], undefined, 'customerId[0]'],
  ['a reserved name', [{ customerId: 'c', ['__proto__']: 1 }], undefined, '__proto__'],
  ['a reserved name within', [{ customerId: 'c', 'a.constructor': 1 }], undefined, 'a.constructor'],
  ['an empty part', [{ customerId: 'c', 'a..b': 1 }], undefined, 'a..b'],
  ['a record within a value', [{ customerId: 'c', a: 1, 'a.b': 2 }], undefined, 'a.b'],
  ['a value over a record', [{ customerId: 'c', 'a.b': 2, a: 1 }], undefined, 'a'],
  ['a record within a missing value', [{ customerId: 'c', a: null, 'a.b': 2 }], undefined, 'a.b'],
  [
    'a deep name',
    [{ customerId: 'c', [`${'a.'.repeat(MAX_FIELD_DEPTH)}a`]: 1 }],
    undefined,
    `${'a.'.repeat(MAX_FIELD_DEPTH)}a`,
  ],
])('%s is refused and the field is named', (_, rows, parameter, field) => {
  let caught: unknown
  try {
    eventsOfRows(rows.map(row), 'customerId', parameter)
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(RequestRefused)
  expect(caught).toMatchObject({ status: 400, field })
})

test('the longest key and the deepest name are taken', () => {
  const deep = row({ customerId: 'x'.repeat(MAX_KEY_BYTES), [`${'a.'.repeat(MAX_FIELD_DEPTH - 1)}a`]: 1 })
  expect(texts([deep])).toHaveLength(1)
})
