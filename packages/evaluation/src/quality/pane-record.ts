import { CONFUSION_COLUMNS, Confusion, type ConfusionTable } from '../counters/confusion.ts'
import { LabelledScores } from '../counters/labelled-scores.ts'
import { LossSums } from '../counters/loss-sums.ts'
import { SCORE_BINS } from '../counters/score-bin.ts'
import { ScoreHistogram } from '../counters/score-histogram.ts'
import { closesAtMs, type JoinConfig, PANE_MS } from '../join/prediction-state.ts'
import { DELAY_BINS, DelayHistogram } from './delay-histogram.ts'
import { LabelledCounters, UnlabelledCounters } from './labelled-counters.ts'
import { QualityPane } from './quality-pane.ts'

/** What `schemas/quality-pane.avsc` has under `outcomes`. */
export interface OutcomePaneRecord {
  readonly matched: number
  readonly absentNegative: number
  readonly expired: number
  readonly confusion: Readonly<Record<string, number>>
  readonly labelledCounts: readonly number[]
  readonly positiveCounts: readonly number[]
  readonly labelledScoreSums: readonly number[]
  readonly squaredErrorSum: number
  readonly squaredErrorSquareSum: number
  readonly logLossSum: number
  readonly logLossSquareSum: number
  readonly delaySecondsSum: number
  readonly delayCounts: readonly number[]
  readonly humanLabels: number
  readonly openCounts: readonly number[]
  readonly openScoreSums: readonly number[]
  readonly openDecidedPositive: number
  readonly openLogLossSum: number
  readonly openLogLossSquareSum: number
  readonly openSquaredErrorSum: number
  readonly openSquaredErrorSquareSum: number
  readonly withdrawals: number
  readonly duplicates: number
  readonly contradictory: number
  readonly corrected: number
  readonly late: number
  readonly beforePrediction: number
}

/** A pane as feedback writes it; fields that scorers fill keep their defaults. */
export interface QualityPaneRecord {
  readonly endpoint: string
  readonly model: string
  readonly version: number
  readonly variant: string
  readonly writer: 'feedback'
  readonly mode: 'live' | 'shadow'
  readonly partition: number
  readonly paneStart: number
  readonly paneSeconds: number
  readonly fromOffset: number
  readonly toOffset: number
  readonly outcomes: OutcomePaneRecord
}

export interface PaneOrigin {
  readonly endpoint: string
  readonly model: string
  readonly variant: string
  readonly mode: 'live' | 'shadow'
  /** Texts of the negative and the positive label. */
  readonly labels: readonly [string, string]
  /** Offsets of the outcomes topic that the pane has counted, `toOffset` not included. */
  readonly fromOffset: number
  readonly toOffset: number
}

const [LOSS_N, LOG_LOSS, LOG_LOSS_SQUARES, BRIER, BRIER_SQUARES] = [0, 1, 2, 3, 4]

/** Writes a pane down as it stands at `asOfMs`; its key is the record's writer, version, paneStart and partition. */
export function paneToRecord(
  pane: QualityPane,
  origin: PaneOrigin,
  asOfMs: number,
  config: JoinConfig,
): QualityPaneRecord {
  const { labels, ...about } = origin
  const { labelled, unlabelled, endings, delays } = pane
  const { positives, negatives, scoreSums } = labelled.scores
  const closed = asOfMs >= closesAtMs(pane.key.startMs, config.horizonMs)
  const { table } = labelled.confusion
  const counted = CONFUSION_COLUMNS.filter((column) => table[column] !== 0)
  return {
    ...about,
    version: pane.key.version,
    writer: 'feedback',
    partition: pane.key.partition,
    paneStart: pane.key.startMs,
    paneSeconds: PANE_MS / 1_000,
    outcomes: {
      matched: labelled.n,
      absentNegative: closed && config.absence === 'negative' ? unlabelled.n : 0,
      expired: closed && config.absence === 'unknown' ? unlabelled.n : 0,
      confusion: Object.fromEntries(counted.map((column) => [confusionKey(column, labels), table[column]])),
      labelledCounts: labelled.n === 0 ? [] : Array.from(positives, (count, i) => count + negatives[i]!),
      positiveCounts: labelled.n === 0 ? [] : [...positives],
      labelledScoreSums: labelled.n === 0 ? [] : [...scoreSums],
      squaredErrorSum: labelled.losses.total(BRIER),
      squaredErrorSquareSum: labelled.losses.total(BRIER_SQUARES),
      logLossSum: labelled.losses.total(LOG_LOSS),
      logLossSquareSum: labelled.losses.total(LOG_LOSS_SQUARES),
      delaySecondsSum: pane.delayMsSum / 1_000,
      delayCounts: labelled.n === 0 ? [] : [...delays.cells],
      humanLabels: pane.humanLabels,
      openCounts: unlabelled.n === 0 ? [] : [...unlabelled.scores.counts],
      openScoreSums: unlabelled.n === 0 ? [] : [...unlabelled.scores.scoreSums],
      openDecidedPositive: unlabelled.decidedPositive,
      openLogLossSum: unlabelled.losses.total(LOG_LOSS),
      openLogLossSquareSum: unlabelled.losses.total(LOG_LOSS_SQUARES),
      openSquaredErrorSum: unlabelled.losses.total(BRIER),
      openSquaredErrorSquareSum: unlabelled.losses.total(BRIER_SQUARES),
      withdrawals: endings.withdrawal,
      duplicates: endings.duplicate,
      contradictory: endings.contradictory,
      corrected: endings.corrected,
      late: endings.late,
      beforePrediction: endings.beforePrediction,
    },
  }
}

