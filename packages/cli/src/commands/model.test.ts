import { cpSync, writeFileSync } from 'node:fs'
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

test.each<[string, (dir: string) => string, RegExp]>([
  ['a booster without trees', () => join(FIXTURES, 'gblinear.json'), /E_MODEL_UNSUPPORTED.*gblinear/],
  ['a file cut off', (dir) => write(dir, 'cut.ubj', Buffer.from('{L\0')), /E_MODEL_/],
  ['an ONNX file that is none', (dir) => write(dir, 'x.onnx', Buffer.from('onnx?')), /no ONNX model/],
])('%s cannot score, and says why', async (_what, path, reason) => {
  const { exitCode, report } = await check(path(cli.dir))
  expect([exitCode, report.scores]).toEqual([3, false])
  expect(report.reasons.join()).toMatch(reason)
})

function write(dir: string, name: string, bytes: Uint8Array): string {
  const path = join(dir, name)
  writeFileSync(path, bytes)
  return path
}
