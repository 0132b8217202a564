import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { InvariantError } from '@sluice/contracts'
import { featureList } from '@sluice/features'
import {
  loadModel,
  type Model,
  type ModelFile,
  type ModelManifest,
  type ModelPackage,
  type PackageFiles,
} from '@sluice/scoring'
import { InferenceSession } from 'onnxruntime-node'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { OPSETS_MAX } from './admit-onnx.ts'
import { loadBareOnnx, loadOnnxModel, type OnnxOptions, onnxEngine } from './load-onnx-model.ts'
import { bytes, floatTensor, graph, linearModel, model, node, number, tensorType } from './testing/onnx-writer.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

const models: Model[] = []
afterEach(async () => {
  await Promise.all(models.splice(0).map((loaded) => loaded.close()))
})

function packageOf(task: ModelManifest['task'], width: number): ModelPackage {
  const features = featureList.parse(Array.from({ length: width }, (_, i) => ({ name: `f${i}`, type: 'number' })))
  const golden = { path: 'golden.jsonl', sha256: '', reference: '', tolerance: 0 }
  const common = { name: 'tiny', version: 1, files: [], features, golden, lineage: {} }
  const manifest: ModelManifest =
    task === 'binary'
      ? { ...common, task, threshold: 0.5, labels: { negative: 'no', positive: 'yes' } }
      : task === 'multiclass'
        ? { ...common, task, labels: ['a', 'b', 'c'] }
        : { ...common, task }
  return { manifest, files: [], golden: [], baseline: undefined }
}

async function load(
  content: Uint8Array,
  shape: { task?: ModelManifest['task']; width?: number; input?: string; output?: string } = {},
  options?: OnnxOptions,
): Promise<Model> {
  const file: ModelFile = {
    engine: 'onnx',
    path: 'model.onnx',
    sha256: 'ab',
    bytes: content,
    input: shape.input,
    output: shape.output,
  }
  const loaded = await loadOnnxModel(packageOf(shape.task ?? 'regression', shape.width ?? 1), file, options)
  models.push(loaded)
  return loaded
}

/** Element types and attribute kinds of onnx.proto3. */
const INT64 = 7
const BOOL = 9
const GRAPH = 5
const integer = (name: string, value: number) => [...bytes(1, name), ...number(3, value), ...number(20, 2)]

/** Scores rows given as lists. */
async function score(loaded: Model, rows: readonly (readonly number[])[], rowsMax = rows.length) {
  const batch = loaded.allocate(rowsMax)
  rows.forEach((row, r) => {
    row.forEach((value, c) => {
      batch.values[batch.rowBase(r) + c * batch.columnStride] = value
    })
  })
  const out = new Float32Array(rows.length * loaded.outputs)
  await loaded.score(batch, rows.length, out)
  return [...out]
}

const EXAMPLES = resolve(import.meta.dirname, '../../../examples/churn/models')

function readPackage(folder: string): PackageFiles {
  const dir = join(EXAMPLES, folder)
  const [name, version] = folder.split('-') as [string, string]
  const files = new Map(readdirSync(dir).map((file) => [file, new Uint8Array(readFileSync(join(dir, file)))]))
  return { origin: folder, name, version: Number(version), files }
}

describe('models that XGBoost trained', () => {
  test.each(readdirSync(EXAMPLES))('%s gives the scores of XGBoost', async (folder) => {
    const loaded = await loadModel(readPackage(folder), { onnx: onnxEngine })
    models.push(loaded.model)
    expect(loaded.golden.rows).toBeGreaterThan(1000)
    expect(loaded.golden.worst.difference).toBeLessThanOrEqual(1e-6)
    expect(loaded.notUsed).toEqual([{ engine: 'trees', reason: 'this process does not have the engine' }])
  })

  test('a row alone has the score that it has in a batch', async () => {
    const { model: loaded, package: source } = await loadModel(readPackage('churn-8'), { onnx: onnxEngine })
    models.push(loaded)
    const rows = source.golden.slice(0, 100).map((golden) => [...golden.row])
    const together = await score(loaded, rows)
    for (const [i, row] of rows.entries()) expect(await score(loaded, [row])).toEqual([together[i]])
  })

  test('a model file that lost its end is refused before it reaches the runtime', async () => {
    const source = readPackage('churn-7')
    const content = source.files.get('model.onnx')!
    await expect(load(content.subarray(0, content.length - 50), { task: 'binary', width: 3 })).rejects.toThrow(
      /model\.onnx: it is no ONNX model, or cut off/,
    )
  })
})

