import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from '../../tools/bundle.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const CHURN_8 = join(ROOT, 'examples/churn/models/churn-8')
let dir: string

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-bundle-'))
  await bundle(join(dir, 'app'))
}, 120_000)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs an entry of the bundle away from the repository, so that nothing is found by accident. */
function run(
  entry: string,
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, [join(dir, 'app', entry), ...args], {
    cwd: dir,
    input,
    encoding: 'utf8',
    timeout: 60_000,
  })
}

test.each(['router.mjs', 'scorer.mjs'])('%s starts, and says what is missing with exit code 78', (entry) => {
  const { status, stderr } = run(entry, [])
  expect(status).toBe(78)
  expect(stderr).toContain('--config')
})

test('the bundled command scores customers as the golden rows say, by both engines', () => {
  const golden = readFileSync(join(CHURN_8, 'golden.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/Infinity|NaN/.test(line))
    .slice(0, 50)
    .map((line) => JSON.parse(line) as { features: object; row: number[]; score: number })
  const scored = (model: string, rows: readonly object[]): number[] => {
    const { stdout, stderr } = run(
      'sluice.mjs',
      ['score', '--model', model, '--file', '-', '--json'],
      rows.map((row) => JSON.stringify(row)).join('\n'),
    )
    expect(stdout, stderr).not.toBe('')
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { score: number }).score)
  }
  const byName = golden.map(({ features }) => features)
  const byColumn = golden.map(({ row }) => Object.fromEntries(row.map((value, i) => [`f${i}`, value])))
  for (const scores of [scored(CHURN_8, byName), scored(join(CHURN_8, 'model.onnx'), byColumn)]) {
    expect(scores).toHaveLength(golden.length)
    for (const [i, score] of scores.entries())
      expect(Math.abs(score - golden[i]!.score), `row ${i}`).toBeLessThanOrEqual(1e-6)
  }
})
