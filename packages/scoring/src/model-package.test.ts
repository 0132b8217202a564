import { createHash } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { parseModelPackage } from './model-package.ts'
import { ModelRefused } from './model-refused.ts'
import { MANIFEST_PATH, PACKAGE_LIMITS } from './model-store.ts'

// Far more than these take, so that a busy machine does not fail them.
vi.setConfig({ testTimeout: 60_000 })

const utf8 = (text: string) => new TextEncoder().encode(text)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const MODEL = utf8('model bytes')
const BASELINE = utf8('{"rows": 3}')
const GOLDEN = utf8('{"features":{"x":1,"c":"a"},"row":[1,0],"score":0.5,"margin":0}\n')

/** A good binary package; `change` edits its manifest, `files` its files. */
function packageWith(
  change: (manifest: Record<string, unknown>) => void = () => {},
  files: Record<string, Uint8Array | undefined> = {},
) {
  const manifest: Record<string, unknown> = {
    name: 'churn',
    version: 7,
    task: 'binary',
    files: [{ engine: 'trees', path: 'model.ubj', sha256: sha256(MODEL) }],
    features: [
      { name: 'x', type: 'number' },
      { name: 'c', type: 'category', categories: ['a', 'b'] },
    ],
    threshold: 0.5,
    labels: { negative: 'stays', positive: 'churns' },
    baseline: { path: 'baseline.json', sha256: sha256(BASELINE) },
    golden: { path: 'golden.jsonl', sha256: sha256(files['golden.jsonl'] ?? GOLDEN), reference: 'a table' },
    lineage: { data: { rows: 3 } },
  }
  change(manifest)
  const all = { 'model.ubj': MODEL, 'baseline.json': BASELINE, 'golden.jsonl': GOLDEN, ...files }
  const present = Object.entries(all).flatMap(([path, bytes]) => (bytes === undefined ? [] : [[path, bytes] as const]))
  return {
    origin: 'models/churn-7',
    name: 'churn',
    version: 7,
    files: new Map([[MANIFEST_PATH, utf8(stringify(manifest))] as const, ...present]),
  }
}

function reasonsOf(...args: Parameters<typeof packageWith>): readonly string[] {
  try {
    parseModelPackage(packageWith(...args))
  } catch (error) {
    if (error instanceof ModelRefused) return error.reasons
    throw error
  }
  return []
}

test('a whole package is read, with defaults', () => {
  const read = parseModelPackage(packageWith())
  expect(read.manifest.golden.tolerance).toBe(1e-6)
  expect(read.files).toMatchObject([{ engine: 'trees', path: 'model.ubj', bytes: MODEL }])
  expect(read.golden).toMatchObject([{ line: 1, features: { x: 1, c: 'a' }, row: Float32Array.of(1, 0) }])
  expect(read.baseline).toEqual({ rows: 3 })
})

test('everything that is wrong with the files comes at once', () => {
  const wrong = reasonsOf((m) => Object.assign(m, { version: 8 }), {
    'model.ubj': utf8('altered'),
    'baseline.json': undefined,
    'golden.jsonl': utf8('{"features":{"y":1},"row":[1,0],"score":0.5}\n{\n'),
  })
  expect(wrong).toEqual([
    'model.yaml: it is churn-8, but lies where churn-7 belongs',
    expect.stringMatching(/^model\.ubj: its sha256 is [0-9a-f]{64}, model\.yaml says [0-9a-f]{64}/),
    'golden.jsonl: line 1: `y` is no feature of the model',
    'golden.jsonl: line 2: it is not JSON',
    'baseline.json: it is declared in model.yaml, but not in models/churn-7',
  ])
})

test('a task that is none does not hide what else is wrong', () => {
  const wrong = reasonsOf((m) => Object.assign(m, { task: 'guessing', version: -1 }))
  expect(wrong).toContainEqual(expect.stringMatching(/task/))
  expect(wrong).toContainEqual(expect.stringMatching(/version/))
})

test('everything that is wrong with the manifest comes at once', () => {
  const wrong = reasonsOf((m) => {
    m['name'] = 'Churn'
    m['threshold'] = 2
    m['colour'] = 'red'
    m['features'] = [{ name: 'x', type: 'text' }]
  })
  for (const part of [/^model\.yaml: name: /, /threshold: /, /colour/, /features\[0\]\.type: /])
    expect(wrong).toContainEqual(expect.stringMatching(part))
})