/** Answers what an initializer holds, whatever the rows. */
const constant = model(
  graph({
    nodes: [node({ op: 'Identity', inputs: ['always'], outputs: ['y'] })],
    weights: [floatTensor('always', [1, 1], [7])],
    inputs: [tensorType('x', ['N', 1])],
    outputs: [tensorType('y', ['N', 1])],
  }),
)

describe('outputs', () => {
  test('declared as [rows], answered as [rows, 1], which is what CatBoost exports', async () => {
    const content = model(
      graph({
        nodes: [node({ op: 'MatMul', inputs: ['features', 'weights'], outputs: ['predictions'] })],
        weights: [floatTensor('weights', [2, 1], [1, 10])],
        inputs: [tensorType('features', ['N', 2])],
        outputs: [tensorType('predictions', ['N'])],
      }),
    )
    const rows = [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]
    expect(await score(await load(content, { width: 2 }), rows, 8)).toEqual([21, 43, 65, 87])
  })

  test('binary, two columns: the second is the score', async () => {
    const loaded = await load(
      linearModel({
        weights: [
          [1, 10],
          [2, 20],
        ],
      }),
      { task: 'binary', width: 2 },
    )
    expect(
      await score(
        loaded,
        [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
        8,
      ),
    ).toEqual([10, 20, 30])
  })
  test('binary, one column', async () => {
    expect(await score(await load(linearModel({ weights: [[3]] }), { task: 'binary' }), [[1], [2]])).toEqual([3, 6])
  })
  test('one value per row, without columns', async () => {
    expect(await score(await load(linearModel({ weights: [[3]], flatten: true })), [[1], [2], [3]])).toEqual([3, 6, 9])
  })
  test('multi-class: one column per class', async () => {
    const loaded = await load(linearModel({ weights: [[1, 2, 3]] }), { task: 'multiclass' })
    expect(loaded.outputs).toBe(3)
    expect(await score(loaded, [[1], [10]])).toEqual([1, 2, 3, 10, 20, 30])
  })
  test('missing values reach the model as NaN', async () => {
    expect(await score(await load(linearModel({ weights: [[3]] })), [[Number.NaN], [1]])).toEqual([Number.NaN, 3])
  })
  test('one of several, by its name', async () => {
    const two = model(
      graph({
        nodes: [
          node({ op: 'Identity', inputs: ['x'], outputs: ['same'] }),
          node({ op: 'Neg', inputs: ['x'], outputs: ['negative'] }),
        ],
        inputs: [tensorType('x', ['N', 1])],
        outputs: [tensorType('same', ['N', 1]), tensorType('negative', ['N', 1])],
      }),
    )
    expect(await score(await load(two, { output: 'negative' }), [[4]])).toEqual([-4])
    await expect(load(two)).rejects.toThrow(/2 outputs of floats \(`same`, `negative`\); name one as `output`/)
    await expect(load(two, { output: 'scores' })).rejects.toThrow(/no output `scores`; it has `same`, `negative`/)
  })
})

describe('a model that does not fit its package is refused with the reason', () => {
  const rounded = model(
    graph({
      nodes: [node({ op: 'Shape', inputs: ['x'], outputs: ['shape'] })],
      inputs: [tensorType('x', ['N', 1])],
      outputs: [tensorType('shape', [2], 7)],
    }),
  )
  const doubles = model(
    graph({
      nodes: [node({ op: 'Identity', inputs: ['x'], outputs: ['y'] })],
      inputs: [tensorType('x', ['N', 1], 11)],
      outputs: [tensorType('y', ['N', 1], 11)],
    }),
  )
  const twoInputs = model(
    graph({
      nodes: [node({ op: 'Add', inputs: ['a', 'b'], outputs: ['y'] })],
      inputs: [tensorType('a', ['N', 1]), tensorType('b', ['N', 1])],
      outputs: [tensorType('y', ['N', 1])],
    }),
  )
  const unknownOperator = model(
    graph({
      nodes: [node({ op: 'Frobnicate', inputs: ['x'], outputs: ['y'] })],
      inputs: [tensorType('x', ['N', 1])],
      outputs: [tensorType('y', ['N', 1])],
    }),
  )
  test.each<[string, Uint8Array, Parameters<typeof load>[1], RegExp]>([
    [
      'another width',
      linearModel({ weights: [[1], [1]] }),
      { width: 3 },
      /takes 2 columns, the package has 3 features/,
    ],
    [
      'a width that shows only when it runs',
      linearModel({ weights: [[1], [1]], inputDims: ['N', 'W'] }),
      { width: 3 },
      /MatMul|dimension/i,
    ],
    [
      'a fixed batch',
      linearModel({ weights: [[1]], inputDims: [1, 1] }),
      {},
      /takes exactly 1 rows; export .* dynamic batch/,
    ],
    [
      'a cube as input',
      linearModel({ weights: [[1]], inputDims: ['N', 1, 1] }),
      {},
      /must be \[rows, 1\]; it is \[N, 1, 1\]/,
    ],
    [
      'too many columns',
      linearModel({ weights: [[1, 2, 3]] }),
      { task: 'binary' },
      /shape \[3, 3\] for 3 rows, the task binary needs \[3, 1 or 2\]/,
    ],
    ['too few classes', linearModel({ weights: [[1, 2]] }), { task: 'multiclass' }, /shape \[3, 2\].*needs \[3, 3\]/],
    ['an output that does not follow the rows', constant, {}, /shape \[1, 1\] for 3 rows/],
    ['no floats', rounded, {}, /it has 0 outputs of floats/],
    ['doubles', doubles, {}, /input `x` must be a float32 tensor; it is float64/],
    ['two inputs', twoInputs, {}, /it has `a`, `b`/],
    ['a wrong input name', linearModel({ weights: [[1]] }), { input: 'x' }, /an input `x`; it has `features`/],
    ['an operator that nobody knows', unknownOperator, {}, /Frobnicate/],
    [
      'weights outside',
      model(graph({ weights: [floatTensor('w', [1], [], [...bytes(13, bytes(1, 'location')), ...number(14, 1)])] })),
      {},
      /outside the file/,
    ],
  ])('%s', async (_name, content, shape, reason) => {
    await expect(load(content, shape)).rejects.toThrow(reason)
    await expect(load(content, shape)).rejects.toMatchObject({ name: 'ModelRefused', model: 'tiny-1' })
  })
})

test('operator sets end where those of the runtime end', async () => {
  for (const [domain, newest] of OPSETS_MAX) {
    const withOpset = (version: number) =>
      linearModel({
        weights: [[1]],
        opsets:
          domain === 'ai.onnx'
            ? [['', version]]
            : [
                ['', 17],
                [domain, version],
              ],
      })
    await expect(InferenceSession.create(withOpset(newest), { logSeverityLevel: 4 })).resolves.toBeDefined()
    await expect(InferenceSession.create(withOpset(newest + 1), { logSeverityLevel: 4 })).rejects.toThrow(/opset/i)
  }
})

describe('batches', () => {
  test('memory moves to the thread and back: the same buffers, never a copy', async () => {
    const loaded = await load(linearModel({ weights: [[2]] }))
    const batch = loaded.allocate(4)
    const before = batch.values
    before.set([1, 2, 3, 4])
    const out = new Float32Array(4)
    const scoring = loaded.score(batch, 4, out)
    await scoring
    expect(before.length).toBe(0)
    expect([...batch.values]).toEqual([1, 2, 3, 4])
    expect([...out]).toEqual([2, 4, 6, 8])
  })

  test('calls at the same time are answered each with its own scores', async () => {
    const loaded = await load(linearModel({ weights: [[2]] }))
    const calls = Array.from({ length: 50 }, (_, i) => score(loaded, [[i], [i + 0.5]], 2 + (i % 5)))
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 50 }, (_, i) => [2 * i, 2 * i + 1]))
  })

  test('misuse is our bug and says so', async () => {
    const [one, other] = [await load(linearModel({ weights: [[2]] })), await load(linearModel({ weights: [[2]] }))]
    const batch = one.allocate(2)
    const out = new Float32Array(2)
    expect(() => other.score(batch, 1, out)).toThrow(InvariantError)
    expect(() => one.score(batch, 3, out)).toThrow(/3 rows in a batch of 2/)
    expect(() => one.score(batch, 2, new Float32Array(1))).toThrow(/no room for 2 rows/)
    const pending = one.score(batch, 2, out)
    expect(() => one.score(batch, 2, out)).toThrow(/is being scored/)
    await pending
    await one.score(batch, 0, out)
  })
})

