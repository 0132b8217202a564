import { cpSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

const FIXTURES = fileURLToPath(new URL('../../../trees/fixtures/xgboost-3.2/', import.meta.url))
const CHURN = fileURLToPath(new URL('../../../../examples/churn/models/', import.meta.url))
let cli: MemoryCli
beforeAll(() => {
  cli = memoryCli()
})
afterAll(() => cli.close())
const check = async (path: string) => {
  const { exitCode, stdout, stderr } = await cli.run(['model', 'check', path, '--json'])
  return {
    exitCode,
    stderr,
    report: JSON.parse(stdout) as { scores: boolean; kind: string; reasons: string[]; facts: object },
  }
}

test('a package: its engine and how its golden rows came out', async () => {
  const { exitCode, report } = await check(join(CHURN, 'churn-7'))
  expect(exitCode).toBe(0)
  expect(report).toMatchObject({
    kind: 'package',
    scores: true,
    facts: { name: 'churn', version: 7, task: 'binary', engine: 'trees', features: 3, golden: { marginsExact: true } },
  })
})

test('a package whose model was altered must not score, and says which file', async () => {
  const folder = join(cli.dir, 'churn-7')
  cpSync(join(CHURN, 'churn-7'), folder, { recursive: true })
  writeFileSync(join(folder, 'golden.jsonl'), '{}\n')
  const { exitCode, report, stderr } = await check(folder)
  expect([exitCode, report.scores]).toEqual([3, false])
  expect(report.reasons.join()).toMatch(/golden\.jsonl: its sha256 is/)
  expect(stderr).toContain('cannot score')
})

test('a bare XGBoost file: objective, trees and the kernel that runs it', async () => {
  const { exitCode, report } = await check(join(FIXTURES, 'dart.json'))
  expect(exitCode).toBe(0)
  expect(report).toMatchObject({
    kind: 'xgboost',
    facts: { engine: 'trees', booster: 'dart', kernel: { trees: expect.any(Number) } },
  })
})

test('a bare ONNX file: what it takes and gives', async () => {
  const { report } = await check(join(CHURN, 'churn-7/model.onnx'))
  expect(report).toMatchObject({ kind: 'onnx', scores: true, facts: { task: 'binary', features: 3, outputs: 1 } })
})

/** Files of onnx.helper, opset 13, without producer: X [N, columns] to Y. */
const ONNX = {
  /** MatMul with [[1, 10], [2, 20]]. */
  twoColumns:
    'CAgSADpfChEKAVgKAVcSAVkiBk1hdE11bBIBZyobCAIIAhABQgFXShAAAIA/AAAgQQAAAEAAAKBBWhQKAVgSDwoNCAESCQoDEgFOCgIIAmIUCgFZEg8KDQgBEgkKAxIBTgoCCAJCBAoAEA0=',
  /** The same with an int64 output beside it, as classifiers have their labels. */
  twoColumnsAndLabels:
    'CAgSADqOAQoRCgFYCgFXEgFZIgZNYXRNdWwKFwoBWRIBTCIEQ2FzdCoJCgJ0bxgHoAECEgFnKhsIAggCEAFCAVdKEAAAgD8AACBBAAAAQAAAoEFaFAoBWBIPCg0IARIJCgMSAU4KAggCYhQKAUwSDwoNCAcSCQoDEgFOCgIIAmIUCgFZEg8KDQgBEgkKAxIBTgoCCAJCBAoAEA0=',
  doubles: 'CAgSADpBChAKAVgSAVkiCElkZW50aXR5EgFnWhQKAVgSDwoNCAsSCQoDEgFOCgIIAmIUCgFZEg8KDQgLEgkKAxIBTgoCCAJCBAoAEA0=',
  columns65537:
    'CAgSADpFChAKAVgSAVkiCElkZW50aXR5EgFnWhYKAVgSEQoPCAESCwoDEgFOCgQIgYAEYhYKAVkSEQoPCAESCwoDEgFOCgQIgYAEQgQKABAN',
  twoInputs:
    'CAgSADpVCg4KAUEKAUISAVkiA0FkZBIBZ1oUCgFBEg8KDQgBEgkKAxIBTgoCCAFaFAoBQhIPCg0IARIJCgMSAU4KAggBYhQKAVkSDwoNCAESCQoDEgFOCgIIAUIECgAQDQ==',
  oneRow: 'CAgSADo/ChAKAVgSAVkiCElkZW50aXR5EgFnWhMKAVgSDgoMCAESCAoCCAEKAggBYhMKAVkSDgoMCAESCAoCCAEKAggBQgQKABAN',
} as const
const writeOnnx = (dir: string, name: keyof typeof ONNX) =>
  write(dir, `${name}.onnx`, Buffer.from(ONNX[name], 'base64'))

test('two columns of an ONNX file are classes beside labels, else two values, and none is lost', async () => {
  const rows = write(cli.dir, 'rows.jsonl', Buffer.from('{"f0": 1, "f1": 2}\n'))
  const score = async (name: keyof typeof ONNX) => {
    const { stdout } = await cli.run(['score', '--json', '--model', writeOnnx(cli.dir, name), '--file', rows])
    return JSON.parse(stdout) as object
  }
  expect(await score('twoColumns')).toEqual({ score: 50, scores: [5, 50] })
  expect(await score('twoColumnsAndLabels')).toEqual({ score: 50 })
})

test.each<[string, (dir: string) => string, RegExp]>([
  ['an ONNX file of doubles', (dir) => writeOnnx(dir, 'doubles'), /input `X` \(float64 .* must be float32; export/],
  ['an ONNX file of too many columns', (dir) => writeOnnx(dir, 'columns65537'), /more than 65536 columns/],
  ['an ONNX file with an input per column', (dir) => writeOnnx(dir, 'twoInputs'), /it has `A`.*, `B`.*with one input/],
  ['an ONNX file for one row', (dir) => writeOnnx(dir, 'oneRow'), /takes exactly 1 rows; export the model with a dyn/],
  ['a booster without trees', () => join(FIXTURES, 'gblinear.json'), /E_MODEL_UNSUPPORTED.*gblinear/],
  ['a file cut off', (dir) => write(dir, 'cut.ubj', Buffer.from('{L\0')), /E_MODEL_/],
  ['an ONNX file that is none', (dir) => write(dir, 'x.onnx', Buffer.from('onnx?')), /no ONNX model/],
])('%s cannot score, and says why', async (_what, path, reason) => {
  const { exitCode, report } = await check(path(cli.dir))
  expect([exitCode, report.scores]).toEqual([3, false])
  expect(report.reasons.join()).toMatch(reason)
})

test('a bare XGBoost file whose category names were cut is refused by the column', async () => {
  const model = JSON.parse(readFileSync(join(FIXTURES, 'binary-logistic.json'), 'utf8')) as {
    learner: { gradient_booster: { model: { cats: unknown } } }
  }
  // What XGBoost 3.2 writes for the categories "naïve" and "red".
  const cut = { offsets: [0, 5, 8], values: [110, 97, -61, -81, 118, 101, 114, 101] }
  const none = { offsets: [], values: [] }
  model.learner.gradient_booster.model.cats = { enc: [none, cut, ...Array(6).fill(none)] }
  const { exitCode, report } = await check(write(cli.dir, 'cut.json', Buffer.from(JSON.stringify(model))))
  expect(exitCode).toBe(3)
  expect(report.reasons).toEqual([
    expect.stringMatching(/E_MODEL_UNSUPPORTED: .*enc\[1\].*categories of f1 .* put the model into a package/),
  ])
})

test('a file that is too large is not read, and links that lead in a circle are no model', async () => {
  const large = write(cli.dir, 'large.ubj', Buffer.of())
  truncateSync(large, 256 * 1024 * 1024 + 1)
  const { exitCode, report } = await check(large)
  expect([exitCode, report.reasons]).toEqual([3, ['it has 268435457 bytes, more than 268435456']])
  const circle = join(cli.dir, 'circle.ubj')
  symlinkSync(circle, circle)
  const { exitCode: usage, stderr } = await cli.run(['model', 'check', circle])
  expect([usage, stderr]).toEqual([2, expect.stringMatching(/circle\.ubj cannot be read: ELOOP/)])
})

test('an ONNX file is known by its first bytes as well as by its name', async () => {
  for (const name of ['no-extension', 'upper.ONNX', 'wrong.json']) {
    const { report } = await check(write(cli.dir, name, Buffer.from(ONNX.twoColumns, 'base64')))
    expect(report, name).toMatchObject({ kind: 'onnx', scores: true })
  }
})

function write(dir: string, name: string, bytes: Uint8Array): string {
  const path = join(dir, name)
  writeFileSync(path, bytes)
  return path
}
