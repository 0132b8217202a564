import { expect, test } from 'vitest'
import { schemaInputs } from './schema-inputs.ts'

test('scalar fields become tensors, nested ones by dotted name, others are left out', () => {
  const schema = {
    type: 'record',
    name: 'Event',
    fields: [
      { name: 'customerId', type: 'string' },
      { name: 'tenure', type: ['null', 'int'], default: null },
      { name: 'since', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'plan', type: ['null', { type: 'enum', name: 'Plan', symbols: ['A'] }] },
      { name: 'ok', type: 'boolean' },
      { name: 'f', type: 'float' },
      { name: 'd', type: { type: 'double' } },
      { name: 'address', type: { type: 'record', name: 'Address', fields: [{ name: 'city', type: 'string' }] } },
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'blob', type: 'bytes' },
      { name: 'either', type: ['string', 'int'] },
    ],
  }
  expect(schemaInputs(schema).map(({ name, datatype }) => `${name} ${datatype}`)).toEqual([
    'customerId BYTES',
    'tenure INT32',
    'since INT64',
    'plan BYTES',
    'ok BOOL',
    'f FP32',
    'd FP64',
    'address.city BYTES',
  ])
})

test.each([undefined, null, 'string', { type: 'enum' }, { fields: [1, {}] }])('%j has no tensors', (schema) => {
  expect(schemaInputs(schema)).toEqual([])
})
