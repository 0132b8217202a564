import { Confusion } from '../counters/confusion.ts'
import { LabelledScores } from '../counters/labelled-scores.ts'
import { LossSums } from '../counters/loss-sums.ts'
import { ScoreHistogram } from '../counters/score-histogram.ts'
import { POSITIVE_LABEL } from '../join/outcome-fact.ts'
import type { JoinChange } from '../join/outcome-join.ts'
import {
  type EndingCounts,
  NO_ENDINGS,
  PAIR_ENDINGS,
  type PairEnding,
  type Settled,
  UNSETTLED,
} from '../join/settle-facts.ts'
import { DelayHistogram } from './delay-histogram.ts'
import { LabelledCounters, UnlabelledCounters } from './labelled-counters.ts'

/** What a pane is about; one pane per key, and a later one for the same key replaces the earlier. */
export interface PaneKey {
  readonly version: number
  readonly partition: number
  /** Start in event time of the predictions, a multiple of PANE_MS. */
  readonly startMs: number
}

/** Plain data of a pane. */
export interface QualityPaneSnapshot {
  readonly key: PaneKey
  /** Cells of confusion, labelled scores and losses, scores and losses of the unlabelled, and delays. */
  readonly cells: readonly Float64Array[]
  readonly decidedPositive: number
  readonly delayMsSum: number
  readonly humanLabels: number
  readonly endings: EndingCounts
}

/**
 * Quality of the predictions of one version in one partition and one minute. All cells are sums, so adding a prediction,
 * taking it back and merging panes are exact in any order. Predictions without an outcome are kept apart with what they
 * would add as negatives; whether they count is decided when the pane is read, because only that moment knows whether
 * the horizon has passed.
 */
export class QualityPane {
  readonly key: PaneKey
  readonly labelled: LabelledCounters
  readonly unlabelled: UnlabelledCounters
  readonly delays: DelayHistogram
  /** Whole milliseconds, exact up to 2^53. */
  delayMsSum = 0
  /** Labels that humans gave. */
  humanLabels = 0
  readonly endings: Record<PairEnding, number> = { ...NO_ENDINGS }

  constructor(
    key: PaneKey,
    counters: {
      readonly labelled?: LabelledCounters
      readonly unlabelled?: UnlabelledCounters
      readonly delays?: DelayHistogram
    } = {},
  ) {
    this.key = key
    this.labelled = counters.labelled ?? new LabelledCounters()
    this.unlabelled = counters.unlabelled ?? new UnlabelledCounters()
    this.delays = counters.delays ?? new DelayHistogram()
  }

  get predictions(): number {
    return this.labelled.n + this.unlabelled.n
  }

  /** Replaces what was counted for a prediction. Scores must be probabilities, labels one of two classes. */
  apply(change: JoinChange): void {
    if (change.before !== null) this.#count(change, change.before, -1)
    this.#count(change, change.after, 1)
  }

  merge(other: QualityPane): this {
    this.labelled.merge(other.labelled)
    this.unlabelled.merge(other.unlabelled)
    this.delays.merge(other.delays)
    this.delayMsSum += other.delayMsSum
    this.humanLabels += other.humanLabels
    for (const ending of ENDINGS) this.endings[ending] += other.endings[ending]
    return this
  }

  snapshot(): QualityPaneSnapshot {
    const { key, labelled, unlabelled, delays, delayMsSum, humanLabels, endings } = this
    const counters = [
      labelled.confusion,
      labelled.scores,
      labelled.losses,
      unlabelled.scores,
      unlabelled.losses,
      delays,
    ]
    const { decidedPositive } = unlabelled
    const cells = counters.map((counter) => counter.cells.slice())
    return { key, cells, decidedPositive, delayMsSum, humanLabels, endings: { ...endings } }
  }

  static restore(snapshot: QualityPaneSnapshot): QualityPane {
    const [confusion, scores, losses, openScores, openLosses, delays] = snapshot.cells
    const pane = new QualityPane(snapshot.key, {
      labelled: new LabelledCounters(new Confusion(confusion), new LabelledScores(scores), new LossSums(losses)),
      unlabelled: new UnlabelledCounters(
        new ScoreHistogram(openScores),
        new LossSums(openLosses),
        snapshot.decidedPositive,
      ),
      delays: new DelayHistogram(delays),
    })
    pane.delayMsSum = snapshot.delayMsSum
    pane.humanLabels = snapshot.humanLabels
    Object.assign(pane.endings, snapshot.endings)
    return pane
  }

  #count({ score, decision, eventTimeMs }: JoinChange, settled: Settled, times: 1 | -1): void {
    const decided = decision === POSITIVE_LABEL
    if (settled.label === null) this.unlabelled.count(score, decided, times)
    else {
      const delayMs = settled.occurredAtMs! - eventTimeMs
      this.labelled.count(score, decided, settled.label === POSITIVE_LABEL, times)
      this.delays.count(delayMs, times)
      this.delayMsSum += times * delayMs
      if (settled.source === 'human') this.humanLabels += times
    }
    if (settled === UNSETTLED) return
    for (const ending of ENDINGS) this.endings[ending] += times * settled.endings[ending]
  }
}

const ENDINGS = Object.keys(PAIR_ENDINGS) as PairEnding[]
