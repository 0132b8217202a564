import { expect, test } from 'vitest'
import { OIP_ROWS_MAX } from './oip-request.ts'
import { type OipModel, oipServer, RequestRefused } from './oip-server.ts'

const sums: OipModel = {
  metadata: (version) =>
    version === undefined || version === '3'
      ? { name: 'sums', versions: ['3'], platform: 'test', inputs: [], outputs: [] }
      : undefined,
  ready: () => true,
  infer: async (rows) => {
    const data = rows.map((row) => {
      if (row['a'] === null) throw new RequestRefused(422, 'E_FEATURE_MISSING', 'a', 'a: must not be missing')
      return (row['a'] as number) + (row['b'] as number)
    })
    return { modelVersion: '3', outputs: [{ name: 'sum', datatype: 'FP64', shape: [data.length], data }] }
  },
}
const app = oipServer({
  serverName: 'test',
  serverVersion: '0',
  ready: () => true,
  model: (name) => (name === 'sums' ? sums : undefined),
})

const tensor = (name: string, data: unknown, over: object = {}) => ({
  name,
  shape: [(data as unknown[]).length],
  datatype: 'FP64',
  data,
  ...over,
})
const post = (payload: unknown, url = '/v2/models/sums/infer') =>
  app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  })

test('rows go in as one tensor per feature, the id comes back', async () => {
  const answer = await post({ id: 'r1', inputs: [tensor('a', [1, 2]), tensor('b', [[10], [20]], { shape: [2, 1] })] })
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toEqual({
    model_name: 'sums',
    model_version: '3',
    id: 'r1',
    outputs: [{ name: 'sum', datatype: 'FP64', shape: [2], data: [11, 22] }],
  })
})

test.each([
  ['no inputs', { inputs: [] }, 'inputs'],
  ['an unknown field', { inputs: [tensor('a', [1])], bogus: 1 }, '(body)'],
  ['a shape that does not fit', { inputs: [tensor('a', [1, 2]), tensor('b', [1], { shape: [1] })] }, 'inputs[1].shape'],
  ['too few values', { inputs: [tensor('a', [1], { shape: [2] })] }, 'inputs[0].data'],
  ['a value of another type', { inputs: [tensor('a', ['1'])] }, 'inputs[0].data[0]'],
  [
    'a number beyond the largest',
    '{"inputs":[{"name":"a","shape":[1],"datatype":"FP64","data":[1e400]}]}',
    'inputs[0].data[0]',
  ],
  ['a fraction for an integer', { inputs: [tensor('a', [1.5], { datatype: 'INT64' })] }, 'inputs[0].data[0]'],
  ['an integer JSON cannot carry', { inputs: [tensor('a', [2 ** 53], { datatype: 'INT64' })] }, 'inputs[0].data[0]'],
  ['a negative unsigned integer', { inputs: [tensor('a', [-1], { datatype: 'UINT8' })] }, 'inputs[0].data[0]'],
  ['half a character', { inputs: [tensor('a', ['\ud800'], { datatype: 'BYTES' })] }, 'inputs[0].data[0]'],
  ['an unknown output', { inputs: [tensor('a', [1]), tensor('b', [1])], outputs: [{ name: 'no' }] }, 'outputs[0].name'],
  ['the same tensor twice', { inputs: [tensor('a', [1]), tensor('a', [1])] }, 'inputs[1].name'],
  ['an unknown datatype', { inputs: [tensor('a', [1], { datatype: 'DECIMAL' })] }, 'inputs[0].datatype'],
  ['too many rows', { inputs: [tensor('a', new Array(OIP_ROWS_MAX + 1).fill(1))] }, 'inputs[0].shape'],
  ['an array for a body', [], '(body)'],
])('%s is refused and the field is named', async (_name, payload, field) => {
  const answer = await post(payload)
  expect(answer.statusCode).toBe(400)
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(answer.json()).toMatchObject({ status: 400, field })
})

test('only the outputs asked for come back', async () => {
  const inputs = [tensor('a', [1]), tensor('b', [1])]
  expect((await post({ inputs, outputs: [{ name: 'sum' }] })).json().outputs).toHaveLength(1)
  expect((await post({ inputs, outputs: [] })).json().outputs).toHaveLength(0)
})

test('the most rows allowed are taken', async () => {
  const ones = new Array(OIP_ROWS_MAX).fill(1)
  expect((await post({ inputs: [tensor('a', ones), tensor('b', ones)] })).statusCode).toBe(200)
})

test('a row that the model refuses is a problem with its code', async () => {
  const answer = await post({ inputs: [tensor('a', [null]), tensor('b', [1])] })
  expect(answer.statusCode).toBe(422)
  expect(answer.json()).toMatchObject({ type: 'urn:sluice:problem:E_FEATURE_MISSING', field: 'a' })
})

test.each([
  ['{"inputs": [{"__proto__": {"x": 1}}]}', 400],
  ['{"inputs": ', 400],
  ['['.repeat(10_000) + ']'.repeat(10_000), 400],
  [`{"inputs": "${'x'.repeat(1_100_000)}"}`, 413],
])('a hostile body is answered, not obeyed (%#)', async (payload, status) => {
  expect((await post(payload)).statusCode).toBe(status)
})

test('unknown models, versions and routes are 404, health and metadata answer', async () => {
  expect((await post({ inputs: [tensor('a', [1])] }, '/v2/models/none/infer')).statusCode).toBe(404)
  expect((await post({ inputs: [tensor('a', [1])] }, '/v2/models/sums/versions/4/infer')).statusCode).toBe(404)
  for (const url of [
    '/v2',
    '/v2/health/live',
    '/v2/health/ready',
    '/v2/models/sums',
    '/v2/models/sums/versions/3/ready',
  ]) {
    expect((await app.inject(url)).statusCode, url).toBe(200)
  }
  expect((await app.inject('/nowhere')).json()).toMatchObject({ status: 404 })
})