/** Adds 1 as often as the largest value says, which takes the thread as long as the event asks for. */
const counting = model(
  graph({
    nodes: [
      node({ op: 'ReduceMax', inputs: ['x'], outputs: ['most'], attributes: [integer('keepdims', 0)] }),
      node({ op: 'Cast', inputs: ['most'], outputs: ['times'], attributes: [integer('to', INT64)] }),
      node({
        op: 'Loop',
        inputs: ['times', '', 'x'],
        outputs: ['y'],
        attributes: [
          [
            ...bytes(1, 'body'),
            ...bytes(
              6,
              graph({
                nodes: [
                  node({ op: 'Identity', inputs: ['go'], outputs: ['goOn'] }),
                  node({ op: 'Add', inputs: ['sum', 'step'], outputs: ['more'] }),
                ],
                inputs: [tensorType('i', [], INT64), tensorType('go', [], BOOL), tensorType('sum', ['N', 1])],
                outputs: [tensorType('goOn', [], BOOL), tensorType('more', ['N', 1])],
              }),
            ),
            ...number(20, GRAPH),
          ],
        ],
      }),
    ],
    weights: [floatTensor('step', [1], [1])],
    inputs: [tensorType('x', ['N', 1])],
    outputs: [tensorType('y', ['N', 1])],
  }),
)

