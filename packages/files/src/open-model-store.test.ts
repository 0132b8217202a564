import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ModelRefused, PACKAGE_LIMITS, parseModelPackage } from '@sluice/scoring'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openModelStore } from './open-model-store.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../../examples/churn/models')

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-models-'))
  cpSync(join(EXAMPLES, 'churn-7'), join(dir, 'churn-7'), { recursive: true })
})
afterEach(() => rmSync(dir, { recursive: true }))

const path = (...parts: string[]) => join(dir, 'churn-7', ...parts)

async function reasons(name = 'churn', version = 7): Promise<readonly string[]> {
  try {
    parseModelPackage(await openModelStore(dir).read(name, version))
    return []
  } catch (error) {
    if (error instanceof ModelRefused) return error.reasons
    throw error
  }
}

test('a package is read with all its files, and only those', async () => {
  writeFileSync(path('notes.txt'), 'not part of the package')
  const files = await openModelStore(dir).read('churn', 7)
  expect([...files.files.keys()].sort()).toEqual([
    'baseline.json',
    'golden.jsonl',
    'model.onnx',
    'model.ubj',
    'model.yaml',
  ])
  const parsed = parseModelPackage(files)
  expect(parsed.manifest).toMatchObject({ name: 'churn', version: 7, task: 'binary' })
  expect(parsed.golden.length).toBeGreaterThan(1000)
})

test('versions are listed by name and number; what is no package folder is not', async () => {
  for (const folder of ['churn-10', 'churn-8', 'ab-test-3', 'churn', 'churn-08', '.churn-1', 'Churn-1', 'churn-x'])
    mkdirSync(join(dir, folder))
  writeFileSync(join(dir, 'file-1'), '')
  expect(await openModelStore(dir).list()).toEqual([
    { name: 'ab-test', version: 3 },
    { name: 'churn', version: 7 },
    { name: 'churn', version: 8 },
    { name: 'churn', version: 10 },
  ])
})

describe('a package is refused, with the reason', () => {
  test('when there is none', async () => {
    expect(await reasons('churn', 9)).toEqual([`there is no such version in ${dir}; it has 7`])
    expect(await reasons('fraud', 9)).toEqual([`there is no model \`fraud\` in ${dir}`])
  })

  test.each(['../churn', 'churn/../churn', '.', '', 'churn-7/../churn'])('when its name is %j', async (name) => {
    expect(await reasons(name)).toEqual([`\`${name}-7\` is no name and version of a model`])
  })

  test('when a file was altered, cut off or lost', async () => {
    writeFileSync(path('model.ubj'), 'altered')
    truncateSync(path('model.onnx'), 100)
    rmSync(path('baseline.json'))
    expect(await reasons()).toEqual([
      expect.stringMatching(/^model\.ubj: its sha256 is/),
      expect.stringMatching(/^model\.onnx: its sha256 is/),
      `baseline.json: it is declared in model.yaml, but not in ${path()}`,
    ])
  })

  test('when it has no manifest', async () => {
    rmSync(path('model.yaml'))
    expect(await reasons()).toEqual([`${path()} has no model.yaml`])
  })

  test('when a link leads out of it, or anywhere', async () => {
    for (const file of ['model.ubj', 'golden.jsonl']) {
      rmSync(path(file))
      symlinkSync(join(EXAMPLES, 'churn-7', file), path(file))
    }
    expect(await reasons()).toEqual([
      'model.ubj: it must be a file, not a link',
      'golden.jsonl: it must be a file, not a link',
    ])
    symlinkSync(path(), join(dir, 'churn-8'))
    expect(await reasons('churn', 8)).toEqual([`${join(dir, 'churn-8')}: it must be a folder, not a link`])
  })

  test('when a folder or a pipe stands where a file belongs', async () => {
    for (const file of ['model.ubj', 'golden.jsonl']) rmSync(path(file))
    mkdirSync(path('model.ubj'))
    execFileSync('mkfifo', [path('golden.jsonl')])
    expect(await reasons()).toEqual([
      'model.ubj: it must be a file, not a folder',
      'golden.jsonl: it must be a file, not a special file',
    ])
  })

  test('when the manifest names a path outside', async () => {
    writeFileSync(path('model.yaml'), 'files: [{engine: trees, path: ../../secret, sha256: x}]')
    expect(await reasons()).toContainEqual(expect.stringMatching(/files\[0\]\.path: write a path inside the package/))
  })

  test('when a file is larger than its limit, without reading it', async () => {
    truncateSync(path('golden.jsonl'), PACKAGE_LIMITS.golden + 1)
    truncateSync(path('baseline.json'), PACKAGE_LIMITS.baseline)
    expect(await reasons()).toEqual([`golden.jsonl: it has more than ${PACKAGE_LIMITS.golden} bytes`])
    truncateSync(path('model.yaml'), PACKAGE_LIMITS.manifest + 1)
    expect(await reasons()).toEqual([`model.yaml: it has more than ${PACKAGE_LIMITS.manifest} bytes`])
  })
})

test('files may lie in folders of the package, but not behind a link', async () => {
  mkdirSync(path('deep'))
  cpSync(path('model.ubj'), path('deep', 'model.ubj'))
  const manifest = path('model.yaml')
  execFileSync('sed', ['-i', 's|path: model.ubj|path: deep/model.ubj|', manifest])
  expect(await reasons()).toEqual([])
  rmSync(path('deep'), { recursive: true })
  symlinkSync(join(EXAMPLES, 'churn-7'), path('deep'))
  expect(await reasons()).toEqual(['deep/model.ubj: `deep` must be a folder, not a link'])
})

test('a store that is not there is a dependency error', async () => {
  await expect(openModelStore(join(dir, 'nowhere')).list()).rejects.toMatchObject({
    name: 'DependencyError',
    message: expect.stringMatching(/nowhere cannot be read/),
  })
})
