import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import aucs from '../../../../schemas/vectors/statistics/auc.json' with { type: 'json' }
import calibrations from '../../../../schemas/vectors/statistics/calibration.json' with { type: 'json' }
import clusters from '../../../../schemas/vectors/statistics/clusters.json' with { type: 'json' }
import comparisons from '../../../../schemas/vectors/statistics/comparisons.json' with { type: 'json' }
import drifts from '../../../../schemas/vectors/statistics/drift.json' with { type: 'json' }
import estimated from '../../../../schemas/vectors/statistics/estimated-performance.json' with { type: 'json' }
import groups from '../../../../schemas/vectors/statistics/group-sequential.json' with { type: 'json' }
import hajeks from '../../../../schemas/vectors/statistics/hajek.json' with { type: 'json' }
import losses from '../../../../schemas/vectors/statistics/losses.json' with { type: 'json' }
import mcnemars from '../../../../schemas/vectors/statistics/mcnemar.json' with { type: 'json' }
import ratios from '../../../../schemas/vectors/statistics/sample-ratio.json' with { type: 'json' }
import { STATISTICS } from '../stats/statistics.ts'
import { type MemoryCli, memoryCli } from '../testing/memory-cli.ts'

let cli: MemoryCli
beforeEach(() => {
  cli = memoryCli()
})
afterEach(() => cli.close())

type Document = Record<string, unknown> & {
  estimate: number | null
  standardError: number | null
  n: number | null
  interval: [number | null, number | null] | null
  pValue: number | null
  verdict: string | null
  reason: string | null
}

