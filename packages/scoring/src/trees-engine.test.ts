import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { loadModel } from './load-model.ts'
import type { PackageFiles } from './model-store.ts'
import { treesEngine } from './trees-engine.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

const EXAMPLES = resolve(import.meta.dirname, '../../../examples/churn/models')

/** A committed package; `edit` changes the text of its manifest. */
function readPackage(folder: string, edit: (yaml: string) => string = (yaml) => yaml): PackageFiles {
  const files = new Map(
    readdirSync(join(EXAMPLES, folder)).map((file) => [
      file,
      new Uint8Array(readFileSync(join(EXAMPLES, folder, file))),
    ]),
  )
  const yaml = new TextDecoder().decode(files.get('model.yaml'))
  files.set('model.yaml', new TextEncoder().encode(edit(yaml)))
  const [name, version] = folder.split('-') as [string, string]
  return { origin: folder, name, version: Number(version), files }
}

describe('models that XGBoost trained', () => {
  test.each(readdirSync(EXAMPLES))('%s gives the margins of XGBoost to the last bit', async (folder) => {
    const { model, golden, notUsed } = await loadModel(readPackage(folder), { trees: treesEngine })
    expect(golden.rows).toBeGreaterThan(1000)
    expect(golden.marginsExact).toBe(true)
    expect(golden.worst.difference).toBeLessThanOrEqual(1e-7)
    expect(notUsed).toEqual([])
    await model.close()
  })
})

/** A package whose golden rows were changed after the training library had written them. */
function withGolden(change: (line: string) => string): PackageFiles {
  const source = readPackage('churn-7')
  const text = new TextDecoder().decode(source.files.get('golden.jsonl')).replace(/^.*$/m, change)
  const bytes = new TextEncoder().encode(text)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const yaml = (before: string) => before.replace(/(path: golden\.jsonl, sha256: )[0-9a-f]{64}/, `$1${sha256}`)
  return { ...source, files: new Map([...readPackage('churn-7', yaml).files, ['golden.jsonl', bytes]]) }
}

describe('a version is refused', () => {
  test('when a margin differs in its last bit', async () => {
    const source = withGolden((line) => line.replace('"margin":-0.70518047', '"margin":-0.70518053'))
    await expect(loadModel(source, { trees: treesEngine })).rejects.toThrow(
      /trees: golden rows: the margin is not the same to the last bit in 1 of \d+ \(line 1: -0\.7051804/,
    )
  })

  test('when the columns come in another order than in training', async () => {
    const swapped = readPackage('churn-7', (yaml) =>
      yaml.replace(/(- \{name: tenure.*\n)(- \{name: totalCharges.*\n)/, '$2$1'),
    )
    await expect(loadModel(swapped, { trees: treesEngine })).rejects.toThrow(/the encoded row differs from `row`/)
  })

  test('when a feature is left out', async () => {
    const shorter = readPackage('churn-7', (yaml) => yaml.replace(/- \{name: totalCharges.*\n/, ''))
    await expect(loadModel(shorter, { trees: treesEngine })).rejects.toThrow(
      /`totalCharges` is no feature of the model/,
    )
  })

  test('when the objective is for another task', async () => {
    const regression = readPackage('churn-7', (yaml) =>
      yaml.replace('task: binary', 'task: regression').replace(/^(threshold|labels):.*\n/gm, ''),
    )
    await expect(loadModel(regression, { trees: treesEngine })).rejects.toThrow(
      /model\.ubj: objective binary:logistic is for binary, the package is for regression/,
    )
  })

  test('when the file is of another engine', async () => {
    const confused = readPackage('churn-7', (yaml) =>
      yaml
        .replace(/- \{engine: trees.*\n/, '')
        .replace('engine: onnx', 'engine: trees')
        .replace(', output: probabilities, input: features', ''),
    )
    await expect(loadModel(confused, { trees: treesEngine })).rejects.toThrow(/trees: .*JSON/)
  })
})
