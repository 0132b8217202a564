import {
  accuracyDifference,
  agreement,
  type CorrectnessTable,
  type McNemarForm,
  mcnemar,
  PairedOutcomes,
  PairedScores,
  wilsonInterval,
} from '@sluice/evaluation'
import { z } from 'zod'
import { confidence, count, labels, numbers, sameLength } from './input-fields.ts'
import { inputForm, type Statistic, type StatsDocument, statsDocument } from './statistic.ts'

const testForm = z.enum(['exact', 'chi-square', 'corrected']).optional()

function mcnemarDocument(table: CorrectnessTable, form: McNemarForm | undefined, knowsAll: boolean): StatsDocument {
  const test = mcnemar(table.onlyChampionRight, table.onlyCandidateRight, form)
  const accuracy = knowsAll ? accuracyDifference(table) : undefined
  const effect =
    accuracy?.kind === 'estimate'
      ? { estimate: accuracy.estimate, standardError: accuracy.standardError, n: accuracy.n }
      : {}
  const details = { onlyChampion: table.onlyChampionRight, onlyCandidate: table.onlyCandidateRight }
  if (test.kind === 'insufficient') {
    return statsDocument({ ...effect, verdict: 'insufficient', reason: test.reason, code: test.code, ...details })
  }
  return statsDocument({ ...effect, pValue: test.pValue, statistic: test.statistic, form: test.form, ...details })
}

export const MCNEMAR: Statistic = {
  name: 'mcnemar',
  summary: 'Which of two models is right more often on the same events; the estimate is the difference of accuracy.',
  forms: [
    inputForm({
      key: 'onlyChampion',
      about:
        'events where only one was right; with `concordant`, all others, also the difference of accuracy. `form`: exact (default below 25), chi-square or corrected',
      example: { onlyChampion: 5, onlyCandidate: 12, concordant: 183, form: 'exact' },
      schema: z.strictObject({
        onlyChampion: count,
        onlyCandidate: count,
        concordant: count.optional(),
        form: testForm,
      }),
      compute: ({ onlyChampion, onlyCandidate, concordant, form }) =>
        mcnemarDocument(
          {
            bothRight: concordant ?? 0,
            onlyChampionRight: onlyChampion,
            onlyCandidateRight: onlyCandidate,
            bothWrong: 0,
          },
          form,
          concordant !== undefined,
        ),
    }),
    inputForm({
      key: 'candidate',
      about: 'decisions of both models and the label per event',
      example: { champion: [1, 0, 1, 0], candidate: [1, 1, 1, 0], labels: [1, 1, 0, 0] },
      schema: z
        .strictObject({ champion: labels, candidate: labels, labels, form: testForm })
        .superRefine(sameLength('labels', 'champion', 'candidate')),
      compute: ({ champion, candidate, labels: actual, form }) => {
        const pairs = new PairedOutcomes()
        const decision = (value: number | boolean) => ({ score: Number(value), decided: Boolean(value) })
        actual.forEach((label, i) => {
          pairs.count(decision(champion[i]!), decision(candidate[i]!), Boolean(label))
        })
        return mcnemarDocument(pairs.correctness, form, true)
      },
    }),
  ],
}

export const AGREEMENT: Statistic = {
  name: 'agreement',
  summary: 'How often a shadow decides like the champion, which decisions flip, how far the scores are apart.',
  forms: [
    inputForm({
      key: 'candidate',
      about: 'scores of both models per event and the threshold of each (`candidateThreshold` defaults to `threshold`)',
      example: { champion: [0.9, 0.2, 0.6, 0.4], candidate: [0.8, 0.3, 0.4, 0.5], threshold: 0.5 },
      schema: z
        .strictObject({
          champion: numbers,
          candidate: numbers,
          threshold: z.number(),
          candidateThreshold: z.number().optional(),
          confidence,
        })
        .superRefine(sameLength('champion', 'candidate')),
      compute: ({ champion, candidate, threshold, candidateThreshold = threshold, confidence: level }) => {
        const pairs = new PairedScores()
        champion.forEach((score, i) => {
          const other = candidate[i]!
          pairs.count({ score, decided: score >= threshold }, { score: other, decided: other >= candidateThreshold })
        })
        const result = agreement(pairs, level)
        if (result.kind === 'insufficient') {
          return statsDocument({ n: result.n, verdict: 'insufficient', reason: result.reason, code: result.code })
        }
        const { rate, n, interval, flips, flipTest, distance, shift } = result
        const equal = flips.table.bothPositive + flips.table.bothNegative
        const value = (part: typeof distance) => (part.kind === 'estimate' ? part.estimate : null)
        const error = (part: typeof distance) => (part.kind === 'estimate' ? part.standardError : null)
        return statsDocument({
          estimate: equal / n,
          standardError: error(rate),
          n,
          interval,
          pValue: flipTest.kind === 'test' ? flipTest.pValue : null,
          reason: flipTest.kind === 'test' ? null : flipTest.reason,
          confidence: level,
          flipsToPositive: {
            count: flips.toPositive,
            interval: wilsonInterval({ successes: flips.toPositive, n }, level),
          },
          flipsToNegative: {
            count: flips.toNegative,
            interval: wilsonInterval({ successes: flips.toNegative, n }, level),
          },
          decisions: flips.table,
          scoreDistance: { estimate: value(distance), standardError: error(distance) },
          scoreShift: { estimate: value(shift), standardError: error(shift) },
        })
      },
    }),
  ],
}