describe('when the thread fails', () => {
  test('a batch that the runtime cannot score is a dependency error, and the next one is scored', async () => {
    const gather = model(
      graph({
        nodes: [
          node({
            op: 'Cast',
            inputs: ['x'],
            outputs: ['index'],
            attributes: [integer('to', INT64)],
          }),
          node({ op: 'Gather', inputs: ['table', 'index'], outputs: ['y'] }),
        ],
        weights: [floatTensor('table', [2], [10, 20])],
        inputs: [tensorType('x', ['N', 1])],
        outputs: [tensorType('y', ['N', 1])],
      }),
    )
    const loaded = await load(gather)
    await expect(score(loaded, [[7]])).rejects.toMatchObject({
      name: 'DependencyError',
      message: expect.stringMatching(/onnx: model tiny-1: .*(indices|bounds)/),
    })
    expect(await score(loaded, [[1], [0]])).toEqual([20, 10])
  })

  test('one that takes too long is given up; its batch is usable again and a new thread scores it', async () => {
    const loaded = await load(counting, {}, { scoreTimeoutMs: 100 })
    const batch = loaded.allocate(1)
    const out = new Float32Array(1)
    batch.values[0] = 5_000_000
    await expect(loaded.score(batch, 1, out)).rejects.toThrow(/onnx: model tiny-1: no answer within 100 ms/)
    // The thread that was given up may still hold the processor, so the next ones may be too late as well.
    const tryAgain = async () => {
      batch.values[0] = 5
      return await score(loaded, [[5]]).catch((error: Error) => error.name)
    }
    await expect.poll(tryAgain, { timeout: 60_000 }).toEqual([10])
    expect(batch.values).toHaveLength(1)
    await loaded.score(batch, 1, out)
  })

  test('calls after the model was unloaded are our bug', async () => {
    const loaded = await load(linearModel({ weights: [[2]] }))
    const batch = loaded.allocate(1)
    const last = loaded.score(batch, 1, new Float32Array(1))
    await loaded.close()
    await last
    expect(() => loaded.score(batch, 1, new Float32Array(1))).toThrow(/the model was unloaded/)
  })
})

describe('a file without a package', () => {
  const data = { task: 'regression', width: 1, outputs: 1, input: undefined, output: undefined } as const

  test('scores as in a package', async () => {
    const loaded = await loadBareOnnx('m.onnx', { ...data, bytes: linearModel({ weights: [[3]] }) })
    models.push(loaded)
    expect(await score(loaded, [[1], [2]])).toEqual([3, 6])
  })

  test.each<[string, Uint8Array, OnnxOptions, RegExp]>([
    ['is refused by its name', constant, {}, /^model m\.onnx is refused:\n- output `y` has the shape/],
    ['that is none', Uint8Array.of(1), {}, /no ONNX model/],
    ['that does not load in time', linearModel({ weights: [[3]] }), { loadTimeoutMs: 1 }, /no answer within 1 ms/],
  ])('%s', async (_, content, options, reason) => {
    const loading = loadBareOnnx('m.onnx', { ...data, bytes: content }, options)
    await expect(loading).rejects.toMatchObject({ name: 'ModelRefused', message: expect.stringMatching(reason) })
  })
})
