import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { admitOnnx, GRAPH_DEPTH_MAX, IR_VERSION_MAX, ONNX_BYTES_MAX, OPSETS_MAX } from './admit-onnx.ts'
import { type Bytes, bytes, floatTensor, graph, linearModel, model, node, number } from './testing/onnx-writer.ts'

const churn = readFileSync(resolve(import.meta.dirname, '../../../examples/churn/models/churn-8/model.onnx'))

test('models that converters wrote are let in', () => {
  expect(admitOnnx(churn)).toEqual([])
  expect(admitOnnx(linearModel({ weights: [[1]] }))).toEqual([])
})

test('a file that is cut off anywhere is not let in', () => {
  const whole = linearModel({ weights: [[1], [2]] })
  expect(admitOnnx(new Uint8Array(0))).toEqual([expect.stringMatching(/no ONNX model, or cut off/)])
  for (let length = 1; length < whole.length; length++)
    expect(admitOnnx(whole.subarray(0, length)), `${length} bytes`).toEqual([
      expect.stringMatching(/no ONNX model, or cut off/),
    ])
  expect(admitOnnx(churn.subarray(0, churn.length - 100))).toEqual([expect.stringMatching(/cut off/)])
})

test.each([
  ['text', new TextEncoder().encode('{"learner": {}}')],
  ['zeros', new Uint8Array(64)],
  ['a field of an unknown kind', Uint8Array.of(0x0f)],
  ['a number without end', new Uint8Array(32).fill(0xff)],
  ['a length beyond 2^60', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)],
])('%s is no model', (_name, content) => {
  expect(admitOnnx(content)).toEqual([expect.stringMatching(/no ONNX model, or cut off/)])
})

describe('weights outside the file', () => {
  const external = [...number(14, 1)]
  const location = bytes(13, [...bytes(1, 'location'), ...bytes(2, '/etc/passwd')])
  const attribute = (field: number, content: Bytes) => [...bytes(1, 'value'), ...bytes(field, content)]
  const inNode = (part: Bytes) => graph({ nodes: [node({ op: 'Constant', attributes: [part] })] })
  test.each<[string, Bytes]>([
    ['in an initializer', graph({ weights: [floatTensor('w', [1], [], external)] })],
    ['named, but not marked', graph({ weights: [floatTensor('w', [1], [], location)] })],
    ['in an attribute', inNode(attribute(5, floatTensor('w', [1], [], external)))],
    ['in a list of an attribute', inNode(attribute(10, floatTensor('w', [1], [], external)))],
    ['in the body of a loop', inNode(attribute(6, graph({ weights: [floatTensor('w', [1], [], location)] })))],
    ['in a sparse tensor', [...bytes(15, bytes(1, floatTensor('w', [1], [], external)))]],
  ])('%s', (_name, content) => {
    expect(admitOnnx(model(content))).toEqual([expect.stringMatching(/^the weights `w` lie outside the file/)])
  })
  test('in a function', () => {
    const body = bytes(7, node({ op: 'Constant', attributes: [attribute(5, floatTensor('w', [1], [], external))] }))
    expect(admitOnnx(model(graph({}), undefined, bytes(25, body)))).toEqual([expect.stringMatching(/outside the file/)])
  })
})

describe('operators', () => {
  test('of foreign domains are refused wherever they are named', () => {
    const reason = 'it has operators of the domain `com.evil`; only ai.onnx and ai.onnx.ml are allowed'
    expect(admitOnnx(model(graph({ nodes: [node({ op: 'Run', domain: 'com.evil' })] })))).toEqual([reason])
    expect(admitOnnx(model(graph({}), [['com.evil', 1]]))).toEqual([reason])
    const body = bytes(7, node({ op: 'Run', domain: 'com.evil' }))
    expect(admitOnnx(model(graph({}), undefined, bytes(25, body)))).toEqual([reason])
  })

  test.each([...OPSETS_MAX])('of %s are read up to set %i', (domain, newest) => {
    expect(admitOnnx(linearModel({ weights: [[1]], opsets: [[domain, newest]] }))).toEqual([])
    for (const version of [0, newest + 1])
      expect(admitOnnx(linearModel({ weights: [[1]], opsets: [[domain, version]] }))).toEqual([
        `it needs operator set ${version} of ${domain}, 1 to ${newest} can be read; export with a lower target opset`,
      ])
  })

  test('that make lists of maps are refused with what to do', () => {
    const content = graph({ nodes: [node({ op: 'ZipMap', domain: 'ai.onnx.ml' })] })
    expect(admitOnnx(model(content))).toEqual([expect.stringMatching(/zipmap=False/)])
  })
})

test('the newest format of files, from both sides', () => {
  const of = (version: number) =>
    admitOnnx(Uint8Array.from([...number(1, version), ...bytes(7, graph({})), ...bytes(8, number(2, 17))]))
  expect(of(IR_VERSION_MAX)).toEqual([])
  expect(of(IR_VERSION_MAX + 1)).toEqual([expect.stringMatching(/^it has format version 14, 1 to 13 can be read/)])
})

test('graphs inside graphs, up to the limit', () => {
  const nested = (depth: number): Bytes =>
    depth === 1 ? graph({}) : graph({ nodes: [node({ op: 'If', attributes: [bytes(6, nested(depth - 1))] })] })
  expect(admitOnnx(model(nested(GRAPH_DEPTH_MAX)))).toEqual([])
  expect(admitOnnx(model(nested(GRAPH_DEPTH_MAX + 1)))).toEqual([
    `its graphs are nested deeper than ${GRAPH_DEPTH_MAX}`,
  ])
})

test('training graphs are refused', () => {
  expect(admitOnnx(model(graph({}), undefined, bytes(20, [])))).toEqual([expect.stringMatching(/training graphs/)])
})

test('the size limit, from both sides', () => {
  const tooLarge = new Uint8Array(ONNX_BYTES_MAX + 1)
  expect(admitOnnx(tooLarge)).toEqual([`it has ${ONNX_BYTES_MAX + 1} bytes, more than ${ONNX_BYTES_MAX}`])
  expect(admitOnnx(tooLarge.subarray(1))).not.toEqual([expect.stringMatching(/more than/)])
})
