import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendRecords, until } from '@sluice/testing'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { churnCustomers, customerEncoder, decodePrediction, type Prediction } from './churn-events.ts'
import { CHALLENGER, CHAMPION, CHURN_MODELS, ENDPOINT, ROOT, TestPlatform } from './platform.ts'
import { type ReferenceScorer, referenceScorer } from './reference-scorer.ts'

const EVENTS = 30
const REFUSED = 1

/** A package folder that a test may damage. */
class Package {
  readonly #folder: string

  constructor(modelsDir: string, version: number) {
    this.#folder = join(modelsDir, `churn-${version}`)
    cpSync(join(CHURN_MODELS, `churn-${version}`), this.#folder, { recursive: true })
  }

  /** Changes a file, with or without packing it anew. */
  change(file: string, change: (content: Buffer) => Uint8Array, { repack }: { readonly repack: boolean }): void {
    const path = join(this.#folder, file)
    const before = readFileSync(path)
    const after = change(before)
    writeFileSync(path, after)
    if (repack) this.manifest((text) => text.replace(sha256(before), sha256(after)))
  }

  manifest(change: (text: string) => string): void {
    const path = join(this.#folder, 'model.yaml')
    const before = readFileSync(path, 'utf8')
    const after = change(before)
    if (after === before) throw new Error('the manifest was not changed')
    writeFileSync(path, after)
  }
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

const half = (content: Buffer): Uint8Array => content.subarray(0, content.length >> 1)
const oneBit = (content: Buffer): Uint8Array => {
  const altered = Buffer.from(content)
  altered[altered.length >> 1]! ^= 1
  return altered
}
/** Another score in the first golden row. */
const otherScore = (content: Buffer): Uint8Array =>
  Buffer.from(content.toString().replace(/"score":0\.\d+/, '"score":0.123'))

const DAMAGES: readonly (readonly [what: string, damage: (source: Package) => void, reasons: readonly RegExp[]])[] = [
  [
    'a model file that breaks off',
    (p) => p.change('model.ubj', half, { repack: false }),
    [/model\.ubj: its sha256 is [0-9a-f]{64}, model\.yaml says [0-9a-f]{64}/],
  ],
  [
    'one bit of the model file',
    (p) => p.change('model.ubj', oneBit, { repack: false }),
    [/model\.ubj: its sha256 is /],
  ],
  [
    'files that broke off before they were packed',
    (p) => {
      p.change('model.ubj', half, { repack: true })
      p.change('model.onnx', half, { repack: true })
    },
    [/- trees: /, /- onnx: /],
  ],
  [
    'model files of another width',
    (p) => {
      for (const file of ['model.ubj', 'model.onnx'])
        p.change(file, () => readFileSync(join(CHURN_MODELS, 'churn-7', file)), { repack: true })
    },
    [/trees: it takes 3 columns, the package has 19 features/, /onnx: .*\b3\b.*\b19\b/],
  ],
  [
    'a golden row with another score',
    (p) => p.change('golden.jsonl', otherScore, { repack: true }),
    [/trees: golden rows: the score differs in 1 of \d+ \(line 1: /, /onnx: golden rows: the score differs in 1 of/],
  ],
  [
    'the model of another version',
    (p) => p.manifest((text) => text.replace('version: 8', 'version: 7')),
    [/it is churn-7, but lies where churn-8 belongs/],
  ],
]

describe.skipIf(inject('stackKind') === 'embedded')('a model package that must not score', () => {
  const modelsDir = mkdtempSync(join(tmpdir(), 'sluice-models-'))
  let platform: TestPlatform
  let score: ReferenceScorer
  let used = 0
  beforeAll(async () => {
    new Package(modelsDir, 7)
    score = await referenceScorer(7)
    platform = await TestPlatform.open({
      name: 'package',
      modelsDir,
      variants: [
        { ...CHAMPION, weight: 100 },
        { ...CHALLENGER, weight: 0 },
      ],
    })
    await Promise.all([platform.router(), platform.scorer(7)])
    await platform.plan()
    await platform.ready()
  })
  afterAll(async () => {
    await platform?.stop()
    rmSync(modelsDir, { recursive: true, force: true })
  })

  /** Sends customers that were not sent before and resolves with their predictions, in the order they were sent. */
  async function predict(): Promise<readonly (readonly [customer: object, prediction: Prediction | undefined])[]> {
    const customers = churnCustomers().slice(used, used + EVENTS)
    used += EVENTS
    const encode = await customerEncoder(platform)
    const records = customers.map((customer) => encode(customer))
    const options = { timestampMs: Date.now() }
    const places = await appendRecords(platform.log, platform.topics.events, records, options)
    await until('the predictions', async () =>
      (await platform.count(platform.topics.predictions)) >= used ? true : undefined,
    )
    const predictions = new Map((await platform.read('predictions')).map(decodePrediction).map((p) => [p.eventId, p]))
    return customers.map((customer, i) => {
      const { partition, offset } = places[i]!
      return [customer, predictions.get(`${ENDPOINT}.${partition}.${offset}`)]
    })
  }

  async function checkVersion7(): Promise<void> {
    for (const [customer, prediction] of await predict()) {
      const expected = await score(customer as Record<string, unknown>)
      expect(prediction, JSON.stringify(customer)).toMatchObject({ version: 7, ...expected })
    }
  }

  /** Starts a scorer that is expected to end by itself. */
  async function startRefused(version: number): Promise<{ readonly exitCode: number | null; readonly stderr: string }> {
    const args = ['--config', platform.configFile, '--endpoint', ENDPOINT, '--version', String(version)]
    const child = spawn(process.execPath, [join(ROOT, 'services/scorer/src/main.ts'), ...args], {
      env: { ...process.env, ...platform.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [exitCode] = await once(child, 'close')
    return { exitCode: exitCode as number | null, stderr }
  }

  test.each(DAMAGES)(
    '%s: the scorer says why it does not start, and version 7 goes on',
    async (_what, damage, reasons) => {
      damage(new Package(modelsDir, 8))
      const { exitCode, stderr } = await startRefused(8)
      expect(exitCode, stderr).toBe(REFUSED)
      expect(stderr).toContain('scorer: ModelRefused: model churn-8 is refused:')
      for (const reason of reasons) expect(stderr).toMatch(reason)
      expect(stderr).not.toMatch(/\n {4}at /)
      await checkVersion7()
    },
  )

  test('no traffic can be given to a version whose package was refused', async () => {
    platform.configure([CHAMPION, CHALLENGER])
    const { exitCode, stderr } = await platform.sluice('plan', 'apply')
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('no scorer is ready for version 8')])
    await checkVersion7()
  })

  test('a damaged package does not replace the one in use, and a sound one does, while events flow', async () => {
    const { pid } = platform.service('scorer-v7').process
    new Package(modelsDir, 7).change('model.ubj', half, { repack: false })
    process.kill(pid!, 'SIGHUP')
    await until('the refusal', () =>
      platform.logLines().includes('The package is refused; the one before keeps scoring.') ? true : undefined,
    )
    await checkVersion7()

    // A threshold that everybody passes: the same scores, other decisions.
    new Package(modelsDir, 7).manifest((text) => text.replace('threshold: 0.5', 'threshold: 0'))
    process.kill(pid!, 'SIGHUP')
    await until('the new package', () => (platform.logLines().includes('The package took over.') ? true : undefined))
    for (const [customer, prediction] of await predict()) {
      const expected = await score(customer as Record<string, unknown>)
      expect(prediction).toMatchObject({ version: 7, score: expected.score, decision: 'churns' })
    }
    expect(platform.service('scorer-v7').process.pid).toBe(pid)
    expect(platform.crashes).toEqual([])
  })
})