async function stats(name: string, input: unknown): Promise<Document> {
  const { exitCode, stdout, stderr } = await cli.run(['stats', name, '--json'], { stdin: JSON.stringify(input) })
  expect([exitCode, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Document
}

const KEYS = ['statistic', 'estimate', 'standardError', 'n', 'interval', 'pValue', 'verdict', 'reason']
const EXAMPLES = STATISTICS.flatMap(({ name, forms }) => forms.map(({ key, example }) => [name, key, example] as const))

test.each(EXAMPLES)(
  'the example of %s with %s gives one document of finite numbers with the stable keys',
  async (name, _key, example) => {
    const { exitCode, stdout, stderr } = await cli.run(['stats', name, '--json'], { stdin: JSON.stringify(example) })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(Object.keys(JSON.parse(stdout) as object).slice(0, KEYS.length)).toEqual(KEYS)
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(stdout).not.toMatch(/NaN|Infinity/)
    // Said or computed: a document without a number says why.
    const document = JSON.parse(stdout) as Document
    const said = JSON.stringify(document)
    expect(document.estimate !== null || document.reason !== null || /bounds|adjusted|minimum|onlyCh/.test(said)).toBe(
      true,
    )
  },
)

test.each(STATISTICS.map(({ name }) => name))('%s: help shows each form with its example', async (name) => {
  const { exitCode, stdout } = await cli.run(['stats', name, '--help'])
  expect(exitCode).toBe(0)
  const { forms, judges } = STATISTICS.find((s) => s.name === name)!
  expect(/Fields of `plan`:\n {2}method +sequential/.test(stdout)).toBe(judges === true)
  for (const { key, example } of forms) {
    expect(stdout).toContain(`With \`${key}\`:`)
    expect(stdout).toContain(JSON.stringify(example))
  }
})

test.each(STATISTICS.map(({ name }) => name))('%s: nonsense is refused, not computed', async (name) => {
  for (const stdin of ['', '{', '[]', '7', '{}', '{"nonsense": 1}']) {
    const { exitCode, stdout, stderr } = await cli.run(['stats', name, '--json'], { stdin })
    expect([exitCode, stdout], stdin).toEqual([2, ''])
    expect(stderr, stdin).toMatch(/input/)
  }
})

describe('agrees with the reference implementations', () => {
  test('auc, delong-paired', async () => {
    for (const { labels, champion, candidate, expected } of aucs.cases) {
      const one = await stats('auc', { scores: champion, labels })
      expect(one.estimate).toBeCloseTo(expected.championAuc, 10)
      expect(one.standardError).toBeCloseTo(expected.championError, 10)
      // The 97.5 % quantile of the normal distribution, as pROC takes it.
      expect(one.interval![0]).toBeCloseTo(expected.championAuc - 1.959963984540054 * expected.championError, 9)
      const paired = await stats('delong-paired', { champion, candidate, labels })
      expect(paired.estimate).toBeCloseTo(expected.difference, 10)
      expect(paired.pValue).toBeCloseTo(expected.pValue, 10)
    }
  })

  test('verdict, and proportion with two arms', async () => {
    const { control, candidate, expected } = comparisons.cases[0]!
    const arm = ({ n, sum }: { n: number; sum?: number | undefined }) => ({ successes: sum, n })
    const compared = await stats('proportion', { control: arm(control), candidate: arm(candidate) })
    expect(compared.interval![0]).toBeCloseTo(expected.sequential.interval[0]!, 10)
    expect(compared.pValue).toBeCloseTo(expected.sequential.pValue, 10)
    expect(compared).toMatchObject({ verdict: 'undecided', method: 'sequential', control: { n: 4000 } })
    const { estimate, standardError } = expected.sequential
    const judged = await stats('verdict', { estimate, standardError, n: control.n + candidate.n })
    expect(judged.interval![1]).toBeCloseTo(expected.sequential.interval[1]!, 10)
  })

  test('mean, ratio, cuped from counters, relative and absolute', async () => {
    for (const { name, kind, control, candidate, expected } of comparisons.cases) {
      const statistic = kind === 'mean' ? 'mean' : kind === 'ratio' ? 'ratio' : kind === 'cuped' ? 'cuped' : undefined
      if (statistic === undefined) continue
      const plan = { method: 'fixed' }
      const absolute = await stats(statistic, { control, candidate, plan })
      const relative = await stats(statistic, { control, candidate, plan, relative: true })
      expect(absolute.pValue, name).toBeCloseTo(expected.fixed.pValue, 9)
      expect(relative.pValue, name).toBeCloseTo(expected.fixedRelative.pValue, 9)
      expect(relative.interval![0], name).toBeCloseTo(expected.fixedRelative.interval[0]!, 9)
    }
  })

  test('log-loss, brier, paired-t', async () => {
    const { labels, champion, candidate, expected } = losses.cases[0]!
    expect((await stats('log-loss', { scores: champion, labels })).estimate).toBeCloseTo(expected.logLoss, 12)
    expect((await stats('brier', { scores: champion, labels })).estimate).toBeCloseTo(expected.brier, 12)
    expect((await stats('log-loss', { champion, candidate, labels })).pValue).toBeCloseTo(expected.logLossPValue, 10)
    const brier = await stats('brier', { champion, candidate, labels })
    expect(brier.interval![0]).toBeCloseTo(expected.brierInterval[0]!, 10)
    const squared = (scores: readonly number[]) => scores.map((score, i) => (score - labels[i]!) ** 2)
    const paired = await stats('paired-t', { champion: squared(champion), candidate: squared(candidate) })
    expect(paired.pValue).toBeCloseTo(expected.brierPValue, 10)
  })

  test('mcnemar, hajek, ratio over buckets', async () => {
    const { onlyChampion, onlyCandidate, expected } = mcnemars.cases[0]!
    expect((await stats('mcnemar', { onlyChampion, onlyCandidate })).pValue).toBeCloseTo(expected.exact, 12)
    const corrected = await stats('mcnemar', { onlyChampion, onlyCandidate, form: 'corrected' })
    expect(corrected.pValue).toBeCloseTo(expected.corrected![1]!, 12)
    const weighted = hajeks.cases[0]!
    const reviewed = await stats('hajek', { values: weighted.numerator, probabilities: weighted.probability })
    expect(reviewed.standardError).toBeCloseTo(weighted.expected.standardError, 12)
    const clustered = clusters.cases[1]!
    const events = {
      numerator: clustered.values,
      denominator: clustered.values.map(() => 1),
      buckets: clustered.buckets,
    }
    expect((await stats('ratio', events)).standardError).toBeCloseTo(clustered.expected.standardError, 12)
    const jackknife = await stats('ratio', { ...events, variance: 'jackknife' })
    expect(jackknife.standardError).toBeCloseTo(clustered.expected.jackknifeError, 12)
  })

  test('srm, srm-sequential, spending-bounds', async () => {
    const { counts, weights, expected } = ratios.cases[4]!
    expect((await stats('srm', { counts, weights })).pValue).toBeCloseTo(expected.pValue, 10)
    const sequential = await stats('srm-sequential', { counts, weights })
    expect(sequential.pValue).toBeCloseTo(expected.sequentialPValue, 6)
    const { fractions, alpha, sides, spending, expected: bounds } = groups.cases[1]!
    const given = await stats('spending-bounds', { fractions, alpha, sides, spending })
    ;(given['bounds'] as number[]).forEach((bound, k) => {
      expect(bound).toBeCloseTo(bounds[k]!, 5)
    })
  })

  test('psi, js, ks, l-infinity, chi-square, ece, cbpe', async () => {
    const { baseline, current, expected } = drifts.cases[2]!
    const pair = { baseline, current }
    expect((await stats('psi', pair)).estimate).toBeCloseTo(expected.psi, 10)
    expect((await stats('js', pair)).estimate).toBeCloseTo(expected.jensenShannon, 10)
    expect((await stats('ks', pair)).estimate).toBeCloseTo(expected.kolmogorovSmirnov, 10)
    expect((await stats('l-infinity', pair)).estimate).toBeCloseTo(expected.lInfinity, 10)
    expect((await stats('chi-square', pair))['statistic']).toBeCloseTo(expected.chiSquare, 8)
    const { scores, labels, expected: calibrated } = calibrations.cases[0]!
    expect((await stats('ece', { scores, labels })).estimate).toBeCloseTo(calibrated.estimate, 10)
    const expecting = estimated.cases[2]!
    const performance = await stats('cbpe', { scores: expecting.scores, threshold: expecting.threshold })
    expect(performance['f1']).toMatchObject({ estimate: expect.closeTo(expecting.expected.f1, 10) })
  })
})

test('degenerate data: insufficient with the reason, the numbers null', async () => {
  for (const [name, input, reason] of [
    ['auc', { scores: [0.1, 0.9], labels: [1, 1] }, /outcomes are equal/],
    ['auc', { scores: [], labels: [] }, /no data/],
    ['mean', { values: [4, 4, 4] }, /no spread/],
    ['mean', { values: [] }, /no data/],
    ['verdict', { estimate: 3, standardError: 0, n: 1000 }, /no spread/],
    ['verdict', { estimate: 3, standardError: 1, n: 99 }, /n is 99, the minimum 100/],
    ['mcnemar', { onlyChampion: 0, onlyCandidate: 0 }, /never differ/],
    ['srm', { counts: [0, 0], weights: [1, 1] }, /no data/],
    ['psi', { baseline: [0, 0], current: [1, 2] }, /baseline holds no values/],
    ['hajek', { values: [1], probabilities: [0.5] }, /at least 2/],
    [
      'delong-paired',
      { champion: [0.1, 0.9, 0.3, 0.8], candidate: [0.1, 0.9, 0.3, 0.8], labels: [0, 1, 0, 1] },
      /no spread/,
    ],
  ] as const) {
    const document = await stats(name, input)
    expect(document, name).toMatchObject({
      verdict: 'insufficient',
      pValue: null,
      reason: expect.stringMatching(reason),
    })
  }
  const rate = await stats('proportion', { successes: 0, n: 10 })
  expect(rate).toMatchObject({
    estimate: 0,
    standardError: 0,
    verdict: 'insufficient',
    interval: [0, expect.closeTo(0.2775, 4)],
  })
})

test('too few events of a class per arm: no verdict, from both sides of the minimum', async () => {
  const arms = (successes: number) => ({ control: { successes: 15, n: 900 }, candidate: { successes, n: 900 } })
  expect(await stats('proportion', arms(9))).toMatchObject({
    verdict: 'insufficient',
    reason: expect.stringContaining('9 of 10 events'),
  })
  expect(await stats('proportion', arms(10))).toMatchObject({ verdict: 'undecided' })
  expect(await stats('proportion', arms(891))).toMatchObject({ reason: expect.stringContaining('9 of 10 non-events') })
  expect(await stats('proportion', { ...arms(9), minimumEvents: 5 })).toMatchObject({ verdict: 'undecided' })
  const bins = (positives: number) => ({ positives: [positives - 20, 20], negatives: [200, 100] })
  const compared = (positives: number) => stats('auc-bins', { control: bins(60), candidate: bins(positives) })
  expect(await compared(29)).toMatchObject({ verdict: 'insufficient', reason: expect.stringContaining('29 of 30') })
  expect(await compared(30)).toMatchObject({ verdict: 'undecided' })
})

test('a mismatch of the split says that verdicts are to be withheld', async () => {
  expect(await stats('srm', { counts: [5000, 5400], weights: [1, 1] })).toMatchObject({
    verdict: 'mismatch',
    withholdVerdicts: true,
  })
  expect(
    await stats('verdict', { estimate: 3, standardError: 0.1, n: 9000, state: { withheld: 'sample ratio mismatch' } }),
  ).toMatchObject({ verdict: 'insufficient', code: 'withheld' })
})

test('plans: sizes, power, smallest effect, days', async () => {
  const metric = { kind: 'proportion', baseline: 0.05 }
  expect(await stats('power', { metric, relativeEffect: 0.1 })).toMatchObject({ nPerArm: 31_234, nTotal: 62_468 })
  expect((await stats('power', { metric, effect: 0.005, n: 31_234 })).estimate).toBeCloseTo(0.8, 4)
  expect((await stats('power', { metric, n: 31_234 }))['minimumDetectableEffect']).toBeCloseTo(0.005, 6)
  expect(await stats('duration', { metric, effect: 0.005, unitsPerDay: 1000, weightPerArm: 0.5 })).toMatchObject({
    collectionDays: 63,
  })
})

test.each<[string, string, unknown, RegExp]>([
  ['a value of the wrong type', 'mean', { values: [1, '2', 3] }, /^ {2}values\[1\]: .*expected number/m],
  ['a label that is none', 'auc', { scores: [0.1, 0.2], labels: [0, 2] }, /^ {2}labels\[1\]: must be 0, 1/m],
  ['lengths that differ', 'auc', { scores: [0.1, 0.2], labels: [0] }, /^ {2}labels: has 1 values and scores 2/m],
  ['a field that is not known', 'wilson', { successes: 1, n: 2, aplha: 0.1 }, /aplha/],
  ['a part larger than the whole', 'proportion', { successes: 5, n: 2 }, /^ {2}successes: exceeds n/m],
  ['an arm', 'mean', { control: { values: [1, null] }, candidate: { values: [1] } }, /^ {2}control\.values\[1\]: /m],
  [
    'an arm without a form',
    'mean',
    { control: {}, candidate: { values: [1] } },
    /^ {2}control: has none of the fields/m,
  ],
  [
    'a plan',
    'verdict',
    { estimate: 1, standardError: 1, n: 200, plan: { method: 'hybrid' } },
    /^ {2}plan\.plannedSampleSize: /m,
  ],
  ['a probability of zero', 'hajek', { values: [1, 0], probabilities: [0.5, 0] }, /^ {2}probabilities\[1\]: /m],
  [
    'a setting without effect',
    'power',
    { metric: { kind: 'mean', standardDeviation: 1 }, effect: 1, looks: 3 },
    /^ {2}looks: has no effect/m,
  ],
  [
    'what only the computation sees',
    'cbpe',
    { counts: [1, 1, 1], scoreSums: [0.1, 0.5, 0.9], threshold: 0.5 },
    /give decidedPositive/,
  ],
])('%s is named', async (_what, name, input, message) => {
  const { exitCode, stdout, stderr } = await cli.run(['stats', name, '--json'], { stdin: JSON.stringify(input) })
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(message)
  expect(stderr).toContain(`sluice stats ${name} --help`)
})

test('--list names all, as lines or as a document; without a statistic it is a usage error', async () => {
  const lines = (await cli.run(['stats', '--list'])).stdout.trim().split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(STATISTICS.map(({ name }) => name))
  const listed = JSON.parse((await cli.run(['stats', '--list', '--json'])).stdout) as {
    name: string
    forms: unknown[]
  }[]
  expect(listed.map(({ name }) => name)).toEqual(STATISTICS.map(({ name }) => name))
  expect(await cli.run(['stats'])).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('--list') })
  expect(await cli.run(['stats', 'aucc'])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('auc') })
})

test('without --json: lines for people', async () => {
  const { stdout } = await cli.run(['stats', 'wilson'], { stdin: '{"successes": 3, "n": 10}' })
  expect(stdout).toMatch(/^estimate +0\.3$/m)
  expect(stdout).not.toContain('null')
})

test('input that is too large for one document is refused', async () => {
  const chunk = new Uint8Array(64 * 1024 * 1024).fill(0x20)
  const { exitCode, stderr } = await cli.run(['stats', 'mean'], {
    input: async function* () {
      for (let i = 0; i < 5; i++) yield chunk
    },
  })
  expect([exitCode, /counters instead/.test(stderr)]).toEqual([2, true])
})