/** Reads what `paneToRecord` wrote; counts are the same, sums to the last place of a double. */
export function paneFromRecord(record: QualityPaneRecord, labels: readonly [string, string]): QualityPane {
  const { outcomes } = record
  const key = { version: record.version, partition: record.partition, startMs: record.paneStart }
  const cells = CONFUSION_COLUMNS.map((column) => outcomes.confusion[confusionKey(column, labels)] ?? 0)
  const labelledCounts = binsOf('labelledCounts', outcomes.labelledCounts, SCORE_BINS)
  const positives = binsOf('positiveCounts', outcomes.positiveCounts, SCORE_BINS)
  const scores = LabelledScores.fromHistograms(
    positives,
    labelledCounts.map((count, i) => count - positives[i]!),
  )
  scores.scoreSums.set(binsOf('labelledScoreSums', outcomes.labelledScoreSums, SCORE_BINS))
  const labelled = new LabelledCounters(
    new Confusion(cells),
    scores,
    lossSums(outcomes.matched, [
      outcomes.logLossSum,
      outcomes.logLossSquareSum,
      outcomes.squaredErrorSum,
      outcomes.squaredErrorSquareSum,
    ]),
  )
  const openCounts = binsOf('openCounts', outcomes.openCounts, SCORE_BINS)
  const open = new ScoreHistogram([...openCounts, ...binsOf('openScoreSums', outcomes.openScoreSums, SCORE_BINS)])
  const openLosses = lossSums(
    openCounts.reduce((sum, count) => sum + count, 0),
    [
      outcomes.openLogLossSum,
      outcomes.openLogLossSquareSum,
      outcomes.openSquaredErrorSum,
      outcomes.openSquaredErrorSquareSum,
    ],
  )
  const pane = new QualityPane(key, {
    labelled,
    unlabelled: new UnlabelledCounters(open, openLosses, outcomes.openDecidedPositive),
    delays: new DelayHistogram(binsOf('delayCounts', outcomes.delayCounts, DELAY_BINS)),
  })
  pane.delayMsSum = Math.round(outcomes.delaySecondsSum * 1_000)
  pane.humanLabels = outcomes.humanLabels
  Object.assign(pane.endings, {
    applied: outcomes.matched,
    withdrawal: outcomes.withdrawals,
    duplicate: outcomes.duplicates,
    contradictory: outcomes.contradictory,
    corrected: outcomes.corrected,
    late: outcomes.late,
    beforePrediction: outcomes.beforePrediction,
  })
  return pane
}

/** `decision>label`, as the schema has it. */
function confusionKey(column: keyof ConfusionTable, [negative, positive]: readonly [string, string]): string {
  const decided = column === 'truePositives' || column === 'falsePositives'
  const actual = column === 'truePositives' || column === 'falseNegatives'
  return `${decided ? positive : negative}>${actual ? positive : negative}`
}

function binsOf(field: string, values: readonly number[], bins: number): readonly number[] {
  if (values.length === 0) return new Array<number>(bins).fill(0)
  if (values.length === bins) return values
  throw new RangeError(`${field} has ${values.length} bins, not ${bins}: the pane comes from another version`)
}

function lossSums(n: number, totals: readonly [number, number, number, number]): LossSums {
  const sums = new LossSums()
  sums.add(LOSS_N!, n)
  for (const [i, total] of totals.entries()) sums.add(i + 1, total)
  return sums
}