test.each<[string, (m: Record<string, unknown>) => void, RegExp]>([
  ['the same feature twice', (m) => (m['features'] = Array(2).fill({ name: 'x', type: 'number' })), /distinct/],
  [
    'the same category twice',
    (m) => (m['features'] = [{ name: 'x', type: 'category', categories: ['a', 'a'] }]),
    /distinct/,
  ],
  ['equal labels', (m) => (m['labels'] = { negative: 'a', positive: 'a' }), /labels: the labels are distinct/],
  ['an engine twice', (m) => (m['files'] = Array(2).fill((m['files'] as unknown[])[0])), /name each engine once/],
  ['an unknown engine', (m) => (m['files'] = [{ engine: 'tf', path: 'a', sha256: 'b' }]), /files\[0\]\.engine/],
  [
    'an output name for trees',
    (m) => Object.assign((m['files'] as object[])[0]!, { output: 'x' }),
    /files\[0\].*output/,
  ],
  ['a threshold for regression', (m) => (m['task'] = 'regression'), /threshold/],
  ['an infinite threshold', (m) => (m['threshold'] = Number.POSITIVE_INFINITY), /threshold/],
  ['no golden rows file', (m) => delete m['golden'], /golden/],
  ['a tolerance that tolerates anything', (m) => Object.assign(m['golden'] as object, { tolerance: 0.5 }), /tolerance/],
])('%s is refused', (_name, change, reason) => {
  expect(reasonsOf(change)).toContainEqual(expect.stringMatching(reason))
})

test.each(['../model.ubj', '/etc/passwd', 'a/../../b', '.hidden', 'a\\b', 'C:x', 'a//b', 'a/', './a', 'a b', 'a\0b'])(
  'the path %j does not leave the package',
  (path) => {
    const wrong = reasonsOf((m) => Object.assign((m['files'] as object[])[0]!, { path }))
    expect(wrong).toContainEqual(expect.stringMatching(/files\[0\]\.path: write a path inside the package/))
  },
)

test.each([
  ['no rows', '', /it has no rows/],
  ['a short row', '{"features":{},"row":[1],"score":0.5}', /`row` has 1 values, the model has 2 features/],
  ['scores of another task', '{"features":{},"row":[1,1],"score":[0.5,0.5]}', /`score` has 2 values, the task has 1/],
  [
    'margins of another task',
    '{"features":{},"row":[1,1],"score":0.5,"margin":[0,0]}',
    /`margin` has 2 values, the task has 1/,
  ],
  ['a score that is none', '{"features":{},"row":[1,1],"score":"NaN"}', /`score` is not finite/],
  ['an unknown key', '{"features":{},"row":[1,1],"score":1,"weight":2}', /weight/],
  ['a row of texts', '{"features":{},"row":["1","1"],"score":1}', /row\.0/],
])('golden rows with %s are refused', (_name, text, reason) => {
  expect(reasonsOf(undefined, { 'golden.jsonl': utf8(text) })).toContainEqual(expect.stringMatching(reason))
})

test('problems of golden rows are told up to a limit', () => {
  const wrong = reasonsOf(undefined, { 'golden.jsonl': utf8('{\n'.repeat(1000)) })
  expect(wrong).toHaveLength(12)
  expect(wrong.at(-1)).toBe('golden.jsonl: and more')
})

test('a file at the size limit is read, one byte more is not', () => {
  const exactly = new Uint8Array(PACKAGE_LIMITS.baseline).fill(0x20)
  exactly[0] = 0x31
  const more = new Uint8Array(PACKAGE_LIMITS.baseline + 1).fill(0x20)
  const declare = (bytes: Uint8Array) => (m: Record<string, unknown>) => {
    m['baseline'] = { path: 'baseline.json', sha256: sha256(bytes) }
  }
  expect(reasonsOf(declare(exactly), { 'baseline.json': exactly })).toEqual([])
  expect(reasonsOf(declare(more), { 'baseline.json': more })).toEqual([
    `baseline.json: it has ${more.length} bytes, more than ${PACKAGE_LIMITS.baseline}`,
  ])
})

test.each([
  ['not YAML', 'name: [', /model\.yaml: /],
  ['a key twice', 'name: a\nname: b', /unique/i],
  [
    'aliases that explode',
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]`,
    /alias/i,
  ],
])('a manifest that is %s', (_name, text, reason) => {
  const source = { ...packageWith(), files: new Map([[MANIFEST_PATH, utf8(text)]]) }
  expect(() => parseModelPackage(source)).toThrow(reason)
})

test('a folder without a manifest is no package', () => {
  const source = { ...packageWith(), files: new Map<string, Uint8Array>() }
  expect(() => parseModelPackage(source)).toThrow('models/churn-7 has no model.yaml')
})
